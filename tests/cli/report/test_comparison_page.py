"""Properties of the page of several runs."""

from pathlib import Path

import pytest

from seed.cli.report.comparison import compared_runs
from seed.cli.report.comparison_page import comparison_page
from seed.cli.report.record import read_record
from tests.support.reports import outline, refreshes, titles, write_run

PROBLEMS = {"maze/1/a": 4, "maze/1/b": 2, "maze/1/c": 0}


def page(*paths: Path) -> str:
    """The page of some runs."""
    return comparison_page(compared_runs({path: read_record(path) for path in paths}))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two finished runs and a streaming one that goes on."""
    folder = tmp_path_factory.mktemp("runs")
    better = dict.fromkeys(PROBLEMS, 4)
    return page(
        write_run(folder / "first", correct=PROBLEMS),
        write_run(folder / "grpo", "grpo", correct=better),
        write_run(folder / "<i>on", streams=True, finished=False),
    )


def test_the_page_is_well_formed_legible_and_stays(text: str) -> None:
    outline(text)
    assert not refreshes(text)
    assert "&lt;i&gt;on" in text and "<i>on" not in text


def test_every_plot_over_steps_has_a_line_for_every_run_that_has_figures(text: str) -> None:
    shown = titles(text)
    assert {"Reward", "Entropy", "Value loss", "Clipped tokens", "Staleness per step"} <= shown
    assert "Held-out accuracy by family" not in shown
    spoken = {box["aria-label"] for box in outline(text).of("svg") if "aria-label" in box}
    (entropy,) = [label for label in spoken if label.startswith("Entropy")]
    assert all(name in entropy for name in ("A first: ", "B grpo: ", "C <i>on: "))
    (value,) = [label for label in spoken if label.startswith("Value loss")]
    assert "A first: " in value and "B grpo" not in value
    (clipped,) = [label for label in spoken if label.startswith("Clipped")]
    assert "low, A first: " in clipped and "high, B grpo: " in clipped


def test_the_page_says_what_differs_and_what_is_not_comparable(text: str) -> None:
    assert "<code>recipe</code>" in text and "<code>rollout.srs_alpha</code>" in text
    assert "C has no score after RL yet." in text
    # Differences 0, 0.5 and 1: mean 0.5, s = 0.5, t = 4.303, half = 1.2422.
    assert "+50.0 [−74.2, +174.2]" in text


def test_equal_runs_differ_in_nothing_and_by_nothing(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / name, rl_steps=0, correct=PROBLEMS) for name in "ab"]
    text = page(*paths)
    assert "all settings are alike" in text
    assert "Not all scores are comparable" not in text
    assert "+0.0 [+0.0, +0.0]" in text
    assert page(*paths) == text


def test_runs_without_any_score_have_a_page(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / name, rl_steps=0, finished=False) for name in "ab"]
    assert "No run has been evaluated yet" in page(*paths)
