"""Properties of the plots of the value model."""

from dataclasses import replace
from pathlib import Path

from seed.cli.report.record import read_record
from seed.cli.report.value_model import explained_variance_plot
from tests.support.reports import write_run


def test_explained_variance_stands_beside_the_variance_that_it_is_a_share_of(
    tmp_path: Path,
) -> None:
    plot = explained_variance_plot(read_record(write_run(tmp_path / "run")))
    assert plot and ">variance of returns</text>" in plot.svg
    assert "variance of returns itself" in plot.caption


def test_a_run_from_before_the_variance_of_returns_keeps_its_plot(tmp_path: Path) -> None:
    record = read_record(write_run(tmp_path / "run"))
    lines = [
        {key: value for key, value in line.items() if key != "value/return_variance"}
        for line in record.metrics
    ]
    plot = explained_variance_plot(replace(record, metrics=lines))
    assert plot and ">variance of returns</text>" not in plot.svg


def test_a_run_whose_returns_never_varied_has_no_plot(tmp_path: Path) -> None:
    record = read_record(write_run(tmp_path / "run"))
    lines = [
        line | {"value/explained_variance": None} if "value/loss" in line else line
        for line in record.metrics
    ]
    assert explained_variance_plot(replace(record, metrics=lines)) is None
