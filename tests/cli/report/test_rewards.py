"""Properties of the plots of rewards."""

from dataclasses import replace
from pathlib import Path

from seed.cli.report.record import read_record
from seed.cli.report.rewards import class_plot
from tests.support.reports import write_run


def test_the_reward_of_each_data_class_is_drawn_if_not_all_problems_are_verifiable(
    tmp_path: Path,
) -> None:
    record = read_record(write_run(tmp_path / "run"))
    assert class_plot(record) is None
    by_class = {"reward/by_class": {"general": 0.1, "verifiable": -0.5}}
    plot = class_plot(replace(record, metrics=[line | by_class for line in record.rl_steps]))
    assert plot and "general" in plot.svg and "verifiable" in plot.svg
