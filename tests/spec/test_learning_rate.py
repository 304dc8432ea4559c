"""Properties of the learning rate's schedule."""

from itertools import pairwise

import numpy as np
import pytest

from seed.spec.config_model import OptimizerConfig
from seed.spec.learning_rate import learning_rate


def config(**changes: object) -> OptimizerConfig:
    """Learning rate 0.1 and some changes."""
    return OptimizerConfig.model_validate({"learning_rate": 0.1, **changes})


def test_cosine_starts_at_the_peak_after_warm_up_and_ends_at_the_final_rate() -> None:
    cosine = config(schedule="cosine", warmup_steps=4, final_learning_rate=0.02)
    rates = [learning_rate(step, 20, cosine) for step in range(22)]
    np.testing.assert_allclose(rates[:5], [0.025, 0.05, 0.075, 0.1, 0.1])
    assert rates[19] == rates[20] == rates[21] == pytest.approx(0.02)
    assert all(a >= b for a, b in pairwise(rates[4:]))
    assert learning_rate(1000, 20, config(warmup_steps=4)) == 0.1


def test_warm_up_rises_linearly_from_its_first_share_to_the_peak() -> None:
    rising = config(warmup_steps=4)
    np.testing.assert_allclose(
        [learning_rate(step, 9, rising) for step in range(6)], [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]
    )
    assert learning_rate(0, 9, config()) == 0.1


def test_cosine_is_half_way_in_the_middle_and_stands_a_phase_of_one_step() -> None:
    cosine = config(schedule="cosine", final_learning_rate=0.02)
    assert learning_rate(0, 11, cosine) == pytest.approx(0.1)
    assert learning_rate(5, 11, cosine) == pytest.approx(0.06)
    assert learning_rate(10, 11, cosine) == pytest.approx(0.02)
    assert learning_rate(0, 1, cosine) == pytest.approx(0.1)
