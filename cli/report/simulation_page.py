"""The report of a simulation: what streaming would bring, and where its gain ends."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from seed.cli.formatting import percent, ruled
from seed.cli.report.document import NO_BREAK, card, details, document, heading, in_columns, table
from seed.cli.report.simulation import simulation_plots
from seed.reference.simulation.sweep import Point, Scenario, pays_until

COLUMNS = (
    "srs_alpha",
    "s/step",
    "speed-up",
    "refilling",
    "overlap",
    "decode steps",
    "occupancy",
    "on-policy",
    "staleness",
    "largest",
    "dropped",
    "tokens/batch",
)

READING = (
    "<p>The scheduler is the one of a real run; only time is simulated, by the costs under"
    " Settings. They are a model: a decode step takes a fixed time to read the weights and a little"
    " for each token, whatever its position; a worker stops while it reads what enters its slots;"
    " all workers act on the schedule at the same time; weights arrive everywhere at once; lengths"
    " do not depend on the policy. Measure the costs on your machines before you believe the"
    " seconds.</p><p>The synchronous system, the first line, has the same machines: all workers,"
    " the remote ones too, decode the batch that the trainer waits for. <b>Refilling</b> is the"
    " speed-up if remote workers rest while the trainer trains, <b>overlap</b> what decoding during"
    " the training adds; the two multiply. Decode steps are forward passes over all workers;"
    " occupancy is the share of their slots that drew a token; staleness counts policy versions"
    " since a sample's oldest token. Batches of fewer tokens than the first line's mean that long"
    " responses are still in flight: simulate more steps. Nothing here shows what older samples do"
    " to learning.</p>"
)


def simulation_page(
    settings: Mapping[str, Any], scenario: Scenario, points: Sequence[Point]
) -> str:
    """The whole page; ``settings`` are options by name, the first point is synchronous."""
    best = pays_until(points)
    figures = in_columns(simulation_plots(points, best, scenario))
    rows = [[cell.replace(" ", NO_BREAK) for cell in cells(point)] for point in points]
    options = "\n".join(f"{name} = {value}" for name, value in settings.items())
    body = (
        f"{header(settings, scenario, points, best)}<h2>What to expect</h2>{figures}"
        f"<h2>Table</h2>{table('Every srs_alpha that was simulated', COLUMNS, rows)}"
        f"<h2>How to read this</h2>{READING}"
        f"<h2>Settings</h2>{details('Every setting of this simulation', options)}"
    )
    return document("Simulation of streaming rollouts", body)


def header(
    settings: Mapping[str, Any], scenario: Scenario, points: Sequence[Point], best: Point
) -> str:
    """What was simulated, and the outcome in a few large figures."""
    slots = best.outcome.rules.workers[0].slots
    lengths = np.array(scenario.lengths)
    summary = (
        f"Batches of {settings['prompts']} prompts with {settings['samples']} samples each;"
        f" colocated workers: {settings['trainers']}, remote: {settings['standalone']}, slots"
        f" each: {slots}; lengths from <b>{escape(settings['lengths'])}</b>: mean"
        f" {lengths.mean():.0f}, median {np.median(lengths):.0f}, 99 % below"
        f" {np.quantile(lengths, 0.99):.0f} tokens. {scenario.steps} steps for each srs_alpha, of"
        f" which the first {scenario.warm_up} fill the sample pool and are left out of all means."
    )
    figures = best.figures
    factors = f"{best.refilling:.2f} by refilling × {best.overlap:.2f} by overlap"
    speed_label = f"the synchronous speed at srs_alpha = {best.alpha:g}<br>{factors}"
    age_label = f"policy versions old on average, {figures.staleness_max} at most"
    cards = (
        card(f"{best.speed_up:.2f} ×", speed_label, "big"),
        card(f"{points[0].figures.seconds:.4g} → {figures.seconds:.4g} s", "an iteration"),
        card(percent(figures.on_policy), "of the samples on-policy"),
        card(f"{figures.staleness:.2f}", age_label),
    )
    return heading("Streaming rollouts, simulated", summary, cards)


def sweep_text(points: Sequence[Point]) -> str:
    """The table as aligned plain text."""
    return ruled([COLUMNS, *map(cells, points)], left=0)


def cells(point: Point) -> tuple[str, ...]:
    """One line of the table; columns as in ``COLUMNS``."""
    figures = point.figures
    return (
        f"{point.alpha:g}",
        f"{figures.seconds:.4g}",
        *(f"{ratio:.2f}" for ratio in (point.speed_up, point.refilling, point.overlap)),
        f"{figures.decode_steps:.0f}",
        f"{100 * figures.occupancy:.0f} %",
        f"{100 * figures.on_policy:.0f} %",
        f"{figures.staleness:.2f}",
        f"{figures.staleness_max}",
        f"{figures.dropped:.1f}",
        f"{figures.trained:.0f}",
    )
