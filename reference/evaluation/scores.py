"""Scores of an evaluation from the verdicts on its responses.

    avg@k    mean over problems of the share of correct responses
    pass@k   probability that one of k responses is correct, unbiased
    pass^k   probability that all of k are
    maj@k    share of problems whose most frequent extracted answer is correct

Denominators. A response counts if it has a verdict, correct or wrong. One that is truncated, or in
which no answer is found, is judged like any other, so it is usually wrong. A verifier's error and a
response that the policy did not give are in no score: they are counted apart. A problem without any
verdict, or with fewer than k for pass@k and pass^k, is left out; every score says how many problems
it is over. Intervals are 95 % intervals, clustered by problem.

Where a judge grades correct, incorrect or not attempted (SimpleQA, arXiv 2411.04368, section 2.3),
the share of each is given, the share of correct ones among those attempted, and

    F = 2 c a / (c + a)      c share of correct, a share of correct among attempted

maj@k compares extracted answers as texts, blanks and dollars aside: 1/2 and 0.5 are two answers. It
is given where an answer is a text, for mathematics and puzzles.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from seed.reference.evaluation.intervals import (
    Estimate,
    clustered_interval,
    estimate,
    majority_share,
    paired_differences,
    pass_at_k,
    pass_hat_k,
)
from seed.spec.datatypes import Outcome
from seed.spec.judge import CORRECT, GRADES, NOT_ATTEMPTED

VOTING_DOMAINS = ("math", "puzzle")
"""Domains in which answers can be compared as texts."""


@dataclass(frozen=True)
class Mark:
    """One response as far as scores need it.

    Attributes:
        outcome: Of its verdict; None if it has none yet.
        extracted: The answer that the verifier found; empty for none.
        truncated: Whether the token limit cut it off; None if nobody knows.
    """

    outcome: Outcome | None
    extracted: str = ""
    truncated: bool | None = None


@dataclass(frozen=True)
class Figure:
    """A mean over problems with its 95 % interval."""

    value: float
    low: float
    high: float
    problems: int


@dataclass(frozen=True)
class Tallies:
    """What became of the responses of a benchmark.

    Attributes:
        problems: Problems asked.
        expected: Responses asked for, problems times samples.
        judged: Responses with a verdict, the denominator of accuracy.
        correct: Of these.
        unextracted: Wrong ones in which no answer was found.
        errors: Responses whose verifier failed.
        missing: Responses that the policy did not give.
        truncated: Responses cut off by the token limit; None if no response says.
        unknown_ends: Responses that do not say how they ended.
    """

    problems: int
    expected: int
    judged: int
    correct: int
    unextracted: int
    errors: int
    missing: int
    truncated: int | None
    unknown_ends: int


def tallies(marks: Mapping[str, Sequence[Mark]], samples: int) -> Tallies:
    """Count the responses; ``marks`` are those of each problem, by its key."""
    every = [mark for of_problem in marks.values() for mark in of_problem]
    outcomes = Counter(mark.outcome for mark in every)
    expected = len(marks) * samples
    unknown = sum(mark.truncated is None for mark in every)
    return Tallies(
        problems=len(marks),
        expected=expected,
        judged=outcomes[Outcome.CORRECT] + outcomes[Outcome.WRONG],
        correct=outcomes[Outcome.CORRECT],
        unextracted=sum(m.outcome is Outcome.WRONG and not m.extracted for m in every),
        errors=outcomes[Outcome.ERROR],
        missing=expected - len(every),
        truncated=None if unknown == len(every) else sum(m.truncated is True for m in every),
        unknown_ends=unknown,
    )


def grades(marks: Mapping[str, Sequence[Mark]]) -> dict[str, float] | None:
    """Shares of the three grades, means over problems; None where no response has one.

    What is wrong without a grade, an answer too long for a judge, counts as incorrect.

    Returns:
        ``correct``, ``incorrect``, ``not_attempted``, ``correct_given_attempted`` and ``f_score``;
        the last two are 0 where nothing is attempted.
    """
    judged = [
        [mark.extracted for mark in of_problem if mark.outcome in (Outcome.CORRECT, Outcome.WRONG)]
        for of_problem in marks.values()
    ]
    judged = [given for given in judged if given]
    if not any(grade in GRADES for given in judged for grade in given):
        return None
    correct, not_attempted = (
        float(np.mean([given.count(grade) / len(given) for given in judged]))
        for grade in (CORRECT, NOT_ATTEMPTED)
    )
    incorrect = 1.0 - correct - not_attempted
    attempted = correct + incorrect
    right = correct / attempted if attempted else 0.0
    f_score = 2 * correct * right / (correct + right) if correct else 0.0
    return {
        "correct": correct,
        "incorrect": incorrect,
        "not_attempted": not_attempted,
        "correct_given_attempted": right,
        "f_score": f_score,
    }


def shares(marks: Mapping[str, Sequence[Mark]]) -> dict[str, float]:
    """Share of correct responses of each problem that has a verdict."""
    counts = {key: counted(of_problem) for key, of_problem in marks.items()}
    return {key: correct / n for key, (n, correct) in counts.items() if n}


def counted(marks: Sequence[Mark]) -> tuple[int, int]:
    """Responses with a verdict, and the correct ones among them."""
    outcomes = Counter(mark.outcome for mark in marks)
    return outcomes[Outcome.CORRECT] + outcomes[Outcome.WRONG], outcomes[Outcome.CORRECT]


def figures(marks: Mapping[str, Sequence[Mark]], samples: int, votes: bool) -> dict[str, Figure]:
    """All scores by name, such as ``avg@8``; those that no problem allows are left out.

    Args:
        marks: Responses of each problem.
        samples: Responses asked for per problem, k.
        votes: Whether maj@k has a meaning.
    """
    means: dict[str, Sequence[float]] = {f"avg@{samples}": list(shares(marks).values())}
    counts = [counted(of_problem) for of_problem in marks.values()]
    for k in sizes(samples):
        enough = [(n, correct) for n, correct in counts if n >= k]
        means[f"pass@{k}"] = [pass_at_k(n, correct, k) for n, correct in enough]
        means[f"pass^{k}"] = [pass_hat_k(n, correct, k) for n, correct in enough]
    if votes and samples > 1:
        means[f"maj@{samples}"] = [share for share, _ in majorities(marks)]
    return {
        name: _figure(values, samples if name.startswith("avg") else 1)
        for name, values in means.items()
        if values
    }


def sizes(samples: int) -> list[int]:
    """The k of pass@k and pass^k: 2, 4, 8, ... and the number of samples; none for one sample."""
    powers = [2**power for power in range(1, samples.bit_length())]
    return sorted({k for k in (*powers, samples) if 1 < k <= samples})


def majorities(marks: Mapping[str, Sequence[Mark]]) -> list[tuple[float, int]]:
    """``majority_share`` of each problem that has a verdict."""
    results = []
    for of_problem in marks.values():
        judged = [m for m in of_problem if m.outcome in (Outcome.CORRECT, Outcome.WRONG)]
        if judged:
            answers = ["".join(mark.extracted.replace("$", "").split()) for mark in judged]
            right = [mark.outcome is Outcome.CORRECT for mark in judged]
            results.append(majority_share(answers, right))
    return results


def _figure(values: Sequence[float], samples: int) -> Figure:
    low, high = clustered_interval(values, samples)
    return Figure(float(np.mean(values)), low, high, len(values))


def scores_json(
    marks: Mapping[str, Sequence[Mark]],
    groups: Mapping[str, str],
    samples: int,
    domains: Iterable[str],
) -> dict[str, Any]:
    """Everything that is known about one benchmark, as plain values.

    Args:
        marks: Responses of each problem, by its key.
        groups: Text of the column by which the benchmark is broken down, of each problem.
        samples: Responses asked for per problem.
        domains: Of its problems.

    Returns:
        ``samples``, ``counts``, ``scores``, ``ties`` (problems with a tie for the majority),
        ``groups`` -> avg of each, and ``shares`` -> share of correct responses of each problem;
        ``grades`` where a judge gives three.
    """
    votes = set(domains) <= set(VOTING_DOMAINS)
    by_group: dict[str, dict[str, Sequence[Mark]]] = {}
    for key, of_problem in marks.items():
        by_group.setdefault(groups[key], {})[key] = of_problem
    average = f"avg@{samples}"
    parts = {group: figures(some, samples, False).get(average) for group, some in by_group.items()}
    graded = grades(marks)
    return {
        "samples": samples,
        **({"grades": graded} if graded else {}),
        "counts": asdict(tallies(marks, samples)),
        "scores": {name: asdict(one) for name, one in figures(marks, samples, votes).items()},
        "ties": sum(tied > 1 for _, tied in majorities(marks)) if votes and samples > 1 else 0,
        "groups": {
            group: asdict(one) for group, one in sorted(parts.items()) if one and len(parts) > 1
        },
        "shares": shares(marks),
    }


def difference(base: Mapping[str, float], other: Mapping[str, float]) -> tuple[Estimate, int]:
    """Mean difference ``other - base`` of the problems that both have, and their number.

    Args:
        base: Share of correct responses by problem.
        other: The same of the evaluation that is compared.

    Raises:
        ValueError: They have no problem in common.
    """
    differences = paired_differences(base, other)
    if not differences:
        raise ValueError("the two evaluations have no problem in common")
    return estimate(differences), len(differences)
