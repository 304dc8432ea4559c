"""The plots of a run's report: each a title, a picture as inline SVG, and what it shows in plain
words.

A plot whose figures a run does not have (a critic-free recipe has no values, a young run no RL
steps) is left out. Single steps are thin lines; once there are ``TREND_FROM`` of them, a bold line
shows their centred moving mean. Equal figures give equal bytes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from seed.cli.report.classes import earned
from seed.reference.advantage import policy_lambda
from seed.reference.evaluation.intervals import clustered_interval
from seed.spec.config import Config
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = dict[str, Any]
Scores = dict[str, dict[str, Any]]

# Okabe and Ito's palette for roles, Paul Tol's muted one for families: both can be told apart by
# the colour-blind.
POLICY, VALUE, CORRECT, WRONG, BEFORE, AFTER = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#767676",
    "#222222",
)
FAMILY_COLOURS = ("#332288", "#44AA99", "#AA4499", "#999933", "#882255", "#88CCEE")
STYLES = ("-", "--", "-.", ":")
TREND_FROM = 20
"""Fewest steps that get a moving mean; fewer are few enough to be read one by one."""
TREND_SHARE = 12
"""The moving mean spans this fraction of the steps: 1 / 12."""
SIZE, WIDE = (5.4, 2.9), (11.0, 3.0)
"""Inches of a plot in one column and of one across both."""
STYLE: Any = {
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
    """A picture for the report.

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
class Record:
    """What a run has written so far.

    Attributes:
        config: Its resolved configuration.
        config_text: The same as TOML, as it stands in the run directory.
        metrics: One line per step, over all phases.
        timings: Seconds and tokens, one line per step.
        samples: Responses written out as text.
        summary: The summary of a finished run, otherwise empty.
        before: Scores of the cold-start model, empty until it is examined.
        after: Scores of the trained model, empty until it is examined.
        shares: RL step over all phases -> share of correct responses of each of its problems, as
            far as it is known.
    """

    config: Config
    config_text: str
    metrics: Sequence[Line] = ()
    timings: Sequence[Line] = ()
    samples: Sequence[Line] = ()
    summary: Line = field(default_factory=dict)
    before: Scores = field(default_factory=dict)
    after: Scores = field(default_factory=dict)
    shares: dict[int, list[float]] = field(default_factory=dict)

    def of_phase(self, *phases: str) -> list[Line]:
        """Metrics lines of some phases."""
        return [line for line in self.metrics if line["phase"] in phases]


@dataclass(frozen=True)
class Curve:
    """A figure of the metrics lines as a line of a plot."""

    metric: str
    label: str
    colour: str
    scale: float = 1.0


# Drawing


def draw_svg(name: str, size: tuple[float, float], paint: Callable[["Figure"], None]) -> str:
    """Paint a figure and return it as SVG that can stand inside a page next to others.

    Names of elements get ``name`` in front, so that two pictures on a page never share one;
    namespaces and metadata, which inline SVG does not need, are dropped.

    Args:
        name: Unique on the page.
        size: Inches.
        paint: Fills the empty figure.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size)
        paint(figure)
        buffer = StringIO()
        figure.savefig(
            buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    text = buffer.getvalue()
    head, body = text[text.index("<svg") :].split(">", 1)
    view_box = head[head.index("viewBox") :].split('"')[1]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body)
    return (
        f'<svg viewBox="{view_box}" role="img" aria-label="{name.replace("-", " ")}">{body.strip()}'
    )


def trend(values: Array) -> Array:
    """Centred moving mean that skips gaps; NaN where its whole window is a gap."""
    half = len(values) // (2 * TREND_SHARE)
    windows = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    known = [window[np.isfinite(window)] for window in windows]
    return np.array([window.mean() if window.size else np.nan for window in known])


def draw_curve(axes: "Axes", x: Array, y: Array, label: str, colour: str, style: str = "-") -> None:
    """A line over steps, with its moving mean if there are many."""
    if len(y) >= TREND_FROM:
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.4)
        axes.plot(x, trend(y), style, color=colour, label=label)
    else:
        axes.plot(x, y, style, color=colour, label=label, marker="o", markersize=3.0)


def finish(axes: "Axes", x_label: str, y_label: str, legend: bool) -> None:
    """Label the axes; the legend goes above the picture, where no line runs."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if legend:
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=4,
            handlelength=1.8,
            columnspacing=1.4,
        )


