"""What leaving one part out did: every variant against the full recipe, as a table, numbers and a
picture.

    mean:        m +- t s / sqrt(k)    over the k seeds of a variant, t the 97.5 % Student quantile of k - 1 degrees
    difference:  the same of d_i = after_i(variant) - after_i(full), paired by seed

Both runs of a pair begin with the same cold start, so what a seed's cold start was worth falls out
of the difference.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from seed.cli.estimates import Estimate, estimate
from seed.cli.report.page import page, publish
from seed.cli.report.plots import AFTER, BEFORE, POLICY, draw_svg, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ("variant", "seeds", "before", "after [95 %]", "difference to full [95 %]")


@dataclass(frozen=True)
class AblationRow:
    """Held-out accuracy of one variant.

    Attributes:
        name: Of the variant.
        description: What sets it apart, for instance the overrides.
        seeds: Seeds that were run.
        before: Accuracy before RL, one per seed.
        after: Accuracy after RL, one per seed.
    """

    name: str
    description: str
    seeds: tuple[int, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """A variant in figures; the full recipe itself has no difference, nor has a variant that shares
    no seed with it.
    """

    row: AblationRow
    before: Estimate
    after: Estimate
    difference: Estimate | None


def write_ablation(directory: Path, rows: Sequence[AblationRow]) -> Path:
    """Write ``ablation.html`` and ``ablation.json``.

    Args:
        directory: Where; it exists.
        rows: The full recipe first, then the variants.

    Returns:
        Path of the page.
    """
    found = results(rows)
    numbers = [asdict(result) for result in found]
    publish(
        directory / "ablation.json",
        json.dumps({"full": rows[0].name, "variants": numbers}, indent=1) + "\n",
    )
    path = directory / "ablation.html"
    publish(path, page("Ablation", body(found)))
    return path


def ablation_table(rows: Sequence[AblationRow]) -> str:
    """The table as aligned plain text, in percent and percentage points."""
    cells = [COLUMNS, *(table_cells(result) for result in results(rows))]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = [aligned(line, widths) for line in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left of its column, the others to the right of theirs."""
    name, *figures = (cell if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(cells))
    return "  ".join([name.ljust(widths[0]), *figures])


# Figures


def results(rows: Sequence[AblationRow]) -> list[Result]:
    """Means, intervals and paired differences to the first row."""
    full = rows[0]
    found = []
    for row in rows:
        differences = [] if row is full else paired_differences(row, full)
        difference = estimate(differences) if differences else None
        found.append(Result(row, estimate(row.before), estimate(row.after), difference))
    return found


def paired_differences(row: AblationRow, full: AblationRow) -> list[float]:
    """Accuracy after RL less the full recipe's, one per seed that both have."""
    reference = dict(zip(full.seeds, full.after, strict=True))
    return [
        after - reference[seed]
        for seed, after in zip(row.seeds, row.after, strict=True)
        if seed in reference
    ]


# Words


def table_cells(result: Result) -> tuple[str, ...]:
    """One line of the table; columns as in ``COLUMNS``."""
    return (
        result.row.name,
        str(len(result.row.seeds)),
        f"{100 * result.before.mean:.1f}",
        worded(result.after, ".1f"),
        worded(result.difference, "+.1f") if result.difference else "-",
    )


def worded(value: Estimate, style: str) -> str:
    """Mean and interval in percent; one seed's interval is n/a."""
    if value.low is None or value.high is None:
        return f"{100 * value.mean:{style}} [n/a]"
    return f"{100 * value.mean:{style}} [{100 * value.low:{style}}, {100 * value.high:{style}}]"


def body(found: Sequence[Result]) -> str:
    """Heading, picture, table and how to read them."""
    rows = "".join(
        f"<tr><td><b>{escape(cells[0])}</b><br><code"
        f" class=soft>{escape(result.row.description)}</code></td>"
        f"{''.join(f'<td class=n>{escape(cell)}</td>' for cell in cells[1:])}</tr>"
        for result in found
        for cells in [table_cells(result)]
    )
    head = "".join(
        f"<th{' class=n' if i else ''}>{escape(text)}</th>" for i, text in enumerate(COLUMNS)
    )
    return (
        f"<h1>Ablation</h1><p>Each variant is <b>{escape(found[0].row.name)}</b> with one change."
        " Accuracy is that on held-out problems, in percent; differences are in percentage points,"
        f" variant less full recipe, paired by seed.</p><figure>{draw(found)}<figcaption>Filled"
        " dots are means over seeds with 95 % t-intervals, small circles are single seeds. On the"
        " right, a variant left of the dotted line did worse than the full recipe, right of it"
        " better; an interval across the line leaves open which. The table has the intervals that"
        " leave the"
        f" picture.</figcaption></figure><h2>Table</h2><table><tr>{head}</tr>{rows}</table><p"
        ' class="soft">Intervals rest on the spread between seeds alone, so few seeds give wide'
        " ones, and one seed gives none (n/a). They are not corrected for the number of variants"
        " looked at.</p>"
    )


# Picture


def draw(found: Sequence[Result]) -> str:
    """Accuracy after RL and difference to the full recipe, one line per variant."""

    def paint(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for place, result in enumerate(found):
            row = result.row
            dots(
                left,
                place,
                result.after,
                row.after,
                BEFORE if result.difference is None else POLICY,
            )
            if result.difference:
                dots(right, place, result.difference, paired_differences(row, found[0].row), POLICY)
        left.axvline(100 * found[0].after.mean, color=BEFORE, linestyle=":", linewidth=1.2)
        right.axvline(0.0, color=BEFORE, linestyle=":", linewidth=1.2)
        finish(left, "held-out accuracy after RL (%)", "", legend=False)
        finish(right, "difference to the full recipe (percentage points)", "", legend=False)
        left.set_yticks(range(len(found)), [result.row.name for result in found])
        left.set_ylim(len(found) - 0.5, -0.5)
        for axes, lowest in ((left, 0.0), (right, -100.0)):
            low, high = axes.get_xlim()
            axes.set_xlim(max(low, lowest - 1), min(high, 101.0))

    return draw_svg("ablation", (11.0, 1.2 + 0.42 * len(found)), paint)


def dots(axes: "Axes", place: int, value: Estimate, single: Sequence[float], colour: str) -> None:
    """Mean with interval, and the single seeds."""
    axes.plot(
        [100 * x for x in single],
        [place] * len(single),
        "o",
        color=AFTER,
        markersize=4,
        markerfacecolor="none",
    )
    if value.low is not None and value.high is not None:
        axes.plot([100 * value.low, 100 * value.high], [place, place], color=colour, linewidth=1.8)
    axes.plot([100 * value.mean], [place], "o", color=colour, markersize=7)
