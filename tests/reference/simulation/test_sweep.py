"""Properties of a sweep: gains are relative to the synchronous system and to what they cost."""

from dataclasses import replace

import pytest

from seed.reference.simulation.engine import Cost
from seed.reference.simulation.sweep import Scenario, pays_until, sweep
from tests.support.simulations import FLOOR, HEAVY_TAIL, MEMORY_BOUND, points_of, rules


def test_a_sweep_begins_with_the_synchronous_system_and_compares_with_it() -> None:
    points = sweep(rules(), [0.5, 0.75], Scenario(HEAVY_TAIL, FLOOR, 9, 3, 0, 4))
    assert [point.alpha for point in points] == [1.0, 0.75, 0.5]
    assert points[0].speed_up == points[0].refilling == points[0].overlap == 1.0
    for point in points:
        assert point.speed_up == points[0].figures.seconds / point.figures.seconds
        assert point.figures.on_policy >= point.alpha
        assert sum(point.figures.staleness_counts.values()) == 6 * 16


@pytest.mark.parametrize("remote", [0, 1])
@pytest.mark.parametrize("alpha", [0.9, 0.5, 0.2])
def test_with_heavy_tails_streaming_is_faster(alpha: float, remote: int) -> None:
    scenario = Scenario(HEAVY_TAIL, MEMORY_BOUND, 15, 5, 10, 4)
    _, point = sweep(rules(remote=remote), [alpha], scenario)
    assert point.speed_up > 1.2
    assert point.speed_up == pytest.approx(point.refilling * point.overlap)
    assert (point.overlap == 1.0) if not remote else (point.overlap > 1.0)


def test_where_tokens_cost_more_than_steps_streaming_gains_nothing() -> None:
    scenario = Scenario(HEAVY_TAIL, Cost(0.0, 1.0), 30, 10, 0, 4)
    synchronous, streaming = (
        point.figures.seconds / point.figures.trained for point in sweep(rules(), [0.5], scenario)
    )
    assert streaming == pytest.approx(synchronous, rel=0.1)
    costly_prefill = replace(scenario, cost=Cost(0.0, 1.0, prefill=0.5))
    assert sweep(rules(), [0.2], costly_prefill)[1].speed_up < 1.0


@pytest.mark.parametrize(
    ("seconds", "stops"), [([10, 8, 7.9, 4], 1), ([10, 9.6], 0), ([10, 9, 8], 2), ([10], 0)]
)
def test_streaming_pays_until_the_next_step_gains_less_than_five_percent(
    seconds: list[float], stops: int
) -> None:
    points = points_of(seconds)
    assert pays_until(points) is points[stops]
