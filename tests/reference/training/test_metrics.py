"""Properties of the metrics of a step."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.training.batch import plain_batch
from seed.reference.training.metrics import value_metrics
from seed.spec.datatypes import Batch

OUTCOMES = st.lists(
    st.tuples(st.sampled_from([-1.0, 1.0]), st.integers(1, 5)), min_size=1, max_size=8
)


def judged(outcomes: list[tuple[float, int]], error: float) -> Batch:
    """Responses of some outcome and length; the value misses every return by ``error`` times it."""
    batch = plain_batch([(5, 6)] * len(outcomes), [(7,) * length for _, length in outcomes])
    outcome = np.array([outcome for outcome, _ in outcomes])
    targets = np.where(batch.response, outcome[:, None], 0.0)
    return replace(batch, positive=outcome > 0, value_targets=targets, old_values=targets * error)


@given(outcomes=OUTCOMES)
def test_the_variance_of_returns_follows_from_the_share_of_tokens_in_right_responses(
    outcomes: list[tuple[float, int]],
) -> None:
    """Bernoulli: 4 p (1 - p) for outcomes of 1 and -1; where it is 0, there is no share of it."""
    right = sum(length for outcome, length in outcomes if outcome > 0)
    share = right / sum(length for _, length in outcomes)
    metrics = value_metrics(judged(outcomes, error=0.0))
    assert metrics["value/return_variance"] == pytest.approx(4 * share * (1 - share))
    assert np.isnan(metrics["value/explained_variance"]) == (share in (0.0, 1.0))


@given(outcomes=OUTCOMES, error=st.floats(-1.0, 2.0))
def test_what_is_not_explained_is_a_share_of_the_variance_of_returns(
    outcomes: list[tuple[float, int]], error: float
) -> None:
    batch = judged(outcomes, error)
    metrics = value_metrics(batch)
    left = np.var((batch.value_targets - batch.old_values)[batch.response])
    share = 1.0 - metrics["value/explained_variance"]
    assert np.isnan(share) or share * metrics["value/return_variance"] == pytest.approx(left)
