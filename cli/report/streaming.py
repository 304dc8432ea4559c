"""The section of a run's report on streaming rollouts; a synchronous run has none."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seed.cli.report.colours import AFTER, BEFORE, CORRECT, POLICY, VALUE, WRONG
from seed.cli.report.document import NO_BREAK, in_columns
from seed.cli.report.drawing import (
    STYLES,
    Curve,
    Plot,
    Series,
    column,
    curves_plot,
    dotted_level,
    draw_curve,
    label_axes,
)
from seed.cli.report.record import Line, Record
from seed.reference.training.metrics import streaming_summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def streaming_section(record: Record) -> str:
    """The section, empty for a synchronous run."""
    summary = streaming_summary(record.metrics).get("streaming")
    if not summary:
        return ""
    lines = [line for line in record.rl_steps if "rollout/occupancy" in line]
    dropped = f"{summary['dropped']:,} were dropped" if summary["dropped"] else "none was dropped"
    text = (
        "Each step trains on the samples that are ready and leaves the others in flight for the"
        f" next step. Over {len(lines)} RL steps {100 * summary['occupancy']:.1f} % of the"
        f" decoding slots drew a token, {100 * summary['on_policy_share']:.1f} % of the trained"
        " samples were drawn by the newest policy alone, the mean staleness was"
        f" {summary['staleness_mean']:.2f} policy versions (at most {summary['staleness_max']}),"
        f" and {dropped} at the staleness bound."
    )
    figures = in_columns(streaming_plots(record))
    return f"<h2>Streaming rollouts</h2><p>{text.replace(' %', NO_BREAK + '%')}</p>{figures}"


def streaming_plots(record: Record) -> list[Plot]:
    """All plots, in reading order; none for a synchronous run."""
    lines = [line for line in record.rl_steps if "rollout/occupancy" in line]
    settings = record.config.rollout
    if not lines:
        return []
    plots = (
        share_plot(lines, settings.srs_alpha),
        staleness_plot(lines, settings.max_staleness),
        histogram_plot(lines, settings.max_staleness),
        in_flight_plot(lines),
    )
    return [plot for plot in plots if plot is not None]


def share_plot(lines: Sequence[Line], alpha: float) -> Plot:
    """Occupancy of the slots and share of on-policy samples per step, both in percent."""

    x, occupancy = column(lines, "phase_step"), column(lines, "rollout/occupancy", 100.0)
    on_policy = column(lines, "rollout/on_policy_share", 100.0)
    series = (
        Series("slots that drew a token", x, occupancy, POLICY),
        Series("samples on-policy", x, on_policy, CORRECT),
    )

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        dotted_level(axes, 100 * alpha)
        for line, style in zip(series, STYLES, strict=False):
            draw_curve(axes, x, line.values, line.label, line.colour, style)
        label_axes(axes, "RL step", "share (%)", legend=True)
        axes.set_ylim(-2, 104)

    caption = (
        "Blue: the share of decoding slots that drew a token; streaming keeps it near 100 %. Green:"
        " the share of trained samples that the newest policy drew alone; it never falls below"
        f" srs_alpha = {alpha:g} (dotted)."
    )
    name, title = "stream-shares", "Occupancy and on-policy share"
    return Plot(name, title, caption, paint, series=series, y_label="share (%)")


def staleness_plot(lines: Sequence[Line], bound: int) -> Plot | None:
    """Mean and largest staleness per step."""
    return curves_plot(
        lines,
        "Staleness per step",
        "Policy versions between the oldest token of a trained sample and the step that trained on"
        f" it; the dotted line is the bound, rollout.max_staleness = {bound}. Look for a mean that"
        " keeps rising: updates then learn from ever older policies.",
        "policy versions",
        [
            Curve("rollout/staleness_mean", "mean", POLICY),
            Curve("rollout/staleness_max", "oldest sample", AFTER),
        ],
        level=bound,
    )


def histogram_plot(lines: Sequence[Line], bound: int) -> Plot:
    """Staleness of the trained samples of the whole run."""
    counts = staleness_counts(lines)
    total = sum(counts.values())

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        shares = [100 * count / total for count in counts.values()]
        colours = [VALUE if staleness else POLICY for staleness in counts]
        bars = axes.bar(list(counts), shares, 0.8, color=colours)
        labels = [f"{share:.0f}" if share >= 1 else "<1" for share in shares]
        axes.bar_label(bars, labels, padding=2, fontsize=8.5, color=AFTER)
        label_axes(axes, "policy versions since the oldest token", "samples (%)", legend=False)
        axes.set_xlim(-0.6, bound + 0.9)
        axes.axvline(bound + 0.5, color=BEFORE, linewidth=1.0, linestyle=":")
        axes.grid(axis="x", visible=False)

    caption = (
        f"Staleness of all {total:,} samples that RL trained on; those of 0 (blue) are on-policy."
        f" No bar can stand beyond the bound of {bound} (dotted)."
    )
    return Plot("stream-staleness", "Staleness over the run", caption, paint)


def staleness_counts(lines: Sequence[Line]) -> dict[int, int]:
    """Staleness in policy versions -> trained samples of all steps."""
    counts: Counter[int] = Counter()
    for line in lines:
        counts.update({int(age): count for age, count in line["rollout/staleness_counts"].items()})
    return dict(sorted(counts.items()))


def in_flight_plot(lines: Sequence[Line]) -> Plot | None:
    """Samples in flight after each step, and dropped ones."""
    return curves_plot(
        lines,
        "Samples in flight",
        "Samples that a step left to be continued in the next one, and those it dropped because"
        " they would have exceeded the staleness bound. A dropped sample was decoded for nothing;"
        " if there are many, raise the bound or srs_alpha.",
        "samples",
        [
            Curve("rollout/in_flight", "in flight", POLICY),
            Curve("rollout/dropped", "dropped", WRONG),
        ],
    )
