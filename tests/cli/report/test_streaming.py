"""Properties of the section on streaming rollouts."""

import re
from pathlib import Path

from seed.cli.report.document import NO_BREAK
from seed.cli.report.page import write_report
from seed.cli.report.streaming import staleness_counts
from tests.support.reports import streaming_metrics, titles, write_run

PLOTS = {
    "Occupancy and on-policy share",
    "Staleness per step",
    "Staleness over the run",
    "Samples in flight",
}


def test_only_a_streaming_run_has_the_section_with_the_figures_of_its_metrics(
    tmp_path: Path,
) -> None:
    synchronous, page = (
        write_report(write_run(tmp_path / f"run-{streams}", streams=streams))
        .read_text(encoding="utf-8")
        .replace(NO_BREAK, " ")
        for streams in (False, True)
    )
    assert titles(page) - titles(synchronous) == PLOTS
    assert titles(synchronous) < titles(page)
    assert "Streaming rollouts" not in synchronous
    figures = ("Over 3 RL steps 75.0 % of", "62.5 % of", "0.50 policy versions (at most 2)")
    for wanted in (*figures, "6 were dropped", "all 768 sam"):
        assert wanted in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_a_streaming_run_without_an_rl_step_has_no_section(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rl_steps=0, finished=False, streams=True)
    assert "Streaming rollouts" not in write_report(run).read_text(encoding="utf-8")


def test_staleness_is_counted_over_all_steps() -> None:
    lines = [
        streaming_metrics(1),
        streaming_metrics(2) | {"rollout/staleness_counts": {"0": 1, "10": 5}},
    ]
    assert staleness_counts(lines) == {0: 161, 1: 32, 2: 64, 10: 5}
