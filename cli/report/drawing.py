"""How a picture is drawn: axes, curves, and the SVG that stands inside a page.

Single steps are thin lines; once there are ``TREND_FROM`` of them, a bold line shows their centred
moving mean. Equal figures give equal bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from seed.cli.report.colours import BEFORE
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")
TREND_FROM = 20
"""Fewest steps that get a moving mean; fewer can be read one by one."""
TREND_SHARE = 12
"""The moving mean spans this fraction of the steps: 1 / 12."""
SIZE, WIDE = (5.4, 2.9), (11.0, 3.0)
"""Inches of a plot in one column and of one across both."""
RC_PARAMS: Any = {
    "svg.hashsalt": "seed",
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": "#444444",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "font.size": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Plot:
    """A picture for a page.

    Attributes:
        name: Unique on the page.
        title: Heading.
        caption: One or two sentences: what it shows, what to look for.
        svg: The picture, without any reference to the outside.
        wide: Whether it needs the full width of the page.
    """

    name: str
    title: str
    caption: str
    svg: str
    wide: bool = False


@dataclass(frozen=True)
class Curve:
    """A metric as a line of a plot; ``scale`` multiplies its values."""

    metric: str
    label: str
    colour: str
    scale: float = 1.0


def drawn(
    name: str,
    title: str,
    caption: str,
    paint: Callable[["Figure"], None],
    size: tuple[float, float] = SIZE,
) -> Plot:
    """Paint a plot; what is wider than a column spans both."""
    return Plot(name, title, caption, draw_svg(name, size, paint), wide=size[0] > SIZE[0])


def draw_svg(name: str, size: tuple[float, float], paint: Callable[["Figure"], None]) -> str:
    """Let ``paint`` fill an empty figure and return it as SVG that can stand inside a page.

    Names of elements get ``name`` as prefix, so that two pictures on a page never share one.
    Namespaces and metadata, which inline SVG does not need, are dropped.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(RC_PARAMS):
        figure = Figure(figsize=size)
        paint(figure)
        buffer = StringIO()
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    text = buffer.getvalue()
    head, body = text[text.index("<svg") :].split(">", 1)
    view_box = head[head.index("viewBox") :].split('"')[1]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body)
    label = name.replace("-", " ")
    return f'<svg viewBox="{view_box}" role="img" aria-label="{label}">{body.strip()}'


def trend(values: Array) -> Array:
    """Centred moving mean that skips gaps; NaN where its whole window is a gap."""
    half = len(values) // (2 * TREND_SHARE)
    windows = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    finite = [window[np.isfinite(window)] for window in windows]
    return np.array([window.mean() if window.size else np.nan for window in finite])


def draw_curve(axes: "Axes", x: Array, y: Array, label: str, colour: str, style: str = "-") -> None:
    """Draw a line over steps, with its moving mean if there are many."""
    if len(y) >= TREND_FROM:
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.4)
        axes.plot(x, trend(y), style, color=colour, label=label)
    else:
        axes.plot(x, y, style, color=colour, label=label, marker="o", markersize=3.0)


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
    held = [curve for curve in curves if np.isfinite(column(lines, curve.metric)).any()]
    if not held:
        return None

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        if level is not None:
            dotted_level(axes, level)
        for curve, style in zip(held, cycle(STYLES), strict=False):
            y = column(lines, curve.metric, curve.scale)
            draw_curve(axes, column(lines, "phase_step"), y, curve.label, curve.colour, style)
        label_axes(axes, x_label, y_label, legend=len(curves) > 1)
        if all(np.nanmax(np.abs(column(lines, curve.metric))) == 0.0 for curve in held):
            axes.set_ylim(-0.02, 1.0)  # a metric that stays 0 has no scale of its own

    return drawn(title.lower().replace(" ", "-"), title, caption, paint)
