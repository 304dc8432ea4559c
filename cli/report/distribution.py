"""The section of a run's report on what it asked; a run with ``in_turn`` has none."""

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from seed.cli.report.colours import BEFORE, CORRECT, FAMILY_COLOURS, POLICY, VALUE, WRONG
from seed.cli.report.document import in_columns
from seed.cli.report.drawing import (
    STYLES,
    WIDE,
    Curve,
    Plot,
    column,
    curves_plot,
    draw_curve,
    label_axes,
)
from seed.cli.report.record import Line, Record
from seed.reference.training.prompt_distribution import BANDS
from seed.spec.datatypes import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABOUT = {
    "adaptive": "Prompts go to domains and levels by their learning signal",
    "pools": "Prompts go to domains and levels, and to problems of files, by their solve rate",
    "sliding": "Prompts go to a range of levels of each domain that moves with its solve rate",
}
BAND_COLOURS = dict(zip(BANDS, (BEFORE, WRONG, POLICY, VALUE, CORRECT), strict=True))
MOST_PANELS = 6
"""Domains with a panel of their own; the legend of more would not be read."""


def distribution_section(record: Record) -> str:
    """The section, empty where nothing adapts."""
    lines = asked(record)
    if not lines:
        return ""
    method = record.config.distribution.method
    first, last = lines[0]["data/weight"], lines[-1]["data/weight"]
    name = max(last, key=lambda name: last[name] - first.get(name, 0.0))
    text = (
        f"{ABOUT[method]} (distribution.method={method}). What gained most is {name}: from"
        f" {100 * first.get(name, 0.0):.0f} to {100 * last[name]:.0f} % of the prompts."
    )
    return f"<h2>What was asked</h2><p>{text}</p>{in_columns(distribution_plots(record))}"


def asked(record: Record) -> list[Line]:
    """The RL steps whose shares are known."""
    return [line for line in record.rl_steps if "data/weight" in line]


def distribution_plots(record: Record) -> list[Plot]:
    """All plots, in reading order; none for a run with ``in_turn``."""
    lines = asked(record)
    if not lines:
        return []
    plots = (domain_plot(lines), bands_plot(lines), level_plot(lines), rate_plot(lines))
    return [plot for plot in plots if plot is not None]


def domain_plot(lines: Sequence[Line]) -> Plot | None:
    """Share of the prompts of each domain."""
    domains = list(lines[0]["data/weight_by_domain"])
    flat = [line["data/weight_by_domain"] | {"phase_step": line["phase_step"]} for line in lines]
    colours = zip(domains, cycle(FAMILY_COLOURS), strict=False)
    return curves_plot(
        flat,
        "Share of the prompts by domain",
        "Prompts that each domain was due, over all of its levels. A flat line is a domain whose"
        " need does not change against the others.",
        "prompts (%)",
        [Curve(domain, domain, colour, 100.0) for domain, colour in colours],
    )


def bands_plot(lines: Sequence[Line]) -> Plot:
    """Groups of each step by their share of right responses, stacked to 100 %."""
    steps = column(lines, "phase_step")
    shares = [column([line["data/solve_rate_bands"] for line in lines], b, 100.0) for b in BANDS]

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        base = np.zeros(len(steps))
        for name, share in zip(BANDS, shares, strict=True):
            axes.bar(steps, share, 1.0, base, color=BAND_COLOURS[name], alpha=0.75, label=name)
            base = base + share
        label_axes(axes, "RL step", "groups (%)", legend=False)
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=5,
            handlelength=1.0,
            columnspacing=1.0,
        )
        axes.set_ylim(0, 100)
        axes.grid(visible=False)

    caption = (
        "The groups of responses of each step by how many of them are right. Grey and green groups"
        " are all wrong or all right and teach a group advantage nothing: there should be fewer of"
        " them than with distribution.method=in_turn."
    )
    return Plot("accuracy-bands", "Groups by share of right responses", caption, paint)


def level_plot(lines: Sequence[Line]) -> Plot:
    """Share of the prompts of each level, a panel per domain."""
    return panels_plot(
        lines,
        "data/weight",
        "Share of the prompts by level",
        "Prompts that each level was due, domain by domain. Look for weight that moves to harder"
        " levels as easier ones are mastered.",
        "prompts (%)",
    )


def rate_plot(lines: Sequence[Line]) -> Plot:
    """Moving average of the solve rate of each level, a panel per domain."""
    return panels_plot(
        lines,
        "data/solve_rate",
        "Solve rate by level",
        "Moving average of the share of right responses as a step began. A level that is asked"
        " little moves little.",
        "right responses (%)",
    )


def panels_plot(lines: Sequence[Line], metric: str, title: str, caption: str, y_label: str) -> Plot:
    """A metric by stratum: one panel per domain, one line per level."""
    steps = column(lines, "phase_step")
    flat = [line[metric] for line in lines]
    names = sorted({name for line in flat for name in line}, key=domain_and_level)
    levels = sorted({domain_and_level(name)[1] for name in names})
    looks = dict(zip(levels, zip(cycle(FAMILY_COLOURS), cycle(STYLES), strict=False), strict=False))
    domains: dict[str, list[tuple[int, Array]]] = {}
    for domain, level in map(domain_and_level, names):
        values = column(flat, f"{domain}/{level}", 100.0)
        domains.setdefault(domain, []).append((level, values))
    shown = list(domains.items())[:MOST_PANELS]
    rest = len(domains) - len(shown)
    more = f" {rest} more domains are in metrics.jsonl ({metric})." if rest else ""
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)

    def paint(figure: "Figure") -> None:
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        handles = {}
        for place, (axes, (domain, of_domain)) in enumerate(zip(panels, shown, strict=False)):
            for level, values in of_domain:
                draw_curve(axes, steps, values, f"level {level}", *looks[level])
                handles[level] = axes.get_lines()[-1]
            axes.set_title(domain, loc="left", fontsize=9.0)
            label_axes(axes, "RL step", "" if place % columns else y_label, legend=False)
            axes.set_ylim(bottom=0)
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        of_levels = [handles[level] for level in sorted(handles)]
        figure.legend(
            of_levels,
            [str(line.get_label()) for line in of_levels],
            loc="outside upper center",
            ncols=8,
            handlelength=2.2,
            columnspacing=1.4,
        )

    name = title.lower().replace(" ", "-")
    return Plot(name, title, caption + more, paint, (WIDE[0], WIDE[1] * rows))


def domain_and_level(name: str) -> tuple[str, int]:
    """``maze/10`` -> (maze, 10), so that levels are in order."""
    domain, _, level = name.rpartition("/")
    return domain, int(level)
