"""Pictures of a set of problems: what it is made of, and how its answers are spread."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seed.cli.report.colours import FAMILY_COLOURS, POLICY
from seed.cli.report.drawing import SIZE, Plot, label_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DECADES = 15
"""Answers of more digits are counted in the last bar."""


def area_plot(counts: Mapping[str, Mapping[str, int]]) -> Plot:
    """Problems by area, divided by structure.

    Args:
        counts: Area -> structure -> problems.
    """
    structures = sorted({name for of_area in counts.values() for name in of_area})

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        left = np.zeros(len(counts))
        for structure, colour in zip(structures, FAMILY_COLOURS, strict=False):
            widths = np.array([of_area.get(structure, 0) for of_area in counts.values()])
            axes.barh(list(counts), widths, left=left, color=colour, label=structure)
            left += widths
        label_axes(axes, "problems", "", legend=True)
        axes.grid(axis="y", visible=False)
        axes.invert_yaxis()

    words = "; ".join(
        f"{area}: {', '.join(f'{count} {name}' for name, count in sorted(of_area.items()))}"
        for area, of_area in counts.items()
    )
    caption = "The area of a problem is that of the family that its place in the set is for."
    return Plot("areas", "Areas and structures", caption, paint, SIZE, words=words)


def answer_plot(answers: Sequence[int]) -> Plot:
    """How many digits the answers have."""
    digits = [min(len(str(abs(answer))), MOST_DECADES) for answer in answers]
    counts = np.bincount(digits, minlength=max(digits, default=1) + 1)[1:]

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.bar(np.arange(1, len(counts) + 1), counts, color=POLICY, width=0.8)
        label_axes(axes, "digits of the answer", "problems", legend=False)
        axes.grid(axis="x", visible=False)

    words = ", ".join(
        f"{count} with {size} digits" for size, count in enumerate(counts, 1) if count
    )
    smallest, largest = min(answers, default=0), max(answers, default=0)
    caption = f"Answers from {smallest:,} to {largest:,}; most frequent: {_frequent(answers)}."
    return Plot("answers", "Answers", caption, paint, SIZE, words=words)


def _frequent(answers: Sequence[int]) -> str:
    values, counts = np.unique(np.array([str(answer) for answer in answers]), return_counts=True)
    if not len(values):
        return "none"
    most = int(counts.max())
    names = [str(value) for value in values[counts == most]]
    if most == 1:
        return "none comes twice"
    return f"{', '.join(names[:5])} ({most} times)"
