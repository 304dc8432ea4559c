"""Plots of the value model: what it explains, its loss, its values, and lambda by length."""

from typing import TYPE_CHECKING

import numpy as np

from seed.cli.report.colours import BEFORE, CORRECT, POLICY, VALUE, WRONG
from seed.cli.report.drawing import (
    WIDE,
    Curve,
    Plot,
    column,
    curves_plot,
    dotted_level,
    draw_curve,
    drawn,
    label_axes,
)
from seed.cli.report.record import Record, first_middle_last
from seed.reference.advantage import policy_lambda

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def explained_variance_plot(record: Record) -> Plot | None:
    """Explained variance, and the variance there is to explain, over value pretraining and RL."""
    both_phases = record.of_phase("value_pretraining", "reinforcement")
    lines = [line for line in both_phases if "value/explained_variance" in line]
    if not np.isfinite(column(lines, "value/explained_variance")).any():
        return None
    pretraining = [line["step"] for line in lines if line["phase"] == "value_pretraining"]
    has_both = bool(pretraining) and lines[-1]["phase"] == "reinforcement"

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        dotted_level(axes, 0.0)
        x = column(lines, "step")
        y = np.clip(column(lines, "value/explained_variance"), -1.0, None)
        draw_curve(axes, x, y, "explained variance", VALUE)
        variance = column(lines, "value/return_variance")
        if np.isfinite(variance).any():  # runs of earlier versions have none
            draw_curve(axes, x, variance, "variance of returns", BEFORE, "--")
        if has_both:
            axes.axvline(max(pretraining) + 0.5, color=BEFORE, linewidth=1.0, label="RL begins")
        label_axes(axes, "step over all phases", "share, and reward squared", legend=True)

    caption = (
        "Explained variance is the share of the variance of returns that the value model explains,"
        " on responses it has not been trained on yet: 1 is all, 0 (dotted) no more than a"
        " constant; values under -1 are drawn at -1. Read it together with the dashed line, the"
        " variance of returns itself: outcomes of 1 and -1 in equal parts give 1, outcomes that are"
        " all alike 0. A share near 0 of a large variance is a value model that does not help. A"
        " share near 0 of a small variance says little, for hardly anything is left to predict."
        " Look for a rise in pretraining that RL keeps."
    )
    return drawn("explained-variance", "Explained variance of the value model", caption, paint)


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
            axes.set_title(f"RL step {line['phase_step']}", fontsize=9, color="#444444", loc="left")
            y_label = "mean value" if axes is row[0] else ""
            label_axes(axes, "response position (tokens)", y_label, legend=False)
        row[-1].legend(loc="best")

    caption = (
        "Mean value at each position of the responses that turned out correct and wrong. Where the"
        " correct line is above the wrong one, the value model can tell them apart; where they lie"
        " on top of each other, it cannot. A position counts only the responses that reach it: late"
        " positions show the long responses alone."
    )
    return drawn("value-by-position", "Value along the response", caption, paint, WIDE)


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
    return drawn("lambda", "Lambda by response length", caption, paint)
