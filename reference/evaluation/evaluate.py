"""Accuracy of a policy on the held-out problems."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

from seed.reference.evaluation.intervals import score_families
from seed.reference.rewards.reward import failed
from seed.reference.rewards.verdicts import Verdicts, verdicts_of
from seed.reference.tasks.task import any_problem, problems_of, tokenizer_of
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem, Request, Rollout, Verdict
from seed.spec.observer import Observer

State = TypeVar("State")


def held_out_problems(config: Config) -> list[Problem]:
    """The held-out problems of the configuration, all distinct."""
    return problems_of(config).held_out()


def sample_held_out(
    backend: Backend[State], state: State, config: Config, problems: Sequence[Problem]
) -> list[Rollout]:
    """Sample ``evaluation.samples`` responses to each problem, problem by problem."""
    tokenizer, samples = tokenizer_of(config), range(config.evaluation.samples)
    requests = [Request(p, tokenizer.prompt(p), sample, 0) for p in problems for sample in samples]
    return backend.generate(state, config, requests, config.evaluation_sampling, "evaluation")


def correct_counts(
    rollouts: Sequence[Rollout], verdicts: Sequence[Verdict], config: Config, observer: Observer
) -> Counter[str]:
    """Number of correct responses by problem id.

    With ``reward.on_error`` = drop a response without a verdict counts as not correct, and the
    event ``evaluation_errors`` says how many there are.

    Raises:
        SeedError: VERIFIER_FAILED.
    """
    counts: Counter[str] = Counter()
    failures = []
    for rollout, verdict in zip(rollouts, verdicts, strict=True):
        problem = rollout.request.problem
        if verdict.outcome is Outcome.ERROR:
            failures.append(failed(problem, verdict))
        counts[problem.id] += verdict.outcome is Outcome.CORRECT
    if failures and config.reward.on_error == "stop":
        raise failures[0]
    if failures:
        line = (
            f"{len(failures)} of {len(rollouts)} responses have no verdict and count as not correct"
            f"; the first: {failures[0].line}"
        )
        observer.event("evaluation_errors", line)
    return counts


def evaluate_held_out(
    backend: Backend[State],
    state: State,
    config: Config,
    observer: Observer,
    name: str,
    verdicts: Verdicts | None = None,
) -> dict[str, Any]:
    """Sample responses to every held-out problem and verify them.

    General families are scored by what can be verified about them: the form of a line. Their
    quality is evaluated in ``reference.evaluation.judges``. The phase of the observer is called
    ``name`` and has one step per group. ``verdicts`` are the judges of a run in progress; without
    them some are opened.

    Returns:
        Group, and ``overall`` -> accuracy, ci_low, ci_high, n, samples, pass_at_k. ``overall``
        also has ``correct_by_problem``, problem id -> correct responses, so that two evaluations of
        the same problems can be compared problem by problem.

    Raises:
        SeedError: VERIFIER_FAILED: a response without a verdict has no score.
    """
    return scores_of(*count_held_out(backend, state, config, observer, name, verdicts), config)


def count_held_out(
    backend: Backend[State],
    state: State,
    config: Config,
    observer: Observer,
    name: str,
    verdicts: Verdicts | None = None,
) -> tuple[list[Problem], Counter[str]]:
    """The held-out problems, and the number of correct responses by problem id.

    Raises:
        SeedError: VERIFIER_FAILED.
    """
    if verdicts is None:
        with closing(verdicts_of(config)) as opened:
            if problem := any_problem(config):
                backend.on_rank_zero(lambda: opened.check(problem))
            return count_held_out(backend, state, config, observer, name, opened)
    source = problems_of(config)
    problems = source.held_out()
    observer.phase(name, len(source.groups), 0)
    counts: Counter[str] = Counter()
    for group in source.groups:
        of_group = [problem for problem in problems if problem.family == group]
        rollouts = sample_held_out(backend, state, config, of_group)
        judged = backend.on_rank_zero(partial(verdicts.collect, rollouts))
        counts += correct_counts(rollouts, judged, config, observer)
        observer.advance()
    return problems, counts


def scores_of(
    problems: Sequence[Problem], counts: Mapping[str, int], config: Config
) -> dict[str, Any]:
    """Group, and ``overall`` -> score, of problems with their numbers of correct responses."""
    families = [problem.family for problem in problems]
    correct = [counts[problem.id] for problem in problems]
    scores = score_families(families, correct, config.evaluation.samples)
    result: dict[str, Any] = {family: score.as_json() for family, score in scores.items()}
    by_problem = {problem.id: counts[problem.id] for problem in problems}
    result["overall"]["correct_by_problem"] = by_problem
    return result
