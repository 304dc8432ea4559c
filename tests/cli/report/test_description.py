"""Properties of a plot in words."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from seed.cli.report.description import describe, summary
from seed.cli.report.drawing import TREND_FROM, dotted_level, draw_curve


@pytest.mark.parametrize("steps", [5, TREND_FROM])
def test_a_line_is_described_by_its_values_and_not_by_its_moving_mean(steps: int) -> None:
    figure = Figure()
    axes = figure.subplots()
    values = np.zeros(steps)
    values[2], values[-1], values[3] = 7.0, 0.5, np.nan
    draw_curve(axes, np.arange(float(steps)), values, "a line", "#0072b2")
    dotted_level(axes, 99.0)
    axes.set_xlabel("step")
    words = "A title, over step. a line: first 0, last 0.5, smallest 0, largest 7."
    assert describe("A title", figure) == words


def test_panels_bars_and_error_bars_are_described() -> None:
    figure = Figure()
    left, middle, right = figure.subplots(1, 3)
    left.set_title("panel", loc="left")
    left.plot([1, 2], [3, 4], label="line")
    middle.bar([0, 1], [30, 70])
    middle.set_ylabel("share")
    right.errorbar([25, 75], [0, 1], xerr=[[1, 1], [1, 1]], fmt="o", label="before")
    words = describe("T", figure)
    assert "panel, line: first 3, last 4, smallest 3, largest 4." in words
    assert "share: first 30, last 70, smallest 30, largest 70." in words
    assert "before: first 25, last 75" in words


def test_large_numbers_are_written_out() -> None:
    assert summary(np.array([4567.8])) == "4,568"
