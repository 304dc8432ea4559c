"""Accuracies with intervals and their paired differences, as text and as a plot.

What is compared stands in rows; the first row is what all others are compared with. An ablation
pairs by seed, a comparison of runs by problem.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seed.cli.report.colours import AFTER, BEFORE, POLICY
from seed.cli.report.drawing import WIDE, Plot, label_axes
from seed.reference.evaluation.intervals import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Figures = Sequence[float]


@dataclass(frozen=True)
class EstimateRow:
    """One row; shares and their differences are in [-1, 1].

    Attributes:
        name: What is compared.
        value: Its accuracy.
        difference: Its accuracy less the first row's, None for the first row and where it is not
            known.
        single_values: Figures that ``value`` is the mean of, where they are few.
        single_differences: The same of ``difference``.
    """

    name: str
    value: Estimate
    difference: Estimate | None
    single_values: Figures = ()
    single_differences: Figures = ()


Side = tuple[Callable[[EstimateRow], tuple[Estimate | None, Figures]], float, str, float]
"""What a row shows on it, the marked level, the label of its axis, the lowest figure possible."""


def estimate_text(value: Estimate, style: str) -> str:
    """Mean and interval in percent; n/a stands for the interval of a single figure."""
    if value.low is None or value.high is None:
        return f"{100 * value.mean:{style}} [n/a]"
    return f"{100 * value.mean:{style}} [{100 * value.low:{style}}, {100 * value.high:{style}}]"


def estimates_plot(
    name: str, title: str, caption: str, rows: Sequence[EstimateRow], labels: tuple[str, str]
) -> Plot:
    """Values on the left, differences to the first row on the right, under two ``labels``.

    Without any difference there is no right side.
    """
    first = rows[0]

    sides: list[Side] = [
        (lambda row: (row.value, row.single_values), 100 * first.value.mean, labels[0], 0.0)
    ]
    if any(row.difference for row in rows):
        sides.append((lambda row: (row.difference, row.single_differences), 0.0, labels[1], -100.0))

    def paint(figure: "Figure") -> None:
        panels = figure.subplots(1, len(sides), sharey=True, squeeze=False)[0]
        for axes, (of_row, level, x_label, lowest) in zip(panels, sides, strict=True):
            for y, row in enumerate(rows):
                value, single = of_row(row)
                if value:
                    draw_estimate(axes, y, value, single, BEFORE if row is first else POLICY)
            axes.axvline(level, color=BEFORE, linestyle=":", linewidth=1.2)
            label_axes(axes, x_label, "", legend=False)
            low, high = axes.get_xlim()
            axes.set_xlim(max(low, lowest - 1), min(high, 101.0))
        panels[0].set_yticks(range(len(rows)), [row.name for row in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.5)

    size, words = (WIDE[0], 1.2 + 0.42 * len(rows)), " ".join(map(row_words, rows))
    return Plot(name, title, caption, paint, size, words=words)


def row_words(row: EstimateRow) -> str:
    """A row for people who do not see it."""
    text = f"{row.name}: {estimate_text(row.value, '.1f')}"
    if row.difference:
        text += f", difference {estimate_text(row.difference, '+.1f')}"
    return f"{text}."


def draw_estimate(axes: "Axes", y: int, value: Estimate, single: Figures, colour: str) -> None:
    """Draw a mean with its interval, and the figures that it is the mean of."""
    figures = [100 * x for x in single]
    axes.plot(figures, [y] * len(figures), "o", color=AFTER, markersize=4, markerfacecolor="none")
    if value.low is not None and value.high is not None:
        axes.plot([100 * value.low, 100 * value.high], [y, y], color=colour, linewidth=1.8)
    axes.plot([100 * value.mean], [y], "o", color=colour, markersize=7)
