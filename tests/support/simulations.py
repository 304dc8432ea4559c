"""Settings that the tests of simulations share."""

from dataclasses import replace

from seed.reference.rollouts.rules import Rules, WorkerSpec
from seed.reference.simulation.engine import Cost
from seed.reference.simulation.lengths import lengths_named
from seed.reference.simulation.simulate import simulate
from seed.reference.simulation.sweep import Figures, Point

HEAVY_TAIL = lengths_named("lognormal:mean=200,sigma=1,max=1600").sample(1, 4000)
FLOOR = Cost(floor=1.0)
ALL_COSTS = Cost(
    floor=0.5, token=0.25, prefill=0.125, admit=2.0, train=64.0, train_token=0.0625, publish=8.0
)
"""Binary fractions: their sums are exact, so times can be compared for equality.

Tokens cost more than the floor here.
"""
MEMORY_BOUND = replace(ALL_COSTS, token=1 / 256, prefill=1 / 1024)


def rules(
    alpha: float = 1.0, batch: int = 16, remote: int = 0, colocated: int = 1, slots: int = 0
) -> Rules:
    """Settings of a scheduler; the slots of all workers together hold a batch by default."""
    worker = WorkerSpec(slots or batch // (colocated + remote))
    workers = (worker,) * colocated + (replace(worker, remote=True),) * remote
    return Rules(alpha, batch, 4, 1, 3, "wait", "newest", workers)


def points_of(seconds: list[float]) -> list[Point]:
    """A sweep from srs_alpha = 1 down in steps of 0.1, with these iteration times."""
    outcome = simulate(rules(), [1], FLOOR, 1)
    figures = [Figures(s, s, 0, 0, 0, 0, 0, 1, 0, 0, {0: 16}, 0) for s in seconds]
    return [
        Point(1 - i / 10, f, seconds[0] / f.seconds, 1, 1, outcome) for i, f in enumerate(figures)
    ]
