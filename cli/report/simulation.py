"""Plots of a simulation: speed over srs_alpha, and what the slots do meanwhile."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seed.cli.report.colours import AFTER, BEFORE, CORRECT, POLICY, TRAINER, VALUE
from seed.cli.report.drawing import WIDE, Plot, label_axes
from seed.reference.simulation.simulate import Outcome
from seed.reference.simulation.sweep import LEAST_GAIN, Point, Scenario
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_ITERATIONS = 2
"""Synchronous iterations that a plot over time spans: enough to see a whole one."""
PIXELS, SMALL_PIXELS = 500, 160
"""Points over time of a wide plot and of a small one; what is shorter is averaged."""
SHOWN_WORKERS = 2
"""Workers of each kind that a timeline shows: they all behave alike."""


def simulation_plots(points: Sequence[Point], best: Point, scenario: Scenario) -> list[Plot]:
    """All plots, in reading order.

    The first of ``points`` is the synchronous system, ``best`` the one where speed stops paying.
    """
    return [
        sweep_plot(points, best),
        timeline_plot(points[0], best, scenario),
        iteration_plot(points),
        occupancy_plot(points[0], best, scenario),
        staleness_plot(best),
        length_plot(scenario),
    ]


def sweep_plot(points: Sequence[Point], best: Point) -> Plot:
    """Speed-up, share on-policy and staleness over srs_alpha."""
    alphas = [point.alpha for point in points]
    figures = [point.figures for point in points]
    speed_ups = ("speed-up", [p.speed_up for p in points], POLICY, "o-")
    by_refilling = ("by refilling alone", [p.refilling for p in points], CORRECT, "o--")
    on_policy = ("measured", [100 * f.on_policy for f in figures], POLICY, "o-")
    at_least = ("at least", [100 * alpha for alpha in alphas], BEFORE, ":")
    staleness = ("mean", [f.staleness for f in figures], VALUE, "o-")
    largest = ("largest", [float(f.staleness_max) for f in figures], AFTER, "o--")
    panels = (
        ("times the synchronous speed", speed_ups, by_refilling),
        ("samples on-policy (%)", on_policy, at_least),
        ("staleness (policy versions)", staleness, largest),
    )

    def paint(figure: "Figure") -> None:
        for axes, (y_label, *curves) in zip(figure.subplots(1, 3), panels, strict=True):
            for label, values, colour, style in curves:
                axes.plot(alphas, values, style, color=colour, label=label, markersize=3.5)
            label_axes(axes, "srs_alpha", y_label, legend=True)
            axes.axvline(best.alpha, color=BEFORE, linewidth=1.0)
            axes.set_ylim(0.0, max(axes.get_ylim()[1], 1.0))
            ticks = np.arange(0.0, 1.01, 0.2)
            axes.set_xticks(ticks, [f"{tick:.1f}" for tick in ticks])
            axes.set_xlim(1.03, min(alphas) - 0.03)

    reason = (
        "where speed stops paying: the next step of the sweep shortens an iteration by less"
        f" than {100 * LEAST_GAIN:g} %, and its costs in the other two plots still grow"
    )
    if best is points[-1]:
        reason = "the smallest that was simulated: speed still pays there"
    caption = (
        "From the synchronous system (left) to ever fewer samples of the newest policy. The grey"
        f" line marks srs_alpha = {best.alpha:g}, {reason}. The speed-up beyond refilling alone is"
        " the gain of decoding while the trainer trains."
    )
    return Plot("sweep", "Where speed stops paying", caption, paint, WIDE)


def timeline_plot(synchronous: Point, best: Point, scenario: Scenario) -> Plot:
    """Slots of workers over time, synchronous and at one srs_alpha, on the same clock."""
    workers = best.outcome.rules.workers
    remote = [number for number, worker in enumerate(workers) if worker.remote]
    colocated = [number for number, worker in enumerate(workers) if not worker.remote]
    numbers = (*colocated[:SHOWN_WORKERS], *remote[:SHOWN_WORKERS])
    systems = [synchronous] if best is synchronous else [synchronous, best]
    shown = [(point, number) for point in systems for number in numbers]
    span = shown_seconds(synchronous.outcome, scenario)

    def paint(figure: "Figure") -> None:
        rows = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (point, number) in zip(rows, shown, strict=True):
            worker_row(axes, point.outcome, scenario, number, span)
            kind = "remote" if number in remote else "colocated"
            label = f"worker {number}\n{kind}"
            axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8.5)
            if number == shown[0][1]:
                title = system_name(point, synchronous)
                axes.set_title(title, loc="left", fontsize=9)
        rows[-1].set_xlabel("seconds")
        above: Any = {"loc": "outside upper right", "ncols": 4}
        legend = rows[0].get_legend_handles_labels()
        figure.legend(*legend, **above, handlelength=1.4, columnspacing=1.4)

    caption = (
        "Slots of workers over time, filled from below; what is empty is idle. Old samples hold"
        " tokens of older policies; grey is training, which needs the processors of colocated"
        " workers."
        " Vertical lines are policy versions. Look at the long thin tail of the synchronous system:"
        " a few long responses keep everything waiting."
    )
    size = (WIDE[0], 0.9 + 0.75 * len(shown))
    return Plot("timeline", "What the slots do", caption, paint, size)


def system_name(point: Point, synchronous: Point) -> str:
    """How a plot names one point of the sweep."""
    return "synchronous" if point is synchronous else f"srs_alpha = {point.alpha:g}"


def worker_row(
    axes: "Axes", outcome: Outcome, scenario: Scenario, number: int, span: float
) -> None:
    """Draw one worker of a timeline."""
    worker, start = outcome.rules.workers[number], outcome.iterations[scenario.warm_up].start
    edges = start + np.linspace(0.0, span, PIXELS + 1)
    fresh, old = (slots_used(outcome, number, kind, edges) for kind in ("fresh", "old"))
    x = middles(edges) - start
    axes.fill_between(x, 0, fresh, color=POLICY, linewidth=0, label="fresh", alpha=0.85)
    axes.fill_between(x, fresh, fresh + old, color=VALUE, linewidth=0, label="old")
    # Labels of the first iteration only: a legend names each kind once.
    labels = ("policy version", "trainer")
    for iteration in outcome.iterations[scenario.warm_up :]:
        if iteration.start - start > span:
            break
        axes.axvline(iteration.start - start, color=AFTER, linewidth=0.8, label=labels[0])
        if not worker.remote:
            training = iteration.batch_ready - start, iteration.end - start
            axes.axvspan(*training, color=TRAINER, linewidth=0, label=labels[1])
        labels = ("", "")
    axes.set_xlim(0, span)
    axes.set_ylim(0, worker.slots)
    axes.set_yticks([0, worker.slots])
    axes.grid(visible=False)


def slots_used(outcome: Outcome, worker: int, kind: str, edges: Array) -> Array:
    """Mean number of slots of a worker that decode samples of a kind between each two edges.

    ``kind`` is ``fresh`` or ``old``; ``edges`` are seconds, rising.
    """
    spans = [span for span in outcome.spans if span.worker == worker]
    if not spans:
        return np.zeros(len(edges) - 1)
    starts, ends = np.array([(span.start, span.end) for span in spans]).T
    counts = np.array([getattr(span, kind) for span in spans], dtype=float)
    # The integral of the step function of slots over time, at both ends of every span; between
    # them it is linear.
    summed = np.concatenate([[0.0], np.cumsum(counts * (ends - starts))])
    times = np.stack([starts, ends], axis=1).ravel()
    integral = np.interp(edges, times, np.stack([summed[:-1], summed[1:]], axis=1).ravel())
    return np.asarray(np.diff(integral) / np.diff(edges))


def middles(edges: Array) -> Array:
    """The middle between each two edges."""
    return np.asarray((edges[1:] + edges[:-1]) / 2)


def shown_seconds(outcome: Outcome, scenario: Scenario) -> float:
    """Seconds that plots over time span."""
    steady = outcome.iterations[scenario.warm_up :][:SHOWN_ITERATIONS]
    return steady[-1].end - steady[0].start


def iteration_plot(points: Sequence[Point]) -> Plot:
    """Seconds of an iteration: waiting for rollouts, and training."""

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        x = np.arange(len(points))
        waiting = [point.figures.rollout_seconds for point in points]
        training = [point.figures.train_seconds for point in points]
        axes.bar(x, waiting, 0.7, color=POLICY, label="waiting for rollouts", alpha=0.85)
        axes.bar(x, training, 0.7, bottom=waiting, color=TRAINER, label="training")
        label_axes(axes, "srs_alpha", "seconds", legend=True)
        axes.set_xticks(x, [f"{point.alpha:g}" for point in points])
        axes.grid(axis="x", visible=False)

    caption = (
        "Mean time of an iteration against the synchronous system (the first bar). Streaming"
        " shortens the wait, not the training."
    )
    return Plot("iteration", "Iteration time", caption, paint)


def occupancy_plot(synchronous: Point, best: Point, scenario: Scenario) -> Plot:
    """Share of all slots that decode, over time."""
    span = shown_seconds(synchronous.outcome, scenario)
    systems = [(synchronous, BEFORE, "--")] + [(best, POLICY, "-")] * (best is not synchronous)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        for point, colour, style in systems:
            outcome, workers = point.outcome, point.outcome.rules.workers
            start = outcome.iterations[scenario.warm_up].start
            edges = start + np.linspace(0.0, span, SMALL_PIXELS + 1)
            kinds = [(number, kind) for number in range(len(workers)) for kind in ("fresh", "old")]
            used = sum(slots_used(outcome, *kind, edges) for kind in kinds)
            share = 100 * used / sum(worker.slots for worker in workers)
            label = system_name(point, synchronous)
            x = middles(edges) - start
            axes.plot(x, share, style, color=colour, linewidth=1.3, label=label)
        label_axes(axes, "seconds", "slots that decode (%)", legend=True)
        axes.set_ylim(-2, 102)

    caption = (
        "All slots of all workers, on the clock of the plot above. While the trainer trains,"
        " colocated workers have no slots to fill, so 100 % is out of reach."
    )
    return Plot("occupancy", "Slot occupancy", caption, paint)


def staleness_plot(best: Point) -> Plot:
    """Staleness of the trained samples."""
    counts = best.figures.staleness_counts
    total = sum(counts.values())

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.bar(list(counts), [100 * count / total for count in counts.values()], 0.8, color=VALUE)
        axes.patches[0].set_color(POLICY)
        label_axes(axes, "policy versions since the oldest token", "samples (%)", legend=False)
        axes.set_xlim(-0.6, max(len(counts), 4) - 0.4)
        axes.grid(axis="x", visible=False)

    caption = (
        f"Staleness of the samples that were trained on at srs_alpha = {best.alpha:g}; those of 0"
        " are on-policy. No bar can stand beyond the bound of"
        f" {best.outcome.rules.max_staleness}."
    )
    return Plot("staleness", "Staleness", caption, paint)


def length_plot(scenario: Scenario) -> Plot:
    """Distribution of the simulated response lengths."""
    lengths = np.array(scenario.lengths)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        weights = np.full(len(lengths), 100 / len(lengths))
        bounds = (0, lengths.max() + 1)
        axes.hist(lengths, bins=40, range=bounds, weights=weights, color=POLICY, alpha=0.85)
        axes.axvline(lengths.mean(), color=AFTER, linewidth=1.0)
        label_axes(axes, "response tokens", "responses (%)", legend=False)
        axes.grid(axis="x", visible=False)

    caption = (
        "Lengths of the simulated responses; the line is their mean. A synchronous step takes as"
        " long as the longest response of its batch, a system whose slots are always full as long"
        " as the mean: streaming can gain the difference."
    )
    return Plot("lengths", "Response lengths", caption, paint)
