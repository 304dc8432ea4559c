"""The report of a simulation: what streaming would bring, where speed stops paying, and what the
slots do meanwhile.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from seed.cli.report.figures import NO_BREAK, in_columns
from seed.cli.report.page import card, page, percent
from seed.cli.report.srs_plots import simulation_plots
from seed.reference.simulation.sweep import Point, World, pays_until

COLUMNS = (
    *(
        "srs_alpha",
        "s/step",
        "speed-up",
        "refilling",
        "overlap",
        "decode steps",
        "occupancy",
        "on-policy",
    ),
    *("staleness", "largest", "dropped", "tokens/batch"),
)


def simulation_page(settings: Mapping[str, Any], world: World, points: Sequence[Point]) -> str:
    """The whole page.

    Args:
        settings: Options by name.
        world: What was the same for every srs_alpha.
        points: The sweep, the synchronous system first.
    """
    best = pays_until(points)
    figures = in_columns(simulation_plots(points, best, world))
    body = (
        f"{header(settings, world, points, best)}<h2>What to expect</h2>{figures}"
        f"<h2>Table</h2>{table(points)}<h2>How to read this</h2>{READING}"
        "<h2>Settings</h2><details><summary>Every setting of this simulation</summary>"
        f"<pre>{escape(chr(10).join(f'{name} = {value}' for name, value in settings.items()))}</pre></details>"
    )
    return page("Simulation of streaming rollouts", body)


READING = (
    "<p>The scheduler is the one that runs; only time is simulated, by the costs under Settings."
    " They are a model: a decode step takes a fixed time to read the weights and a little for each"
    " token, whatever its position; a worker stops while it reads what enters its slots; all workers"
    " look at the schedule together; weights arrive everywhere at once; lengths do not depend on"
    " the policy. Measure the costs on your machines before you believe the seconds.</p><p>The"
    " synchronous system, the first line, has the same machines: all workers, the standalone ones"
    " too, decode the batch that the trainer waits for. <b>Refilling</b> is the speed-up if"
    " standalone workers rest while the trainer trains, <b>overlap</b> what decoding during the"
    " training adds; the two multiply. Decode steps are forward passes over all workers; occupancy is"
    " the share of their slots that drew a token; staleness counts policies since a sample's"
    " oldest token. Batches of fewer tokens than the first line's mean that long responses are"
    " still under way: simulate more steps. Nothing here says what older samples do to"
    " learning.</p>"
)


def header(settings: Mapping[str, Any], world: World, points: Sequence[Point], best: Point) -> str:
    """What was simulated, and the outcome in a few large figures."""
    workers = best.outcome.rules.workers
    lengths = np.array(world.lengths)
    did = (
        f"Batches of {settings['prompts']} prompts with {settings['samples']} samples each; workers"
        f" beside the trainer: {settings['trainers']}, standalone: {settings['standalone']}, slots"
        f" each: {workers[0].slots}; lengths from <b>{escape(settings['lengths'])}</b>: mean"
        f" {lengths.mean():.0f}, median {np.median(lengths):.0f}, 99 % below"
        f" {np.quantile(lengths, 0.99):.0f} tokens. {world.steps} steps for each srs_alpha, of"
        f" which the first {world.warm_up} fill the pool and are left out of all means."
    )
    figures = best.figures
    parts = f"{best.refilling:.2f} by refilling × {best.overlap:.2f} by overlap"
    cards = (
        card(
            f"{best.speed_up:.2f} ×",
            f"the synchronous speed at srs_alpha = {best.alpha:g}<br>{parts}",
            "big",
        ),
        card(f"{points[0].figures.seconds:.4g} → {figures.seconds:.4g} s", "an iteration"),
        card(percent(figures.on_policy), "of the samples on-policy"),
        card(
            f"{figures.staleness:.2f}", f"policies old on average, {figures.staleness_max} at most"
        ),
    )
    return (
        f"<h1>Streaming rollouts, simulated</h1><p>{did}</p><div"
        f' class="cards">{"".join(cards)}</div>'
    )


def table(points: Sequence[Point]) -> str:
    """One line per srs_alpha, the synchronous system first."""
    head = "".join(f"<th{' class=n' if i else ''}>{text}</th>" for i, text in enumerate(COLUMNS))
    rows = []
    for point in points:
        name, *numbers = (cell.replace(" ", NO_BREAK) for cell in cells_of(point))
        rows.append(
            f"<tr><td>{name}</td>{''.join(f'<td class=n>{number}</td>' for number in numbers)}</tr>"
        )
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def text_table(points: Sequence[Point]) -> str:
    """The same as aligned plain text."""
    cells = [COLUMNS, *map(cells_of, points)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def cells_of(point: Point) -> tuple[str, ...]:
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
