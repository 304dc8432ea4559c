"""Put a policy to the held-out problems and score what it answers."""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

from seed.reference.evaluation.intervals import score_families
from seed.reference.tasks.problems import problem_set, verify
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem, Request, Rollout, Sampling
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import Observer
from seed.spec.tokenizer import decode, encode

State = TypeVar("State")
HELD_OUT_SEED = 0
"""The held-out problems are the same for every run, whatever its seed, so that runs can be
compared.
"""


def held_out_problems(config: Config) -> list[Problem]:
    """The held-out problems of the configured families and difficulties, all distinct."""
    return problem_set(
        config.data.families,
        config.data.difficulties,
        config.evaluation.problems,
        HELD_OUT_SEED,
        held_out=True,
    )


def judged(rollouts: Sequence[Rollout]) -> list[tuple[str, bool]]:
    """Whether each response is correct, beside the id of its problem.

    Raises:
        SeedError: VERIFIER_FAILED.
    """
    marks = []
    for rollout in rollouts:
        problem = rollout.request.problem
        verdict = verify(problem, decode(rollout.response_tokens))
        if verdict.outcome is Outcome.ERROR:
            raise SeedError(Reason.VERIFIER_FAILED, f"problem {problem.id}: {verdict.why}")
        marks.append((problem.id, verdict.outcome is Outcome.CORRECT))
    return marks


def examine(
    backend: Backend[State], state: State, config: Config, observer: Observer, name: str
) -> dict[str, Any]:
    """Answer every held-out problem ``evaluation.samples`` times.

    General families too are examined by what can be verified about them: the form of a line. What
    cannot be verified is examined in ``reference.evaluation.judges``.

    Args:
        backend: The backend that samples.
        state: Its weights.
        config: Families, difficulties, number of problems and samples, temperature and nucleus.
        observer: Hears one step per family.
        name: Heading of the phase.

    Returns:
        Family, and ``overall`` -> accuracy, ci_low, ci_high, n, samples, pass_at_k.

    Raises:
        SeedError: VERIFIER_FAILED; a response that could not be judged is not scored as anything.
    """
    settings = config.evaluation
    problems = held_out_problems(config)
    sampling = Sampling(settings.temperature, settings.top_p, config.rollout.max_response_tokens)
    observer.phase(name, len(config.data.families), 0)
    counts: dict[str, int] = {}
    for family in config.data.families:
        requests = [
            Request(problem, encode(problem.prompt), sample, 0)
            for problem in problems
            if problem.family == family
            for sample in range(settings.samples)
        ]
        rollouts = backend.generate(state, config, requests, sampling, "evaluation")
        for problem_id, correct in backend.on_rank_zero(partial(judged, rollouts)):
            counts[problem_id] = counts.get(problem_id, 0) + correct
        observer.advance()
    families = [problem.family for problem in problems]
    scores = score_families(
        families, [counts[problem.id] for problem in problems], settings.samples
    )
    return {family: result.as_json() for family, result in scores.items()}
