"""Two evaluations on held-out problems against each other, problem by problem.

    d_i = share of correct responses to problem i in one, less that in the other
    difference = mean of d_i  +- t s / sqrt(n)

Problems differ in difficulty far more than two policies do on one problem; in the differences that
cancels, so the interval is narrower than those of the two accuracies. It counts the chance of these
problems and responses alone, not that of training: another seed may differ by more.
"""

from collections.abc import Mapping
from typing import Any

from seed.reference.evaluation.intervals import Estimate, estimate, paired_differences

Scores = Mapping[str, Mapping[str, Any]]


def shares(scores: Scores) -> dict[str, float]:
    """Problem id -> share of correct responses; empty where a run has not kept them."""
    overall = scores.get("overall", {})
    counts: Mapping[str, int] = overall.get("correct_by_problem", {})
    return {problem: count / overall["samples"] for problem, count in counts.items()}


def difference(base: Scores, other: Scores) -> Estimate | None:
    """Accuracy of ``other`` less that of ``base``, with the paired interval.

    None unless both are of the same problems, and their results by problem are known.
    """
    one, two = shares(base), shares(other)
    return estimate(paired_differences(one, two)) if one and one.keys() == two.keys() else None


def is_worse(before: Scores, after: Scores) -> bool:
    """Whether accuracy fell by more than chance explains.

    Where results by problem are not known, the intervals of both must lie apart.
    """
    if not (before and after):
        return False
    change = difference(before, after)
    if change is not None and change.high is not None:
        return change.high < 0.0
    return bool(after["overall"]["ci_high"] < before["overall"]["ci_low"])


WORSE_ADVICE = (
    "Look for the step where accuracy in training turns, and at what changes there: clipped tokens"
    " and gradient norms that jump mean updates that are too large"
    " (policy_optimizer.learning_rate); entropy that falls to 0 or shoots up; more truncated"
    " responses (rollout.max_response_tokens); events."
)
"""What to do when RL made a policy worse."""


def worse_text(before: Scores, after: Scores) -> str:
    """The hint as plain text; empty unless RL made the policy worse."""
    if not is_worse(before, after):
        return ""
    lost = 100 * (before["overall"]["accuracy"] - after["overall"]["accuracy"])
    return f"RL made the policy worse, by {lost:.1f} points. {WORSE_ADVICE}"
