"""Properties of the plots of the value model."""

from dataclasses import replace
from pathlib import Path

from seed.cli.report.record import read_record
from seed.cli.report.value_model import explained_variance_plot
from tests.support.reports import write_run


def test_explained_variance_counts_rl_steps_and_marks_pretraining(tmp_path: Path) -> None:
    record = read_record(write_run(tmp_path / "run", rl_steps=4))
    plot = explained_variance_plot(record)
    assert plot is not None and plot.x_label == "RL step"
    assert plot.series[0].steps.tolist() == [0, 1, 2, 3, 4]
    assert ">pretraining (1)</text>" in plot.svg
    rl_alone = explained_variance_plot(replace(record, metrics=record.rl_steps))
    assert rl_alone is not None and "pretraining (" not in rl_alone.svg


def test_the_variance_of_returns_stands_beside_the_share_of_it(tmp_path: Path) -> None:
    record = read_record(write_run(tmp_path / "run"))
    lines = [line | {"value/return_variance": 0.75} for line in record.metrics]
    plot = explained_variance_plot(replace(record, metrics=lines))
    assert plot and ">variance of returns</text>" in plot.svg
    assert "variance of returns itself" in plot.caption
