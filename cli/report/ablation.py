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

from seed.cli.formatting import ruled
from seed.cli.report.document import document, figure, table
from seed.cli.report.drawing import Plot
from seed.cli.report.estimates import EstimateRow, estimate_text, estimates_plot
from seed.reference.evaluation.intervals import Estimate, estimate, paired_differences
from seed.spec.atomic_files import write_atomically

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

    @property
    def after_by_seed(self) -> dict[int, float]:
        """Seed -> accuracy after RL."""
        return dict(zip(self.seeds, self.after, strict=True))


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
        differences = [] if row is full else differences_to(full, row)
        difference = estimate(differences) if differences else None
        results.append(Result(row, estimate(row.before), estimate(row.after), difference))
    return results


def differences_to(full: AblationRow, row: AblationRow) -> list[float]:
    """Accuracy after RL less the full recipe's, one per seed that both have."""
    return paired_differences(full.after_by_seed, row.after_by_seed)


def cells(result: Result) -> tuple[str, ...]:
    """One line of the table; columns as in ``COLUMNS``."""
    return (
        result.row.name,
        str(len(result.row.seeds)),
        f"{100 * result.before.mean:.1f}",
        estimate_text(result.after, ".1f"),
        estimate_text(result.difference, "+.1f") if result.difference else "-",
    )


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
        f" full recipe, paired by seed.</p>{figure(estimates(results))}<h2>Table</h2>"
        f"{table('Held-out accuracy of each variant', COLUMNS, rows)}<p"
        ' class="soft">Intervals rest on the spread between seeds alone, so few seeds give wide'
        " ones, and one seed gives none (n/a). They are not corrected for the number of"
        " variants.</p>"
    )


def estimates(results: Sequence[Result]) -> Plot:
    """Accuracy after RL and difference to the full recipe, one line per variant."""
    full = results[0].row
    rows = [
        EstimateRow(
            name=result.row.name,
            value=result.after,
            difference=result.difference,
            single_values=result.row.after,
            single_differences=differences_to(full, result.row) if result.difference else (),
        )
        for result in results
    ]
    caption = (
        "Filled dots are means over seeds with 95 % t-intervals, small circles are single seeds. On"
        " the right, a variant left of the dotted line did worse than the full recipe, right of it"
        " better; an interval across the line leaves open which. Intervals that reach beyond the"
        " plot are in the table."
    )
    labels = "held-out accuracy after RL (%)", "difference to the full recipe (percentage points)"
    return estimates_plot("ablation", "Each variant and the full recipe", caption, rows, labels)
