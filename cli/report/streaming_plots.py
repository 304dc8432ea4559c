"""Streaming rollouts in a run's report: how full the slots were, how old the samples, what stayed
under way.

A synchronous run has none of these figures and gets none of this.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seed.cli.report.figures import NO_BREAK, in_columns
from seed.cli.report.plots import (
    AFTER,
    BEFORE,
    CORRECT,
    POLICY,
    SIZE,
    VALUE,
    WRONG,
    Curve,
    Line,
    Plot,
    Record,
    column,
    curves_plot,
    draw_curve,
    draw_svg,
    finish,
)
from seed.reference.training.metrics import streaming_summary
from seed.spec.config_rl import RolloutConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def stream_section(record: Record) -> str:
    """The section of the report, empty for a synchronous run."""
    found = streaming_summary(record.metrics).get("streaming")
    if not found:
        return ""
    lines = [line for line in record.of_phase("reinforcement") if "rollout/occupancy" in line]
    dropped = f"{found['dropped']:,} were given up" if found["dropped"] else "none was given up"
    did = (
        "A step takes the samples that it trains on out of more that are under way; the others go"
        f" on in the next step. Over {len(lines)} RL steps {100 * found['occupancy']:.1f} % of the"
        f" decoding slots drew a token, {100 * found['on_policy_share']:.1f} % of the trained"
        " samples were of the newest weights alone, the mean staleness was"
        f" {found['staleness_mean']:.2f} policies (at most {found['staleness_max']}), and"
        f" {dropped} at the bound."
    )
    plots = in_columns(stream_plots(lines, record.config.rollout))
    return f"<h2>Streaming rollouts</h2><p>{did.replace(' %', NO_BREAK + '%')}</p>{plots}"


def stream_plots(lines: Sequence[Line], settings: RolloutConfig) -> list[Plot]:
    """All plots, in reading order.

    Args:
        lines: Metrics lines of the RL steps of a streaming run, at least one.
        settings: The run's, for its bounds.
    """
    staleness = curves_plot(
        lines,
        "Staleness per step",
        "Publications of weights between the oldest token of a trained sample and the step that"
        " trained on it; the dotted line is the bound, rollout.max_staleness ="
        f" {settings.max_staleness}. Look for a mean that keeps rising: updates then learn from"
        " ever older policies.",
        "policies",
        [
            Curve("rollout/staleness_mean", "mean", POLICY),
            Curve("rollout/staleness_max", "oldest sample", AFTER),
        ],
        level=settings.max_staleness,
    )
    in_flight = curves_plot(
        lines,
        "Left under way",
        "Samples that a step left for the next one to go on with, and those it gave up because they"
        " would have passed the bound. An dropped sample was decoded for nothing; if there are"
        " many, raise the bound or srs_alpha.",
        "samples",
        [
            Curve("rollout/in_flight", "under way", POLICY),
            Curve("rollout/dropped", "dropped", WRONG),
        ],
    )
    found = (
        share_plot(lines, settings.srs_alpha),
        staleness,
        histogram_plot(lines, settings.max_staleness),
        in_flight,
    )
    return [plot for plot in found if plot is not None]


def share_plot(lines: Sequence[Line], alpha: float) -> Plot:
    """Occupancy and share on-policy per step, both in percent."""

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.axhline(100 * alpha, color=BEFORE, linewidth=1.0, linestyle=":")
        x = column(lines, "phase_step")
        for metric, label, colour, style in (
            ("rollout/occupancy", "slots that drew a token", POLICY, "-"),
            ("rollout/on_policy_share", "samples on-policy", CORRECT, "--"),
        ):
            draw_curve(axes, x, column(lines, metric, 100.0), label, colour, style)
        finish(axes, "RL step", "share (%)", legend=True)
        axes.set_ylim(-2, 104)

    caption = (
        "Blue: the share of decoding slots that drew a token, which streaming is to keep near 100"
        " %. Green: the share of trained samples whose every token is of the newest weights; it"
        f" never falls below srs_alpha = {alpha:g} (dotted)."
    )
    return Plot(
        "stream-shares",
        "Occupancy and on-policy share",
        caption,
        draw_svg("stream-shares", SIZE, paint),
    )


def staleness_counts(lines: Sequence[Line]) -> dict[int, int]:
    """Age in policies -> trained samples of all steps."""
    counts: Counter[int] = Counter()
    for line in lines:
        counts.update({int(age): count for age, count in line["rollout/staleness_counts"].items()})
    return dict(sorted(counts.items()))


def histogram_plot(lines: Sequence[Line], bound: int) -> Plot:
    """How old the trained samples of the whole run are."""
    counts = staleness_counts(lines)
    total = sum(counts.values())

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        shares = [100 * count / total for count in counts.values()]
        bars = axes.bar(
            list(counts), shares, 0.8, color=[VALUE if age else POLICY for age in counts]
        )
        axes.bar_label(
            bars,
            [f"{share:.0f}" if share >= 1 else "<1" for share in shares],
            padding=2,
            fontsize=8.5,
            color=AFTER,
        )
        finish(axes, "policies since the oldest token", "samples (%)", legend=False)
        axes.set_xlim(-0.6, bound + 0.9)
        axes.axvline(bound + 0.5, color=BEFORE, linewidth=1.0, linestyle=":")
        axes.grid(axis="x", visible=False)

    caption = (
        f"Age of all {total:,} samples that RL trained on; those of age 0 (blue) are on-policy. No"
        f" bar can stand beyond the bound of {bound} (dotted)."
    )
    return Plot(
        "stream-staleness",
        "Staleness over the run",
        caption,
        draw_svg("stream-staleness", SIZE, paint),
    )
