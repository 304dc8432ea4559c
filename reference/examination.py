"""Put a policy to the held-out problems and score what it answers."""

from typing import Any, TypeVar

from reference.evaluate import score_families
from reference.problems import problem_set, verify
from reference.tokenizer import decode, encode
from spec.backend import Backend
from spec.config import Config
from spec.errors import Reason, SeedError
from spec.observer import Observer
from spec.types import Outcome, Problem, Request, Sampling

State = TypeVar("State")
EXAMINATION_SEED = 0
"""The held-out problems are the same for every run, whatever its seed, so that runs can be compared."""


def examination_problems(config: Config) -> list[Problem]:
    """The held-out problems of the configured families and difficulties, all distinct."""
    return problem_set(
        config.data.families, config.data.difficulties, config.evaluation.problems, EXAMINATION_SEED, held_out=True
    )


def examine(backend: Backend[State], state: State, config: Config, observer: Observer, name: str) -> dict[str, Any]:
    """Answer every held-out problem ``evaluation.samples`` times.

    General families too are examined by what can be verified about them: the form of a line. What cannot be verified is
    examined in ``reference.judge_examination``.

    Args:
        backend: The house that samples.
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
    problems = examination_problems(config)
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
        for rollout in backend.generate(state, config, requests, sampling, "evaluation"):
            problem = rollout.request.problem
            verdict = verify(problem, decode(rollout.response_tokens))
            if verdict.outcome is Outcome.ERROR:
                raise SeedError(Reason.VERIFIER_FAILED, f"problem {problem.id}: {verdict.why}")
            counts[problem.id] = counts.get(problem.id, 0) + (verdict.outcome is Outcome.CORRECT)
        observer.advance()
    families = [problem.family for problem in problems]
    scores = score_families(families, [counts[problem.id] for problem in problems], settings.samples)
    return {family: result.as_json() for family, result in scores.items()}
