"""Properties of how curves are drawn."""

from typing import Any

import numpy as np

from seed.cli.report.drawing import Curve, column, curves_plot, trend


def test_a_trend_keeps_constants_and_skips_gaps() -> None:
    assert np.array_equal(trend(np.full(48, 2.0)), np.full(48, 2.0))
    gap = np.where(np.arange(48) == 20, np.nan, 1.0)
    assert np.array_equal(trend(gap), np.ones(48))


def test_a_line_without_the_metric_is_a_gap() -> None:
    lines: list[dict[str, Any]] = [{"a": 2.0}, {"a": None}, {}]
    assert np.array_equal(column(lines, "a", 10.0), [20.0, np.nan, np.nan], equal_nan=True)


def test_curves_without_a_figure_are_left_out() -> None:
    lines = [{"phase_step": 1, "a": 1.0, "b": None}]
    curves = [Curve("a", "first", "#000000"), Curve("b", "second", "#000000")]
    plot = curves_plot(lines, "A title", "", "", curves)
    assert plot and "first" in plot.svg and "second" not in plot.svg
    assert curves_plot(lines, "A title", "", "", curves[1:]) is None


def test_equal_figures_give_equal_bytes() -> None:
    lines = [{"phase_step": n, "a": n % 7} for n in range(30)]
    first, second = (curves_plot(lines, "x", "", "", [Curve("a", "a", "#000000")]) for _ in "ab")
    assert first and second and first.svg == second.svg
