"""Properties of the plots of a simulation."""

import numpy as np
import pytest

from seed.cli.report.simulation import slots_used
from seed.reference.simulation.simulate import simulate
from tests.support.simulations import ALL_COSTS, HEAVY_TAIL, rules


def test_slots_over_time_add_up_to_the_time_that_samples_spent_in_them() -> None:
    outcome = simulate(rules(0.5, remote=1), HEAVY_TAIL, ALL_COSTS, 6, prompt=10, block=4)
    edges = np.linspace(0.0, outcome.seconds, 77)
    for worker in (0, 1):
        spans = [span for span in outcome.spans if span.worker == worker]
        for kind in ("fresh", "old"):
            expected = sum((span.end - span.start) * getattr(span, kind) for span in spans)
            total = (slots_used(outcome, worker, kind, edges) * np.diff(edges)).sum()
            assert total == pytest.approx(expected)