def column(lines: Sequence[Line], metric: str, scale: float = 1.0) -> Array:
    """A figure over the lines; NaN where a line lacks it or could not know it."""
    found = [line.get(metric) for line in lines]
    return np.array([np.nan if value is None else scale * value for value in found], dtype=float)


def curves_plot(
    lines: Sequence[Line],
    title: str,
    caption: str,
    y_label: str,
    curves: Sequence[Curve],
    x_label: str = "RL step",
    level: float | None = None,
) -> Plot | None:
    """Figures of the metrics lines over steps; none if no line holds any of them.

    Args:
        lines: Metrics lines of one phase.
        title: Heading.
        caption: What it shows.
        y_label: Quantity and unit.
        curves: Figures to draw; those that no line holds are left out.
        x_label: What a step is.
        level: A value to mark with a dotted line.
    """
    known = [curve for curve in curves if np.isfinite(column(lines, curve.metric)).any()]
    if not known:
        return None

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        if level is not None:
            axes.axhline(level, color=BEFORE, linewidth=1.0, linestyle=":")
        for curve, style in zip(known, cycle(STYLES), strict=False):
            y = column(lines, curve.metric, curve.scale)
            draw_curve(axes, column(lines, "phase_step"), y, curve.label, curve.colour, style)
        finish(axes, x_label, y_label, legend=len(curves) > 1)
        if all(np.nanmax(np.abs(column(lines, curve.metric))) == 0.0 for curve in known):
            axes.set_ylim(-0.02, 1.0)  # a figure that stays 0 has no scale of its own

    name = title.lower().replace(" ", "-")
    return Plot(name, title, caption, draw_svg(name, SIZE, paint))


# Outcome


def held_out_plot(record: Record) -> Plot | None:
    """Examination before and after RL, by family, with intervals."""
    exams = [
        (label, scores, colour, marker)
        for label, scores, colour, marker in (
            ("before RL", record.before, BEFORE, "o"),
            ("after RL", record.after, AFTER, "D"),
        )
        if scores
    ]
    if not exams:
        return None
    names = list(exams[0][1])

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        for offset, (label, scores, colour, marker) in zip((-0.14, 0.14), exams, strict=False):
            centre = np.array([100 * scores[name]["accuracy"] for name in names])
            low = np.array([100 * scores[name]["ci_low"] for name in names])
            high = np.array([100 * scores[name]["ci_high"] for name in names])
            errors = np.clip([centre - low, high - centre], 0.0, None)
            rows = np.arange(len(names)) + offset
            axes.errorbar(
                centre,
                rows,
                xerr=errors,
                fmt=marker,
                color=colour,
                label=label,
                markersize=5,
                linewidth=1.4,
            )
        finish(axes, "accuracy (%)", "", legend=True)
        axes.set_yticks(
            range(len(names)), [{"overall": "all families"}.get(name, name) for name in names]
        )
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(-2, 102)
        axes.grid(axis="y", visible=False)

    caption = (
        "Share of correct responses to problems that training never draws, with 95 % intervals. "
        "Look for a diamond to the right of its circle, with bars that do not overlap."
    )
    return Plot(
        "held-out", "Held-out accuracy by family", caption, draw_svg("held-out", SIZE, paint)
    )


