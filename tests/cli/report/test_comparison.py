"""Properties of what a comparison of runs says about settings and scores."""

from pathlib import Path

import pytest

from seed.cli.report.comparison import (
    ComparedRun,
    compared_runs,
    difference_after,
    differing_settings,
    obstacle,
)
from seed.cli.report.held_out import difference
from seed.cli.report.record import read_record
from tests.support.reports import write_run

PROBLEMS = {"maze/1/a": 4, "maze/1/b": 2, "maze/1/c": 0}
BETTER = {"maze/1/a": 4, "maze/1/b": 3, "maze/1/c": 1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ComparedRun]:
    """Runs by name; the first is comparable with the second alone."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "first", correct=PROBLEMS)
    write_run(folder / "better", overrides=("algorithm.clip_high=0.4",), correct=BETTER)
    write_run(folder / "old")
    write_run(folder / "going on", finished=False)
    write_run(folder / "harder", overrides=("data.difficulties.maze=[2]",), correct=BETTER)
    write_run(folder / "redrawn", correct={"maze/1/d": 1} | PROBLEMS)
    write_run(folder / "warmer", overrides=("evaluation.top_p=1.0",), correct=BETTER)
    paths = sorted(folder.iterdir(), key=lambda path: path.name != "first")
    return {run.directory.name: run for run in compared_runs({p: read_record(p) for p in paths})}


def test_runs_that_met_the_same_problems_have_a_paired_difference(
    runs: dict[str, ComparedRun],
) -> None:
    first, better = runs["first"], runs["better"]
    assert obstacle(first, better) == ""
    change = difference_after(first, better)
    assert change and change == difference(first.record.after, better.record.after)
    assert change.mean == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("old", "did not keep results by problem"),
        ("going on", "has no score after RL yet"),
        ("harder", "different problems"),
        ("redrawn", "different problems"),
        ("warmer", "different sampling"),
    ],
)
def test_runs_that_are_not_comparable_have_a_reason_and_no_difference(
    runs: dict[str, ComparedRun], name: str, reason: str
) -> None:
    assert reason in obstacle(runs["first"], runs[name])
    assert difference_after(runs["first"], runs[name]) is None


def test_only_settings_that_differ_are_listed(runs: dict[str, ComparedRun]) -> None:
    pair = [runs["first"], runs["better"]]
    assert differing_settings(pair) == [("algorithm.clip_high", ["0.28", "0.4"])]
    assert differing_settings(pair[:1] * 2) == []


def test_every_run_has_a_letter_and_long_names_are_cut(runs: dict[str, ComparedRun]) -> None:
    names = [run.name for run in runs.values()]
    assert names[0] == "A first" and len({name[0] for name in names}) == len(names)
    record = runs["first"].record
    (long,) = compared_runs({Path("x" * 60): record})
    assert len(long.name) < 32
