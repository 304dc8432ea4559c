"""Properties of the figures of the comparison with in_turn."""

import pytest

from seed.conformance.bench.distribution import mean_accuracy, report, samples_to_reach

CURVE = [(0, 0.1), (100, 0.3), (200, 0.2), (300, 0.5)]


def test_samples_to_reach_are_linear_between_two_evaluations() -> None:
    assert samples_to_reach(CURVE, 0.2) == pytest.approx(50)
    assert samples_to_reach(CURVE, 0.35) == pytest.approx(250)
    assert samples_to_reach(CURVE, 0.05) == 0
    assert samples_to_reach(CURVE, 0.51) is None
    assert mean_accuracy(CURVE) == pytest.approx(1 / 3)


def test_a_method_that_never_gets_there_is_said_to_have_not() -> None:
    slow = [(0, 0.1), (100, 0.2), (200, 0.3), (300, 0.4)]
    results = {
        name: {seed: {"curve": curve, "share": 0.002 * seed, "idle": 0.25} for seed in (1, 2)}
        for name, curve in (("in_turn", CURVE), ("adaptive", CURVE), ("pools", slow))
    }
    head, base, same, lower = report(results).splitlines()
    assert "share of a step" in head and "300 [300, 300]" in base
    assert "+0.0 [+0.0, +0.0]" in same and "1.00 [1.00, 1.00]" in same and "0.40 %" in same
    assert "-10.0 [-10.0, -10.0]" in lower and "-, 2 not reached" in lower
