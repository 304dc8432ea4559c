"""Properties of the plots of accuracy."""

from pathlib import Path

import h5py
import numpy as np

from seed.cli.report.accuracy import accuracy_interval
from seed.cli.report.record import read_record
from seed.reference.training.rollout_files import OLD_FILE
from tests.support.reports import write_run


def test_published_rollouts_narrow_the_band(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (run / "rollouts").mkdir()
    for step, name in ((3, OLD_FILE), (4, "rollouts/steps_000004-000004.h5")):
        with h5py.File(run / name, "w") as file:
            file[f"step_{step}/problem"] = [f"p{i // 16}" for i in range(256)]
            file[f"step_{step}/accuracy"] = np.arange(256) % 4 == 0
    assert read_record(run).shares == {3: [0.25] * 16, 4: [0.25] * 16}
    line = {"reward/accuracy": 0.25, "rollout/responses": 256}
    low, high = accuracy_interval(line, [0.2, 0.3] * 8, 16)
    widest_low, widest_high = accuracy_interval(line, None, 16)
    assert widest_low < low < 0.25 < high < widest_high
