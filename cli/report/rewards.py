"""Plots of the responses that a step samples: their rewards and their lengths."""

from itertools import cycle
from typing import TYPE_CHECKING, Any

from seed.cli.report.colours import AFTER, FAMILY_COLOURS, POLICY
from seed.cli.report.data_classes import class_rewards
from seed.cli.report.drawing import (
    STYLES,
    WIDE,
    Curve,
    Plot,
    Series,
    column,
    curves_plot,
    draw_curve,
    label_axes,
)
from seed.cli.report.record import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reward_plot(record: Record) -> Plot | None:
    """Mean reward over RL."""
    reward = record.config.reward
    of_pairs = ", and between them by the reward model" if record.config.data.preferred else ""
    penalty = ", less the penalty for overlong ones" if reward.overlong_share else ""
    return curves_plot(
        record.rl_steps,
        "Reward",
        f"Mean reward of all responses sampled in a step: {reward.correct:g} for a correct one,"
        f" {reward.wrong:g} for a wrong one{of_pairs}{penalty}. RL maximises it.",
        "mean reward",
        [Curve("reward/mean", "reward", POLICY)],
    )


def class_plot(record: Record) -> Plot | None:
    """Reward in training by data class; None where all problems are verifiable."""
    lines = [line for line in record.rl_steps if "reward/by_class" in line]
    classes = class_rewards(lines, record.config.data)
    if not classes:
        return None
    x = column(lines, "phase_step")
    series = tuple(
        Series(
            f"{of_class.name}: {', '.join(of_class.families)}",
            x,
            column([line["reward/by_class"] for line in lines], of_class.name),
            colour,
        )
        for of_class, colour in zip(classes, cycle(FAMILY_COLOURS), strict=False)
    )

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        gap = 0.015 * (x[-1] - x[0])  # the means stand side by side, outside of the lines
        looks = zip(classes, series, cycle(STYLES), strict=False)
        for number, (of_class, line, style) in enumerate(looks, start=1):
            draw_curve(axes, x, line.values, line.label, line.colour, style)
            look: Any = {"fmt": "o", "color": line.colour, "markersize": 5, "linewidth": 1.4}
            steps = x[0] - number * gap, x[-1] + number * gap
            for step, window in zip(steps, (of_class.early, of_class.late), strict=True):
                mean, low, high = window.reward.mean, window.reward.low, window.reward.high
                if low is not None and high is not None:
                    axes.errorbar([step], [mean], yerr=[[mean - low], [high - mean]], **look)
        label_axes(axes, "RL step", "mean reward", legend=True)

    caption = (
        "The same rewards by class of problem: judged by a verifier, scored by the reward model"
        " (general), or both (hybrid)."
    )
    look_for = " Look for one class that rises while another falls."
    means = (
        " The dots at both ends are means of the first and of the last sixth of the steps, with"
        " 95 % intervals."
    )
    return Plot(
        "reward-by-data-class",
        "Reward by data class",
        caption + means + look_for,
        paint,
        WIDE,
        series,
        y_label="mean reward",
        series_caption=caption + look_for,
    )


def length_plot(record: Record) -> Plot | None:
    """Mean and largest response length over RL."""
    limit = record.config.rollout.max_response_tokens
    return curves_plot(
        record.rl_steps,
        "Response length",
        "Tokens of the responses, end of sequence included; the dotted line is the limit of"
        f" {limit}. Look for a drift to very short answers, or a climb to the limit.",
        "response tokens",
        [
            Curve("response_length/mean", "mean", POLICY),
            Curve("response_length/max", "longest", AFTER),
        ],
        level=limit,
    )


def truncation_plot(record: Record) -> Plot | None:
    """Share of truncated responses over RL."""
    limit = record.config.rollout.max_response_tokens
    return curves_plot(
        record.rl_steps,
        "Truncated responses",
        f"Share of responses cut off at {limit} tokens before their end of sequence. A truncated"
        " response is rarely correct, so a rise here costs accuracy.",
        "truncated (%)",
        [Curve("response_length/truncated_fraction", "truncated", POLICY, 100.0)],
    )


def equal_groups_plot(record: Record) -> Plot | None:
    """Share of groups whose responses all earned the same reward."""
    return curves_plot(
        record.rl_steps,
        "Groups of equal rewards",
        "Share of problems in a step's batch whose responses all earned the same reward. They do"
        " not show which response was better; near 100 % a step can hardly teach.",
        "groups (%)",
        [Curve("reward/zero_variance_fraction", "equal rewards", POLICY, 100.0)],
    )
