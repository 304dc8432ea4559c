"""Properties of the plots of accuracy."""

from pathlib import Path

import h5py
import numpy as np

from seed.cli.report.accuracy import accuracy_interval
from seed.cli.report.record import read_record
from tests.support.reports import write_run


def test_published_rollouts_narrow_the_band(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    with h5py.File(run / "rollouts.h5", "w") as file:
        file["step_4/problem"] = [f"p{i // 16}" for i in range(256)]
        file["step_4/accuracy"] = np.arange(256) % 4 == 0
    assert read_record(run).shares == {4: [0.25] * 16}
    line = {"reward/accuracy": 0.25, "rollout/responses": 256}
    low, high = accuracy_interval(line, [0.2, 0.3] * 8, 16)
    widest_low, widest_high = accuracy_interval(line, None, 16)
    assert widest_low < low < 0.25 < high < widest_high