def accuracy_plot(record: Record) -> Plot | None:
    """Accuracy of the responses of each RL step with a band, and the two examinations as points at
    the ends.
    """
    lines = record.of_phase("reinforcement")
    if not lines:
        return None
    group = record.config.rollout.samples_per_prompt
    bands = np.array(
        [accuracy_interval(line, record.shares.get(line["step"]), group) for line in lines]
    )

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        x = column(lines, "phase_step")
        axes.fill_between(
            x, 100 * bands[:, 0], 100 * bands[:, 1], color=POLICY, alpha=0.14, linewidth=0
        )
        draw_curve(axes, x, column(lines, "reward/accuracy", 100.0), "training, 95 % band", POLICY)
        exams = (
            ("held-out before", record.before, 0, BEFORE, "o"),
            ("held-out after", record.after, x[-1] + 1, AFTER, "D"),
        )
        for label, scores, place, colour, marker in exams:
            if scores:
                low, centre, high = (
                    100 * scores["overall"][key] for key in ("ci_low", "accuracy", "ci_high")
                )
                errors = [[centre - low], [high - centre]]
                axes.errorbar(
                    [place],
                    [centre],
                    yerr=errors,
                    fmt=marker,
                    color=colour,
                    label=label,
                    markersize=5,
                )
        axes.set_ylim(bottom=0)
        finish(axes, "RL step", "accuracy (%)", legend=True)

    rollout, exam = record.config.rollout, record.config.evaluation
    caption = (
        "Share of correct responses among those sampled for training (temperature"
        f" {rollout.temperature:g}); the band counts responses to one problem as related. The"
        f" points are the examinations on held-out problems (temperature {exam.temperature:g},"
        f" top-p {exam.top_p:g}), so they need not lie on the line; look whether both rise."
    )
    return Plot("accuracy", "Accuracy in training", caption, draw_svg("accuracy", SIZE, paint))


