"""Properties of the comparison of two evaluations, problem by problem."""

from typing import Any

import pytest

from seed.cli.report.held_out import difference, is_worse, worse_text
from seed.reference.evaluation.intervals import estimate

LOW = {"overall": {"accuracy": 0.2, "ci_low": 0.1, "ci_high": 0.3, "samples": 4}}
HIGH = {"overall": {"accuracy": 0.8, "ci_low": 0.7, "ci_high": 0.9, "samples": 4}}


def scores(*correct: int, first: int = 0) -> dict[str, Any]:
    """Scores with results by problem, four samples each."""
    by_problem = {f"maze/1/{first + n}": count for n, count in enumerate(correct)}
    accuracy = sum(correct) / (4 * len(correct))
    return {"overall": {"accuracy": accuracy, "samples": 4, "correct_by_problem": by_problem}}


def test_the_difference_is_the_mean_of_the_differences_by_problem() -> None:
    change = difference(scores(0, 1, 2, 4), scores(2, 2, 4, 4))
    assert change == estimate([0.5, 0.25, 0.5, 0.0])
    assert change and change.low is not None
    assert change.mean == pytest.approx(0.3125)
    # s = 0.2394, t = 3.182, half = 3.182 * 0.2394 / 2 = 0.3808.
    assert change.low == pytest.approx(0.3125 - 0.3808, abs=1e-4)


def test_the_order_of_the_problems_does_not_matter_but_which_they_are_does() -> None:
    one, two = scores(0, 1, 2, 4), scores(2, 2, 4, 4)
    turned = dict(reversed(two["overall"]["correct_by_problem"].items()))
    other = {"overall": two["overall"] | {"correct_by_problem": turned}}
    change, again = difference(one, two), difference(one, other)
    assert change and again and change.mean == again.mean
    assert difference(one, scores(2, 2, 4, 4, first=1)) is None
    assert difference(one, scores(2, 2, 4)) is None
    assert difference(one, LOW) is difference({}, one) is None


def test_a_policy_is_worse_only_beyond_chance() -> None:
    assert is_worse(scores(4, 4, 4, 3), scores(1, 1, 0, 1))
    assert not is_worse(scores(4, 4, 4, 3), scores(4, 4, 3, 4))
    assert not is_worse(scores(1, 1, 0, 1), scores(4, 4, 4, 3))
    assert is_worse(HIGH, LOW) and not is_worse(LOW, HIGH)
    assert not is_worse(HIGH, {}) and not is_worse({}, LOW)
    assert "by 60.0 points" in worse_text(HIGH, LOW)
    assert worse_text(LOW, HIGH) == ""
