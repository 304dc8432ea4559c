"""Plots of accuracy: on held-out problems before and after RL, and in training."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from seed.cli.report.colours import AFTER, BEFORE, FAMILY_COLOURS, POLICY
from seed.cli.report.drawing import Curve, Plot, Series, column, curves_plot, draw_curve, label_axes
from seed.cli.report.record import Line, Record
from seed.reference.evaluation.intervals import clustered_interval
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def held_out_plot(record: Record) -> Plot | None:
    """Held-out accuracy before and after RL, by family, with intervals."""
    moments = (("before RL", record.before, BEFORE, "o"), ("after RL", record.after, AFTER, "D"))
    evaluations = [moment for moment in moments if moment[1]]
    if not evaluations:
        return None
    names = list(evaluations[0][1])

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        rows = np.arange(len(names))
        for offset, evaluation in zip((-0.14, 0.14), evaluations, strict=False):
            label, scores, colour, marker = evaluation
            centre, errors = centre_and_errors([scores[name] for name in names])
            look: Any = {"fmt": marker, "color": colour, "markersize": 5, "linewidth": 1.4}
            axes.errorbar(centre, rows + offset, xerr=errors, label=label, **look)
        label_axes(axes, "accuracy (%)", "", legend=True)
        axes.set_yticks(rows, [{"overall": "all families"}.get(name, name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(-2, 102)
        axes.grid(axis="y", visible=False)

    caption = (
        "Share of correct responses to problems that training never draws, with 95 % intervals. "
        "Look for a diamond to the right of its circle, with bars that do not overlap."
    )
    return Plot("held-out", "Held-out accuracy by family", caption, paint)


def accuracy_plot(record: Record) -> Plot | None:
    """Accuracy of the responses of each RL step with a band, and held-out accuracy at both ends."""
    lines = record.rl_steps
    if not lines:
        return None
    rollout, evaluation = record.config.rollout, record.config.evaluation
    group, shares = rollout.samples_per_prompt, record.shares
    intervals = [accuracy_interval(line, shares.get(line["step"]), group) for line in lines]
    bands = 100 * np.array(intervals)
    steps, values = column(lines, "phase_step"), column(lines, "reward/accuracy", 100.0)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.fill_between(steps, bands[:, 0], bands[:, 1], color=POLICY, alpha=0.14, linewidth=0)
        draw_curve(axes, steps, values, "training, 95 % band", POLICY)
        for label, scores, step, colour, marker in (
            ("held-out before", record.before, 0, BEFORE, "o"),
            ("held-out after", record.after, steps[-1] + 1, AFTER, "D"),
        ):
            if scores:
                centre, errors = centre_and_errors([scores["overall"]])
                look: Any = {"fmt": marker, "color": colour, "markersize": 5}
                axes.errorbar([step], centre, yerr=errors, label=label, **look)
        axes.set_ylim(bottom=0)
        label_axes(axes, "RL step", "accuracy (%)", legend=True)

    caption = (
        "Share of correct responses among those sampled for training (temperature"
        f" {rollout.temperature:g}); the band counts responses to one problem as related. The"
        " points are the evaluations on held-out problems (temperature"
        f" {evaluation.temperature:g}, top-p {evaluation.top_p:g}), so they need not lie on the"
        " line; look whether both rise."
    )
    return Plot(
        "accuracy",
        "Accuracy in training",
        caption,
        paint,
        series=(Series("training", steps, values, POLICY),),
        y_label="accuracy (%)",
        series_caption=(
            "Share of correct responses among those sampled for training (temperature"
            f" {rollout.temperature:g}). Look for a run that rises earlier or ends higher."
        ),
    )


def centre_and_errors(scores: Sequence[Mapping[str, Any]]) -> tuple[Array, Array]:
    """Accuracies in percent, and the lengths of their error bars, low and high."""
    low = np.array([100 * score["ci_low"] for score in scores])
    centre = np.array([100 * score["accuracy"] for score in scores])
    high = np.array([100 * score["ci_high"] for score in scores])
    return centre, np.clip([centre - low, high - centre], 0.0, None)


def accuracy_interval(
    line: Line, shares: Sequence[float] | None, group: int
) -> tuple[float, float]:
    """95 % interval of a step's accuracy, clustered by problem of ``group`` responses.

    Where the shares of correct responses of the problems are not known, the responses to a problem
    count as one: the widest the interval can be.
    """
    problems = max(1, line["rollout/responses"] // group)
    return clustered_interval(shares or [line["reward/accuracy"]] * problems, group)


def family_plot(record: Record) -> Plot | None:
    """Accuracy in training, one line per family."""
    lines = [
        {"phase_step": line["phase_step"], **line["reward/accuracy_by_family"]}
        for line in record.rl_steps
    ]
    colours = zip(record.config.data.families, cycle(FAMILY_COLOURS), strict=False)
    return curves_plot(
        lines,
        "Accuracy by family",
        "The same responses, family by family. Look for families that are learned early or never,"
        " and for one that gains while another loses.",
        "accuracy (%)",
        [Curve(family, family, colour, 100.0) for family, colour in colours],
    )
