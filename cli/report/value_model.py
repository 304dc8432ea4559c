"""Plots of the value model: what it explains, its loss, its values, and lambda by length."""

from typing import TYPE_CHECKING, Any

import numpy as np

from seed.cli.report.colours import BEFORE, CORRECT, POLICY, TICK, TRAINER, VALUE, WRONG
from seed.cli.report.drawing import (
    STYLES,
    WIDE,
    Curve,
    Plot,
    Series,
    column,
    curves_plot,
    dotted_level,
    draw_curve,
    label_axes,
)
from seed.cli.report.record import Record, first_middle_last
from seed.reference.advantage import policy_lambda

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def explained_variance_plot(record: Record) -> Plot | None:
    """Explained variance, and the variance there is to explain, over RL.

    The steps of value pretraining count up to 0 before it.
    """
    both_phases = record.of_phase("value_pretraining", "reinforcement")
    lines = [line for line in both_phases if "value/explained_variance" in line]
    if not np.isfinite(column(lines, "value/explained_variance")).any():
        return None
    pretraining = record.of_phase("value_pretraining")
    offset = {"value_pretraining": len(pretraining), "reinforcement": 0}
    x = np.array([float(line["phase_step"] - offset[line["phase"]]) for line in lines])
    explained = np.clip(column(lines, "value/explained_variance"), -1.0, None)
    variance = column(lines, "value/return_variance")
    series = [Series("explained variance", x, explained, VALUE)]
    if np.isfinite(variance).any():  # runs of earlier versions have none
        series.append(Series("variance of returns", x, variance, BEFORE))

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        dotted_level(axes, 0.0)
        for line, style in zip(series, STYLES, strict=False):
            draw_curve(axes, x, line.values, line.label, line.colour, style)
        label_axes(axes, "RL step", y_label, legend=len(series) > 1)
        if pretraining:
            mark_pretraining(axes, len(pretraining))

    caption = (
        "Share of the variance of returns that the value model explains, on responses it has not"
        " been trained on yet: 1 is all, 0 (dotted) no more than a constant; values under -1 are"
        " drawn at -1. Steps up to 0 are value pretraining: look for a rise there that RL keeps."
    )
    y_label = "explained variance"
    if len(series) > 1:
        y_label = "share, and reward squared"
        caption += (
            " Read it together with the variance of returns itself: outcomes of 1 and -1 in equal"
            " parts give 1, outcomes that are all alike 0. A share near 0 of a large variance is a"
            " value model that does not help; of a small one it says little, for hardly anything is"
            " left to predict."
        )
    return Plot(
        "explained-variance",
        "Explained variance of the value model",
        caption,
        paint,
        series=tuple(series),
        y_label=y_label,
        level=0.0,
    )


def mark_pretraining(axes: "Axes", steps: int) -> None:
    """Shade the ``steps`` of value pretraining, which end at 0, and name them."""
    axes.axvspan(0.5 - steps, 0.5, color=TRAINER, alpha=0.35, linewidth=0)
    inside: Any = {"color": TICK, "fontsize": 8.5, "transform": axes.get_xaxis_transform()}
    axes.text(0.7 - steps, 0.03, f"pretraining ({steps})", ha="left", va="bottom", **inside)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= axes.get_xlim()[1]])


def value_loss_plot(record: Record) -> Plot | None:
    """Value loss over RL."""
    return curves_plot(
        record.rl_steps,
        "Value loss",
        "Half the squared distance between value and return, per token. It should fall, and can"
        " rise again where the policy changes quickly.",
        "loss (reward squared)",
        [Curve("value/loss", "value loss", VALUE)],
    )


def value_position_plot(record: Record) -> Plot | None:
    """Mean value by position of correct and wrong responses, at three RL steps."""
    chosen = first_middle_last([line for line in record.rl_steps if "value/by_position" in line])
    if not chosen:
        return None

    def paint(figure: "Figure") -> None:
        row = figure.subplots(1, len(chosen), sharey=True, squeeze=False)[0]
        for axes, line in zip(row, chosen, strict=True):
            longest = line["response_length/max"]
            for kind, colour, style in (("correct", CORRECT, "-"), ("wrong", WRONG, "--")):
                values = np.array(line["value/by_position"][kind], dtype=float)
                # Long responses are not written position by position, but at even distances.
                last = longest - 1 if len(values) < longest else len(values) - 1
                x = np.linspace(0, last, len(values)).astype(int)
                axes.plot(x, values, style, color=colour, label=kind, marker="o", markersize=2.5)
            axes.set_title(f"RL step {line['phase_step']}", fontsize=9, loc="left")
            y_label = "mean value" if axes is row[0] else ""
            label_axes(axes, "response position (tokens)", y_label, legend=False)
        row[-1].legend(loc="best")

    caption = (
        "Mean value at each position of the responses that turned out correct and wrong. Where the"
        " correct line is above the wrong one, the value model can tell them apart; where they lie"
        " on top of each other, it cannot. A position counts only the responses that reach it: late"
        " positions show the long responses alone."
    )
    return Plot("value-by-position", "Value along the response", caption, paint, WIDE)


def lambda_plot(record: Record) -> Plot | None:
    """Policy lambda of the response lengths that occurred, on the curve of the formula."""
    lambdas = {
        int(length): float(value)
        for line in record.rl_steps
        for length, value in line.get("advantage/lambda_by_length", {}).items()
    }
    if not lambdas:
        return None
    algorithm = record.config.algorithm

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        lengths = np.arange(1, max(record.config.rollout.max_response_tokens, *lambdas) + 1)
        formula = policy_lambda(lengths, algorithm)
        axes.plot(lengths, formula, color=BEFORE, linewidth=1.2, label="formula")
        x, y = list(lambdas), list(lambdas.values())
        axes.plot(x, y, "o", color=POLICY, markersize=4, label="responses of this run")
        axes.set_ylim(-0.04, 1.04)
        label_axes(axes, "response length (tokens)", "lambda", legend=True)

    rule = f"{algorithm.lambda_policy:g} for every length"
    if algorithm.length_adaptive:
        rule = f"1 - 1/({algorithm.gae_alpha:g} x length), at least 0"
    caption = (
        "How far back along a response the outcome counts in the policy's advantages: lambda is"
        f" {rule}. Each dot is a response length that occurred and must lie on the curve."
    )
    return Plot("lambda", "Lambda by response length", caption, paint)
