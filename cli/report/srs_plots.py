"""The pictures of a simulation's report: where speed stops paying, and what the slots do
meanwhile.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seed.cli.report.plots import (
    AFTER,
    BEFORE,
    CORRECT,
    POLICY,
    SIZE,
    VALUE,
    WIDE,
    Plot,
    draw_svg,
    finish,
)
from seed.reference.simulation.simulate import Outcome
from seed.reference.simulation.sweep import LEAST_GAIN, Point, World
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAINER = "#cccccc"
SHOWN_ITERATIONS = 2
"""Synchronous iterations that the pictures over time span: enough to see one whole from policy_version
to policy_version.
"""
PIXELS = 500
"""Points over time of such a picture; what is shorter is averaged."""
SHOWN_UNITS = 2
"""Units of each kind that a timeline shows: they all do alike."""
SMALL_PIXELS = 160
"""The same where the picture is a third as wide."""


def simulation_plots(points: Sequence[Point], best: Point, world: World) -> list[Plot]:
    """All pictures, in reading order.

    Args:
        points: The sweep, the synchronous system first.
        best: The one where speed stops paying.
        world: What was the same for every srs_alpha.
    """
    return [
        sweep_plot(points, best),
        timeline_plot(points[0], best, world),
        iteration_plot(points),
        occupancy_plot(points[0], best, world),
        staleness_plot(best),
        length_plot(world),
    ]


def sweep_plot(points: Sequence[Point], best: Point) -> Plot:
    """Speed-up, share on-policy and staleness over srs_alpha."""
    alphas = [point.alpha for point in points]
    panels = (
        ("times the synchronous speed", [("speed-up", [p.speed_up for p in points], POLICY, "-"),
                                         ("by refilling alone", [p.refilling for p in points], CORRECT, "--")]),
        ("samples on-policy (%)", [("measured", [100 * p.figures.on_policy for p in points], POLICY, "-"),
                                   ("at least", [100 * alpha for alpha in alphas], BEFORE, ":")]),
        ("staleness (policies)", [("mean", [p.figures.staleness for p in points], VALUE, "-"),
                                      ("largest", [float(p.figures.staleness_max) for p in points], AFTER, "--")]),
    )  # fmt: skip

    def paint(figure: "Figure") -> None:
        for axes, (y_label, curves) in zip(figure.subplots(1, 3), panels, strict=True):
            for label, values, colour, style in curves:
                marker = "" if style == ":" else "o"
                axes.plot(
                    alphas, values, style, color=colour, label=label, marker=marker, markersize=3.5
                )
            finish(axes, "srs_alpha", y_label, legend=True)
            axes.axvline(best.alpha, color=BEFORE, linewidth=1.0)
            axes.set_ylim(0.0, max(axes.get_ylim()[1], 1.0))
            axes.set_xticks(
                np.arange(0.0, 1.01, 0.2), [f"{tick:.1f}" for tick in np.arange(0.0, 1.01, 0.2)]
            )
            axes.set_xlim(1.03, min(alphas) - 0.03)

    stops = (
        "where speed stops paying: the next step of the sweep shortens an iteration by less than "
        f"{100 * LEAST_GAIN:g} %, and what it costs in the other two pictures goes on"
    )
    why = "the smallest that was simulated: speed still pays there" if best is points[-1] else stops
    caption = (
        "From the synchronous system (left) to ever fewer samples of the newest weights. The grey"
        f" line marks srs_alpha = {best.alpha:g}, {why}. The speed-up beyond refilling alone is the"
        " worth of decoding while the trainer trains."
    )
    return Plot(
        "sweep", "Where speed stops paying", caption, draw_svg("sweep", WIDE, paint), wide=True
    )


def timeline_plot(synchronous: Point, best: Point, world: World) -> Plot:
    """Slots of every worker over time, in the synchronous system and at one srs_alpha, on the same
    clock.
    """
    workers = best.outcome.rules.workers
    beside, standalone = (
        [n for n, plan in enumerate(workers) if plan.standalone is kind][:SHOWN_UNITS]
        for kind in (False, True)
    )
    systems = [synchronous] if best is synchronous else [synchronous, best]
    shown = [(point, number) for point in systems for number in (*beside, *standalone)]
    span = window(synchronous.outcome, world)

    def paint(figure: "Figure") -> None:
        rows = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (point, number) in zip(rows, shown, strict=True):
            unit_row(axes, point.outcome, world, number, span)
            kind = f"worker {number}\n{'standalone' if workers[number].standalone else 'beside trainer'}"
            system = "synchronous" if point is synchronous else f"srs_alpha = {point.alpha:g}"
            axes.set_ylabel(kind, rotation=0, ha="right", va="center", fontsize=8.5)
            if number == shown[0][1]:
                axes.set_title(system, loc="left", fontsize=9, color="#444444")
        rows[-1].set_xlabel("seconds")
        handles, labels = rows[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper right", ncols=4, handlelength=1.4, columnspacing=1.4
        )

    caption = (
        "Slots of workers over time, filled from below; white is idle. Old samples hold tokens of"
        " older weights; grey is the trainer, which needs the processors of the workers beside it."
        " Vertical lines are policies. Look at the long thin tail of the synchronous system: a"
        " few long responses hold everybody up."
    )
    size = (WIDE[0], 0.9 + 0.75 * len(shown))
    return Plot(
        "timeline", "What the slots do", caption, draw_svg("timeline", size, paint), wide=True
    )


def unit_row(axes: "Axes", outcome: Outcome, world: World, number: int, span: float) -> None:
    """One worker in a timeline."""
    plan, start = outcome.rules.workers[number], outcome.iterations[world.warm_up].start
    edges = start + np.linspace(0.0, span, PIXELS + 1)
    fresh, old = (slots_used(outcome, number, kind, edges) for kind in ("fresh", "old"))
    middle = (edges[1:] + edges[:-1]) / 2 - start
    axes.fill_between(middle, 0, fresh, color=POLICY, linewidth=0, label="fresh", alpha=0.85)
    axes.fill_between(middle, fresh, fresh + old, color=VALUE, linewidth=0, label="old")
    shown = [
        iteration
        for iteration in outcome.iterations[world.warm_up :]
        if iteration.start - start <= span
    ]
    for index, iteration in enumerate(shown):
        # A legend needs each kind once.
        axes.axvline(
            iteration.start - start,
            color=AFTER,
            linewidth=0.8,
            label="" if index else "policy_version",
        )
        if not plan.standalone:
            training = iteration.taken - start, iteration.end - start
            axes.axvspan(*training, color=TRAINER, linewidth=0, label="" if index else "trainer")
    axes.set_xlim(0, span)
    axes.set_ylim(0, plan.slots)
    axes.set_yticks([0, plan.slots])
    axes.grid(visible=False)


def slots_used(outcome: Outcome, worker: int, kind: str, edges: Array) -> Array:
    """Mean number of slots of a worker that decode fresh or old samples between each two edges
    (seconds).
    """
    spans = [span for span in outcome.spans if span.worker == worker]
    if not spans:
        return np.zeros(len(edges) - 1)
    starts, ends = (np.array([getattr(span, name) for span in spans]) for name in ("start", "end"))
    counts = np.array([getattr(span, kind) for span in spans], dtype=float)
    summed = np.concatenate([[0.0], np.cumsum(counts * (ends - starts))])
    times = np.stack([starts, ends], axis=1).ravel()
    integral = np.interp(edges, times, np.stack([summed[:-1], summed[1:]], axis=1).ravel())
    return np.asarray(np.diff(integral) / np.diff(edges))


def window(outcome: Outcome, world: World) -> float:
    """Seconds that pictures over time span."""
    steady = outcome.iterations[world.warm_up :][:SHOWN_ITERATIONS]
    return steady[-1].end - steady[0].start


def iteration_plot(points: Sequence[Point]) -> Plot:
    """Seconds of an iteration by what the trainer does."""

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        places = np.arange(len(points))
        waits = [point.figures.rollout_seconds for point in points]
        axes.bar(places, waits, 0.7, color=POLICY, label="waiting for rollouts", alpha=0.85)
        axes.bar(
            places,
            [point.figures.train_seconds for point in points],
            0.7,
            bottom=waits,
            color=TRAINER,
            label="training",
        )
        finish(axes, "srs_alpha", "seconds", legend=True)
        axes.set_xticks(places, [f"{point.alpha:g}" for point in points])
        axes.grid(axis="x", visible=False)

    caption = (
        "Mean time of an iteration against the synchronous system (the first bar). Streaming"
        " shortens the wait, not the training."
    )
    return Plot("iteration", "Iteration time", caption, draw_svg("iteration", SIZE, paint))


def occupancy_plot(synchronous: Point, best: Point, world: World) -> Plot:
    """Share of all slots that decode, over time."""
    span = window(synchronous.outcome, world)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        systems = [(synchronous, BEFORE, "--")] + [(best, POLICY, "-")] * (best is not synchronous)
        for point, colour, style in systems:
            outcome = point.outcome
            start, workers = outcome.iterations[world.warm_up].start, outcome.rules.workers
            edges = start + np.linspace(0.0, span, SMALL_PIXELS + 1)
            used = sum(
                slots_used(outcome, worker, kind, edges)
                for worker in range(len(workers))
                for kind in ("fresh", "old")
            )
            label = "synchronous" if point is synchronous else f"srs_alpha = {point.alpha:g}"
            share = 100 * used / sum(plan.slots for plan in workers)
            axes.plot(
                (edges[1:] + edges[:-1]) / 2 - start,
                share,
                style,
                color=colour,
                linewidth=1.3,
                label=label,
            )
        finish(axes, "seconds", "slots that decode (%)", legend=True)
        axes.set_ylim(-2, 102)

    caption = (
        "All slots of all workers, on the clock of the picture above. While the trainer trains, the"
        " workers beside it have no slots to fill, so 100 % is not to be had."
    )
    return Plot("occupancy", "Slot occupancy", caption, draw_svg("occupancy", SIZE, paint))


def staleness_plot(best: Point) -> Plot:
    """How old trained samples are."""
    counts = best.figures.staleness_counts
    total = sum(counts.values())

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.bar(list(counts), [100 * count / total for count in counts.values()], 0.8, color=VALUE)
        axes.patches[0].set_color(POLICY)
        finish(axes, "policies since the oldest token", "samples (%)", legend=False)
        axes.set_xlim(-0.6, max(len(counts), 4) - 0.4)
        axes.grid(axis="x", visible=False)

    caption = (
        f"Age of the samples that were trained on at srs_alpha = {best.alpha:g}; those of age 0 are"
        f" on-policy. No bar can stand beyond the bound of {best.outcome.rules.max_staleness}."
    )
    return Plot("staleness", "Staleness", caption, draw_svg("staleness", SIZE, paint))


def length_plot(world: World) -> Plot:
    """The lengths that all of it rests on."""
    lengths = np.array(world.lengths)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        share = np.full(len(lengths), 100 / len(lengths))
        axes.hist(
            lengths, bins=40, range=(0, lengths.max() + 1), weights=share, color=POLICY, alpha=0.85
        )
        axes.axvline(lengths.mean(), color=AFTER, linewidth=1.0)
        finish(axes, "response tokens", "responses (%)", legend=False)
        axes.grid(axis="x", visible=False)

    caption = (
        "Lengths of the simulated responses; the line is their mean. A synchronous step is as long"
        " as the longest of its batch, a system whose slots are always full as long as the mean:"
        " the gap between the two is what streaming can win."
    )
    return Plot("lengths", "Response lengths", caption, draw_svg("lengths", SIZE, paint))
