"""The plots of several runs: the same as on the page of one run, with a line per run."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from seed.cli.report.colours import RUN_COLOURS
from seed.cli.report.comparison import ComparedRun
from seed.cli.report.drawing import (
    SIZE,
    WIDE,
    Plot,
    Series,
    dotted_level,
    draw_curve,
    keep_zero_flat,
    label_axes,
)
from seed.cli.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUN_STYLES: tuple[tuple[float, tuple[float, ...]], ...] = (
    *((0, ()), (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5))),
    *((0, (8, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (2, 2)), (0, (1, 3))),
)
"""Dashes of the runs, as offset and lengths of strokes and gaps."""
LEGEND_WIDTH = {SIZE[0]: 62, WIDE[0]: 130}
"""Characters in a line of a legend, by inches of the plot."""
LEGEND_LINE = 0.19
"""Inches."""

Makers = Sequence[Callable[[Record], Sequence[Plot]]]
NamedSeries = list[tuple[int, str, Series]]


def compared_plots(runs: Sequence[ComparedRun], makers: Makers) -> list[Plot]:
    """One plot for each that has lines over steps, in the order of the page of one run.

    A run that has no figures for a plot has no line in it.

    Args:
        runs: At most as many as there are colours.
        makers: Each makes some of the plots of one run; plots of equal titles belong together.
    """
    result = []
    for make in makers:
        plots = [{plot.title: plot for plot in make(run.record)} for run in runs]
        for title in dict.fromkeys(title for of_run in plots for title in of_run):
            held = [(n, of_run[title]) for n, of_run in enumerate(plots) if title in of_run]
            if any(plot.series for _, plot in held):
                result.append(compared_plot(held, [run.name for run in runs]))
    return result


def compared_plot(plots: Sequence[tuple[int, Plot]], names: Sequence[str]) -> Plot:
    """One plot of several runs, given with their numbers; each line of it gets a panel."""
    first = plots[0][1]
    panels: dict[str, NamedSeries] = {}
    for number, plot in plots:
        for series in plot.series:
            panels.setdefault(series.label, []).append((number, names[number], series))
    width = SIZE[0] if len(panels) == 1 else WIDE[0]
    columns = min(len(panels), 2)
    per_line = max(1, LEGEND_WIDTH[width] // (8 + max(len(names[number]) for number, _ in plots)))
    legend_lines = ceil(len(plots) / per_line)
    height = SIZE[1] * ceil(len(panels) / 2) + LEGEND_LINE * (legend_lines - 1)

    def paint(figure: "Figure") -> None:
        rows = figure.subplots(ceil(len(panels) / columns), columns, squeeze=False)
        grid: list[Axes] = list(rows.ravel())
        for axes, (label, lines) in zip(grid, panels.items(), strict=False):
            draw_panel(axes, first, lines)
            if len(panels) > 1:
                axes.set_title(label, fontsize=9, loc="left")
        for axes in grid[len(panels) :]:
            axes.remove()
        legend(figure, grid[: len(panels)], per_line)

    caption = caption_of(first)
    if any(caption_of(plot) != caption for _, plot in plots):
        caption += f" Settings named here are those of {names[plots[0][0]]}."
    return Plot(f"runs-{first.name}", first.title, caption, paint, (width, height))


def caption_of(plot: Plot) -> str:
    """What to say about the lines of a plot."""
    return plot.series_caption or plot.caption


def draw_panel(axes: "Axes", plot: Plot, lines: NamedSeries) -> None:
    """Draw one line of the plot for every run that has it."""
    if plot.level is not None:
        dotted_level(axes, plot.level)
    for number, name, line in lines:
        look = RUN_COLOURS[number], RUN_STYLES[number]
        draw_curve(axes, line.steps, line.values, name, *look)
    label_axes(axes, plot.x_label, plot.y_label, legend=False)
    keep_zero_flat(axes, [line for _, _, line in lines])


def legend(figure: "Figure", panels: Sequence["Axes"], per_line: int) -> None:
    """One legend above all panels, with every run once."""
    handles = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    names = sorted(handles)
    above: Any = {"loc": "outside upper center", "ncols": per_line, "handlelength": 3.2}
    figure.legend([handles[name] for name in names], names, **above, columnspacing=1.4)