def accuracy_interval(
    line: Line, shares: Sequence[float] | None, group: int
) -> tuple[float, float]:
    """95 % interval of a step's accuracy, clustered by problem.

    Where the outcome of each problem is not known, the responses to a problem count as one: the
    widest the interval can be.

    Args:
        line: Metrics line with ``accuracy`` and ``responses``.
        shares: Share of correct responses of each problem, if known.
        group: Responses per problem.
    """
    return clustered_interval(
        shares or [line["reward/accuracy"]] * max(1, line["rollout/responses"] // group), group
    )


def family_plot(record: Record) -> Plot | None:
    """Accuracy in training, one line per family."""
    flat = [
        {"phase_step": m["phase_step"], **m["reward/accuracy_by_family"]}
        for m in record.of_phase("reinforcement")
    ]
    colours = zip(record.config.data.families, cycle(FAMILY_COLOURS), strict=False)
    return curves_plot(
        flat,
        "Accuracy by family",
        "The same responses, family by family. Look for families that are learned early or never,"
        " and for one that gains while another loses.",
        "accuracy (%)",
        [Curve(family, family, colour, 100.0) for family, colour in colours],
    )


def class_plot(record: Record) -> Plot | None:
    """Reward in training, one line per data class, with its means at both ends; none where all
    problems are verifiable.
    """
    lines = [line for line in record.of_phase("reinforcement") if "reward/by_class" in line]
    found = earned(lines, record.config.data)
    if not found:
        return None

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        x = column(lines, "phase_step")
        apart = 0.015 * (x[-1] - x[0])  # the means stand side by side, outside of the lines
        for turn, (one, colour, style) in enumerate(
            zip(found, cycle(FAMILY_COLOURS), cycle(STYLES), strict=False), start=1
        ):
            y = column([line["reward/by_class"] for line in lines], one.name)
            draw_curve(axes, x, y, f"{one.name}: {', '.join(one.families)}", colour, style)
            for place, part in (
                (x[0] - turn * apart, one.early.reward),
                (x[-1] + turn * apart, one.late.reward),
            ):
                if part.low is not None and part.high is not None:
                    errors = [[part.mean - part.low], [part.high - part.mean]]
                    axes.errorbar(
                        [place],
                        [part.mean],
                        yerr=errors,
                        fmt="o",
                        color=colour,
                        markersize=5,
                        linewidth=1.4,
                    )
        finish(axes, "RL step", "mean reward", legend=True)

    caption = (
        "The same rewards, apart for problems that a verifier judges, that the reward model scores"
        " (general), and that both do (hybrid). The dots at both ends are means of the first and of"
        " the last sixth of the steps, with 95 % intervals. Look for one class that pays while"
        " another is given up."
    )
    return Plot(
        "reward-by-data-class",
        "Reward by data class",
        caption,
        draw_svg("reward-by-data-class", WIDE, paint),
        wide=True,
    )


# Responses and policy


def policy_plots(record: Record) -> list[Plot | None]:
    """What RL does to the policy and its responses."""
    lines, config = record.of_phase("reinforcement"), record.config
    algorithm, limit = config.algorithm, config.rollout.max_response_tokens
    between = ", and between them by the reward model's word" if config.data.preferred else ""
    punished = ", less the punishment for overlong ones" if config.reward.overlong_share else ""
    of_fp8, gaps = "", [Curve("policy/log_prob_gap", "in the updates", POLICY)]
    if config.rollout.precision == "fp8":
        of_fp8 = (
            " The other line is the gap before any update: what rounding the rollouts' policy to"
            " FP8 costs."
        )
        gaps.append(Curve("rollout/log_prob_gap", "before them (FP8)", VALUE))
    return [
        curves_plot(
            lines,
            "Reward",
            f"Mean reward of all responses sampled in a step: {config.reward.correct:g} for a"
            f" correct one, {config.reward.wrong:g} for a wrong one{between}{punished}. This is"
            " what training pushes up.",
            "mean reward",
            [Curve("reward/mean", "reward", POLICY)],
        ),
        curves_plot(
            lines,
            "Response length",
            "Tokens of the responses, end of sequence included; the dotted line is the limit of"
            f" {limit}. Look for a drift to very short answers, or a climb to the limit.",
            "response tokens",
            [
                Curve("response_length/mean", "mean", POLICY),
                Curve("response_length/max", "longest", AFTER),
            ],
            level=limit,
        ),
        curves_plot(
            lines,
            "Truncated responses",
            f"Share of responses cut off at {limit} tokens before they ended by themselves. A cut"
            " response is rarely correct, so a rise here costs accuracy.",
            "truncated (%)",
            [Curve("response_length/truncated_fraction", "truncated", POLICY, 100.0)],
        ),
        curves_plot(
            lines,
            "Entropy",
            "How undecided the policy is about its next token, on average. A slow fall means that"
            " it becomes surer; near 0 it has stopped exploring, and a steep rise means that it"
            " loses its form.",
            "entropy (nats per token)",
            [Curve("policy/entropy", "entropy", POLICY)],
        ),
        curves_plot(
            lines,
            "Groups without contrast",
            "Share of problems in a step's batch whose responses all earned the same reward. They"
            " say nothing about which response was better; near 100 % a step can hardly teach.",
            "groups (%)",
            [Curve("reward/zero_variance_fraction", "equal rewards", POLICY, 100.0)],
        ),
        curves_plot(
            lines,
            "Clipped tokens",
            "Share of tokens whose gradient the clip removes: low, a bad token that the policy"
            f" already gives below {1 - algorithm.clip_low:g} times its old probability; high, a"
            f" good one above {1 + algorithm.clip_high:g} times. More than a few percent means that"
            " it moves far within a step.",
            "clipped tokens (%)",
            [
                Curve("policy/clip_fraction_low", "low", WRONG, 100.0),
                Curve("policy/clip_fraction_high", "high", CORRECT, 100.0),
            ],
        ),
        curves_plot(
            lines,
            "Probability ratio",
            "Mean of a token's probability under the policy being updated over its probability when"
            " it was drawn. It stays near 1 (dotted) as long as updates are small.",
            "ratio",
            [Curve("policy/ratio", "ratio", POLICY)],
            level=1.0,
        ),
        curves_plot(
            lines,
            "Log-prob gap",
            "Mean distance between a token's log-probability in the update and when it was drawn."
            f" A jump means a large policy step, or a sampler and a trainer that disagree.{of_fp8}",
            "mean gap (nats)",
            gaps,
        ),
        curves_plot(
            lines,
            "Policy loss",
            "The clipped surrogate and, where switched on, the language-model loss on correct"
            f" responses, times its weight of {algorithm.positive_weight:g}. The surrogate has no"
            " level to reach; look for jumps.",
            "loss per token",
            [
                Curve("policy/loss_surrogate", "surrogate", POLICY),
                Curve("policy/loss_positive", "correct responses", CORRECT),
            ],
        ),
        curves_plot(
            lines,
            "Gradient norms",
            "Length of the gradient before clipping, averaged over a step's updates; the dotted"
            " line is where the policy's is clipped. Spikes are updates that would have gone far.",
            "global norm",
            [
                Curve("policy/grad_norm", "policy", POLICY),
                Curve("value/grad_norm", "value model", VALUE),
            ],
            level=config.policy_optimizer.clip_norm or None,
        ),
    ]


# Value model


def explained_variance_plot(record: Record) -> Plot | None:
    """Explained variance over value pretraining and RL."""
    both = record.of_phase("value_pretraining", "reinforcement")
    lines = [line for line in both if line.get("value/explained_variance") is not None]
    if not lines:
        return None
    border = max(
        (line["step"] for line in lines if line["phase"] == "value_pretraining"), default=None
    )

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.axhline(0.0, color=BEFORE, linewidth=1.0, linestyle=":")
        y = np.clip(column(lines, "value/explained_variance"), -1.0, None)
        draw_curve(axes, column(lines, "step"), y, "explained variance", VALUE)
        if border is not None and lines[-1]["phase"] == "reinforcement":
            axes.axvline(border + 0.5, color=BEFORE, linewidth=1.0)
            place = axes.get_xaxis_transform()
            axes.text(
                border,
                1.01,
                "pretraining ",
                ha="right",
                color=BEFORE,
                fontsize=8.5,
                transform=place,
            )
            axes.text(
                border + 1, 1.01, " RL", ha="left", color=BEFORE, fontsize=8.5, transform=place
            )
        finish(axes, "step over all phases", "explained variance", legend=False)

    caption = (
        "How much of the difference between returns the value model foresaw, on responses it had"
        " not learned from yet: 1 is all, 0 (dotted) no more than a constant guess; values under -1"
        " are drawn at -1. Look for a rise in pretraining that RL keeps."
    )
    name = "explained-variance"
    return Plot(name, "Explained variance of the value model", caption, draw_svg(name, SIZE, paint))


def value_position_plot(record: Record) -> Plot | None:
    """Mean value per response position for correct and wrong responses, at the first, middle and
    last RL step.
    """
    lines = [line for line in record.of_phase("reinforcement") if "value/by_position" in line]
    if not lines:
        return None
    chosen = first_middle_last(lines)

    def paint(figure: "Figure") -> None:
        row = figure.subplots(1, len(chosen), sharey=True, squeeze=False)[0]
        for axes, line in zip(row, chosen, strict=True):
            for kind, colour, style in (("correct", CORRECT, "-"), ("wrong", WRONG, "--")):
                values = column(
                    [{"value": value} for value in line["value/by_position"][kind]], "value"
                )
                sampled = len(values) < line["response_length/max"]
                last = line["response_length/max"] - 1 if sampled else len(values) - 1
                x = np.linspace(0, last, len(values)).astype(int)
                axes.plot(x, values, style, color=colour, label=kind, marker="o", markersize=2.5)
            axes.set_title(f"RL step {line['phase_step']}", fontsize=9, color="#444444", loc="left")
            finish(
                axes,
                "response position (tokens)",
                "mean value" if axes is row[0] else "",
                legend=False,
            )
        row[-1].legend(loc="best")

    caption = (
        "What the value model believes at each position, on average over the responses that turned"
        " out correct and wrong. A useful one keeps the correct line above the wrong one, more so"
        " towards the end; lines on top of each other tell nothing apart."
    )
    name = "value-by-position"
    return Plot(name, "Value along the response", caption, draw_svg(name, WIDE, paint), wide=True)


def lambda_plot(record: Record) -> Plot | None:
    """Policy lambda of the response lengths that occurred, on the curve of the formula."""
    seen = {
        int(n): float(x)
        for line in record.of_phase("reinforcement")
        for n, x in line.get("advantage/lambda_by_length", {}).items()
    }
    if not seen:
        return None
    algorithm = record.config.algorithm

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        lengths = np.arange(1, max(record.config.rollout.max_response_tokens, *seen) + 1)
        axes.plot(
            lengths, policy_lambda(lengths, algorithm), color=BEFORE, linewidth=1.2, label="formula"
        )
        axes.plot(
            list(seen),
            list(seen.values()),
            "o",
            color=POLICY,
            markersize=4,
            label="responses of this run",
        )
        axes.set_ylim(-0.04, 1.04)
        finish(axes, "response length (tokens)", "lambda", legend=True)

    adaptive = f"1 - 1/({algorithm.gae_alpha:g} x length), at least 0"
    rule = (
        adaptive if algorithm.length_adaptive else f"{algorithm.lambda_policy:g} for every length"
    )
    caption = (
        "How far back along a response an outcome reaches in the policy's advantages: lambda is"
        f" {rule}. Each dot is a response length that occurred and must lie on the curve."
    )
    return Plot("lambda", "Lambda by response length", caption, draw_svg("lambda", SIZE, paint))


def value_loss_plot(record: Record) -> Plot | None:
    """Value loss over RL."""
    return curves_plot(
        record.of_phase("reinforcement"),
        "Value loss",
        "Half the squared distance between the value model's belief and the return, per token. It"
        " should fall, and can rise again where the policy changes quickly.",
        "loss (reward squared)",
        [Curve("value/loss", "value loss", VALUE)],
    )


# Cold start and speed


def supervised_plot(record: Record) -> Plot | None:
    """Loss of the cold start."""
    return curves_plot(
        record.of_phase("supervised"),
        "Cold start loss",
        "Imitation of worked solutions before RL: how surprised the policy is by the next token of"
        " a demonstration. It should fall steeply, then flatten.",
        "loss (nats per token)",
        [Curve("policy/loss_nll", "loss", POLICY)],
        x_label="supervised step",
    )


def speed_plot(record: Record) -> Plot | None:
    """Tokens per second of rollouts and updates over RL."""
    speeds = [
        {
            "phase_step": line["phase_step"],
            **{
                kind: line[f"{kind}_tokens"] / line[f"{kind}_seconds"]
                for kind in ("rollout", "update")
            },
        }
        for line in record.timings
        if line["phase"] == "reinforcement"
    ]
    return curves_plot(
        speeds,
        "Speed",
        "Tokens per second: sampled ones while responses are written and scored, prompt and"
        " response ones while models are updated. A drop means longer sequences or a busy machine.",
        "tokens per second",
        [Curve("rollout", "rollout", POLICY), Curve("update", "update", VALUE)],
    )


# All of them


def first_middle_last(items: Sequence[Any]) -> list[Any]:
    """The first, the middle and the last of a sequence, each once."""
    return [items[i] for i in sorted({0, len(items) // 2, len(items) - 1})] if items else []


def plots(record: Record) -> list[Plot]:
    """Every plot that the run has figures for, in reading order."""
    reward, *policy = policy_plots(record)
    wanted: Iterable[Plot | None] = (
        held_out_plot(record),
        accuracy_plot(record),
        reward,
        family_plot(record),
        class_plot(record),
        *policy,
        explained_variance_plot(record),
        value_loss_plot(record),
        value_position_plot(record),
        lambda_plot(record),
        supervised_plot(record),
        speed_plot(record),
    )
    return [plot for plot in wanted if plot is not None]
