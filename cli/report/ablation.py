"""The page of an ablation: every variant against the full recipe, as a table, numbers and a plot.

    mean:        m +- t s / sqrt(k)    over the k seeds of a variant, t the 97.5 % Student quantile
    difference:  the same of d_i = after_i(variant) - after_i(full), paired by seed

Both runs of a pair start from the same SFT model, so its quality cancels in the difference.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from seed.cli.formatting import ruled
from seed.cli.report.colours import AFTER, BEFORE, POLICY
from seed.cli.report.document import document, table
from seed.cli.report.drawing import draw_svg, label_axes
from seed.reference.evaluation.intervals import Estimate, estimate
from seed.spec.atomic_files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ("variant", "seeds", "before", "after [95 %]", "difference to full [95 %]")


@dataclass(frozen=True)
class AblationRow:
    """Held-out accuracy of one variant.

    Attributes:
        name: Of the variant.
        description: How it differs, for instance the overrides.
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
    """Means and intervals of a variant.

    ``difference`` is None for the full recipe, and for a variant that shares no seed with it.
    """

    row: AblationRow
    before: Estimate
    after: Estimate
    difference: Estimate | None


def write_ablation(directory: Path, rows: Sequence[AblationRow]) -> Path:
    """Write ``ablation.html``, whose path is returned, and ``ablation.json``.

    ``rows`` are the full recipe, then the variants; the directory exists.
    """
    results = results_of(rows)
    numbers = {"full": rows[0].name, "variants": list(map(asdict, results))}
    write_atomically(directory / "ablation.json", json.dumps(numbers, indent=1) + "\n")
    path = directory / "ablation.html"
    write_atomically(path, document("Ablation", body(results)))
    return path


def ablation_table(rows: Sequence[AblationRow]) -> str:
    """The table as aligned plain text, in percent and percentage points."""
    return ruled([COLUMNS, *map(cells, results_of(rows))], left=1)


def results_of(rows: Sequence[AblationRow]) -> list[Result]:
    """Means, intervals and paired differences to the first row."""
    full = rows[0]
    results = []
    for row in rows:
        differences = [] if row is full else paired_differences(row, full)
        difference = estimate(differences) if differences else None
        results.append(Result(row, estimate(row.before), estimate(row.after), difference))
    return results


def paired_differences(row: AblationRow, full: AblationRow) -> list[float]:
    """Accuracy after RL less the full recipe's, one per seed that both have."""
    accuracy_of = dict(zip(full.seeds, full.after, strict=True))
    pairs = zip(row.seeds, row.after, strict=True)
    return [after - accuracy_of[seed] for seed, after in pairs if seed in accuracy_of]


def cells(result: Result) -> tuple[str, ...]:
    """One line of the table; columns as in ``COLUMNS``."""
    return (
        result.row.name,
        str(len(result.row.seeds)),
        f"{100 * result.before.mean:.1f}",
        estimate_text(result.after, ".1f"),
        estimate_text(result.difference, "+.1f") if result.difference else "-",
    )


def estimate_text(value: Estimate, style: str) -> str:
    """Mean and interval in percent; the interval of one seed is n/a."""
    if value.low is None or value.high is None:
        return f"{100 * value.mean:{style}} [n/a]"
    return f"{100 * value.mean:{style}} [{100 * value.low:{style}}, {100 * value.high:{style}}]"


def body(results: Sequence[Result]) -> str:
    """Heading, plot, table and how to read them."""
    rows = []
    for result in results:
        name, *figures = map(escape, cells(result))
        description = f"<code class=soft>{escape(result.row.description)}</code>"
        rows.append([f"<b>{name}</b><br>{description}", *figures])
    full = escape(results[0].row.name)
    return (
        f"<h1>Ablation</h1><p>Each variant is <b>{full}</b> with one change. Accuracy is measured"
        " on held-out problems, in percent; differences are in percentage points, variant less"
        f" full recipe, paired by seed.</p><figure>{draw(results)}<figcaption>Filled dots are means"
        " over seeds with 95 % t-intervals, small circles are single seeds. On the right, a variant"
        " left of the dotted line did worse than the full recipe, right of it better; an interval"
        " across the line leaves open which. Intervals that reach beyond the plot are in the"
        f" table.</figcaption></figure><h2>Table</h2>{table(COLUMNS, rows)}<p"
        ' class="soft">Intervals rest on the spread between seeds alone, so few seeds give wide'
        " ones, and one seed gives none (n/a). They are not corrected for the number of"
        " variants.</p>"
    )


def draw(results: Sequence[Result]) -> str:
    """Accuracy after RL and difference to the full recipe, one line per variant."""
    full = results[0]

    def paint(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for y, result in enumerate(results):
            colour = BEFORE if result.difference is None else POLICY
            draw_estimate(left, y, result.after, result.row.after, colour)
            if result.difference:
                single = paired_differences(result.row, full.row)
                draw_estimate(right, y, result.difference, single, POLICY)
        for axes, level, x_label, lowest in (
            (left, 100 * full.after.mean, "held-out accuracy after RL (%)", 0.0),
            (right, 0.0, "difference to the full recipe (percentage points)", -100.0),
        ):
            axes.axvline(level, color=BEFORE, linestyle=":", linewidth=1.2)
            label_axes(axes, x_label, "", legend=False)
            low, high = axes.get_xlim()
            axes.set_xlim(max(low, lowest - 1), min(high, 101.0))
        left.set_yticks(range(len(results)), [result.row.name for result in results])
        left.set_ylim(len(results) - 0.5, -0.5)

    return draw_svg("ablation", (11.0, 1.2 + 0.42 * len(results)), paint)


def draw_estimate(
    axes: "Axes", y: int, value: Estimate, single: Sequence[float], colour: str
) -> None:
    """Draw a mean with its interval, and the figures of single seeds."""
    seeds = [100 * x for x in single]
    axes.plot(seeds, [y] * len(seeds), "o", color=AFTER, markersize=4, markerfacecolor="none")
    if value.low is not None and value.high is not None:
        axes.plot([100 * value.low, 100 * value.high], [y, y], color=colour, linewidth=1.8)
    axes.plot([100 * value.mean], [y], "o", color=colour, markersize=7)
