"""How a picture is drawn: axes, curves, and the SVG that stands inside a page.

Single steps are thin lines; once there are ``TREND_FROM`` of them, a bold line shows their centred
moving mean. Equal figures give equal bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from io import StringIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from seed.cli.report.colours import AFTER, AXIS, BEFORE, DARK, GRID, LABEL, TICK, variable
from seed.cli.report.description import SINGLE_STEPS, describe
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES: tuple[Any, ...] = ("-", "--", "-.", ":")
TREND_FROM = 20
"""Fewest steps that get a moving mean; fewer can be read one by one."""
TREND_SHARE = 12
"""The moving mean spans this fraction of the steps: 1 / 12."""
SIZE, WIDE = (4.8, 2.8), (9.8, 3.0)
"""Inches of a plot in one column and of one across both."""
RC_PARAMS: Any = {
    "svg.hashsalt": "seed",
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": AXIS,
    "axes.labelcolor": LABEL,
    "axes.titlecolor": LABEL,
    "text.color": AFTER,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": TICK,
    "ytick.color": TICK,
    "font.size": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Series:
    """A line of a plot over the steps of a run; ``values`` [n] belong to ``steps`` [n]."""

    label: str
    steps: Array
    values: Array
    colour: str


@dataclass(frozen=True)
class Plot:
    """A picture for a page.

    Attributes:
        name: Unique on the page.
        title: Heading.
        caption: One or two sentences: what it shows, what to look for.
        paint: Fills an empty figure.
        size: Inches.
        series: The lines over steps, for a comparison with those of other runs; other plots have
            none.
        x_label: What the steps count.
        y_label: What the values are.
        level: A marked value of the y axis.
        words: The values in words, where they do not follow from what is drawn.
        series_caption: What to say where the series of several runs are drawn, without the rest of
            the plot; the caption if empty.
    """

    name: str
    title: str
    caption: str
    paint: Callable[["Figure"], None]
    size: tuple[float, float] = SIZE
    series: tuple[Series, ...] = ()
    x_label: str = "RL step"
    y_label: str = ""
    level: float | None = None
    words: str = ""
    series_caption: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the full width of the page."""
        return self.size[0] > SIZE[0]

    @cached_property
    def svg(self) -> str:
        """The picture, without any reference to the outside; drawn when it is first needed."""
        return draw_svg(self)


@dataclass(frozen=True)
class Curve:
    """A metric as a line of a plot; ``scale`` multiplies its values."""

    metric: str
    label: str
    colour: str
    scale: float = 1.0


def draw_svg(plot: Plot) -> str:
    """Draw a plot as SVG that can stand inside a page.

    Names of elements get the plot's name as prefix, so that two pictures on a page never share
    one. Colours become variables of the style sheet. Namespaces and metadata, which inline SVG does
    not need, are dropped.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(RC_PARAMS):
        figure = Figure(figsize=plot.size)
        plot.paint(figure)
        label = f"{plot.title}. {plot.words}" if plot.words else describe(plot.title, figure)
        buffer = StringIO()
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    text = buffer.getvalue()
    head, body = text[text.index("<svg") :].split(">", 1)
    view_box = head[head.index("viewBox") :].split('"')[1]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{plot.name}-", body)
    body = re.sub(r": (#[0-9a-f]{6})\b", as_variable, body)
    return f'<svg viewBox="{view_box}" role="img" aria-label="{escape(label)}">{body.strip()}'


def as_variable(colour: re.Match[str]) -> str:
    """A colour of the palette in a style as a variable; any other as it is."""
    value = colour[1]
    return f": var({variable(value)})" if value in DARK else colour[0]


def trend(values: Array) -> Array:
    """Centred moving mean that skips gaps; NaN where its whole window is a gap."""
    half = len(values) // (2 * TREND_SHARE)
    windows = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    finite = [window[np.isfinite(window)] for window in windows]
    return np.array([window.mean() if window.size else np.nan for window in finite])


def draw_curve(axes: "Axes", x: Array, y: Array, label: str, colour: str, style: Any = "-") -> None:
    """Draw a line over steps, with its moving mean if there are many."""
    look: Any = {"color": colour, "linestyle": style, "label": label}
    if len(y) >= TREND_FROM:
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.4, label=SINGLE_STEPS + label)
        axes.plot(x, trend(y), **look)
    else:
        axes.plot(x, y, **look, marker="o", markersize=3.0)


def dotted_level(axes: "Axes", value: float) -> None:
    """Mark a value of the y axis."""
    axes.axhline(value, color=BEFORE, linewidth=1.0, linestyle=":")


def label_axes(axes: "Axes", x_label: str, y_label: str, legend: bool) -> None:
    """Label the axes; the legend goes above the picture, where no line runs."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if legend:
        above: Any = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)}
        axes.legend(**above, ncols=4, handlelength=1.8, columnspacing=1.4)


def column(lines: Sequence[Mapping[str, Any]], metric: str, scale: float = 1.0) -> Array:
    """A metric over the lines; NaN where a line has none."""
    values = [line.get(metric) for line in lines]
    return np.array([np.nan if value is None else scale * value for value in values], dtype=float)


def curves_plot(
    lines: Sequence[Mapping[str, Any]],
    title: str,
    caption: str,
    y_label: str,
    curves: Sequence[Curve],
    x_label: str = "RL step",
    level: float | None = None,
) -> Plot | None:
    """Metrics over the steps of one phase; None if no line holds any of them.

    Curves that no line holds are left out; ``level`` is marked with a dotted line.
    """
    steps = column(lines, "phase_step")
    series = tuple(
        Series(curve.label, steps, column(lines, curve.metric, curve.scale), curve.colour)
        for curve in curves
    )
    held = tuple(line for line in series if np.isfinite(line.values).any())
    if not held:
        return None

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        if level is not None:
            dotted_level(axes, level)
        for line, style in zip(held, cycle(STYLES), strict=False):
            draw_curve(axes, line.steps, line.values, line.label, line.colour, style)
        label_axes(axes, x_label, y_label, legend=len(curves) > 1)
        keep_zero_flat(axes, held)

    name = title.lower().replace(" ", "-")
    return Plot(name, title, caption, paint, SIZE, held, x_label, y_label, level)


def keep_zero_flat(axes: "Axes", series: Sequence[Series]) -> None:
    """Give metrics that stay 0 a scale: they have none of their own."""
    if all(np.nanmax(np.abs(line.values)) == 0.0 for line in series):
        axes.set_ylim(-0.02, 1.0)
