"""A drawn plot in words, for people who do not see it: first, last, smallest and largest value."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SINGLE_STEPS = "_single steps of "
"""Prefix of the label of a thin line that is drawn beside its moving mean."""


def describe(title: str, figure: "Figure") -> str:
    """``Reward, over RL step. reward: first -0.32, last 0.94, smallest -0.4, largest 0.97.``

    Every line and every row of bars of every panel is described by its values; of a line with a
    moving mean, the values themselves are. Values that are not numbers are left out.
    """
    return " ".join([title + over(figure), *(text for axes in figure.axes for text in lines(axes))])


def over(figure: "Figure") -> str:
    """What the horizontal axis counts, where all panels agree."""
    names = {axes.get_xlabel() for axes in figure.axes} - {""}
    return f", over {names.pop()}." if len(names) == 1 else "."


def lines(axes: "Axes") -> Iterator[str]:
    """One sentence per line or row of bars of a panel."""
    panel = axes.get_title(loc="left")
    for label, values in labelled_values(axes):
        finite = values[np.isfinite(values)]
        if finite.size:
            name = ", ".join(filter(None, (panel, label or axes.get_ylabel())))
            yield f"{name}: {summary(finite)}."


def summary(values: Array) -> str:
    """The four figures; one value alone is just that."""
    if len(values) == 1:
        return number(values[0])
    names = ("first", "last", "smallest", "largest")
    figures = (values[0], values[-1], values.min(), values.max())
    return ", ".join(f"{name} {number(value)}" for name, value in zip(names, figures, strict=True))


def number(value: float) -> str:
    """Three digits; whole thousands as they are said."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def labelled_values(axes: "Axes") -> Iterator[tuple[str, Array]]:
    """Label and values of what a panel shows; the label of unnamed bars is empty.

    Points with error bars and rows of bars carry their label as a container. Unnamed lines, and
    those that cross the whole panel, are decoration, such as a marked level.
    """
    from matplotlib.container import BarContainer, ErrorbarContainer

    drawn = [
        (str(line.get_label()), as_array(line.get_ydata()))
        for line in axes.get_lines()
        if line.get_transform() == axes.transData
    ]
    single_steps = {
        label.removeprefix(SINGLE_STEPS): values
        for label, values in drawn
        if label.startswith(SINGLE_STEPS)
    }
    named = {label: values for label, values in drawn if not label.startswith("_")} | single_steps
    for container in axes.containers:
        label = str(container.get_label())
        if isinstance(container, BarContainer):
            heights = [patch.get_height() for patch in container.patches]
            named["" if label.startswith("_") else label] = as_array(heights)
        elif isinstance(container, ErrorbarContainer) and not label.startswith("_"):
            named[label] = error_bar_values(container)
    yield from named.items()


def error_bar_values(container: Any) -> Array:
    """The measured coordinate of points with error bars: x of horizontal ones, y of others."""
    points = container.lines[0]
    return as_array(points.get_xdata() if container.has_xerr else points.get_ydata())


def as_array(values: Any) -> Array:
    """Plain floats, masked ones as NaN."""
    return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
