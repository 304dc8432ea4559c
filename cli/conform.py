"""``seed conform`` and ``seed diff``: whether the backends agree, and where they do not."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from tqdm import tqdm

from seed.conformance.compare import largest_error
from seed.conformance.grid import EXACT, FULL, PRECISIONS, QUICK, Line, quick_precisions, run_grid
from seed.conformance.target import config_of, parse_target, traced
from seed.conformance.trace import COMPONENTS, Trace
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout

TOLERANCES = {"float64": EXACT, "float32": 1e-4, "bfloat16": 0.1}
"""From which relative error on ``seed diff`` calls a component different, by the lower precision of
the two targets.
"""


def conform(full: bool, ranks: Sequence[int], precisions: Sequence[str]) -> bool:
    """Run the grid and print the table: component by layout by precision, largest error against its
    bound.

    Returns:
        Whether every error is within its bound.
    """
    grid = {
        count: layouts
        for count, layouts in (FULL if full else QUICK).items()
        if not ranks or count in ranks
    }
    if not grid:
        asked, legal = (", ".join(map(str, numbers)) for numbers in (ranks, QUICK))
        raise SeedError(Reason.ILLEGAL_VALUE, f"--ranks={asked} must be some of: {legal}")

    def of(layout: Layout) -> tuple[str, ...]:
        return tuple(precisions) or (PRECISIONS if full else quick_precisions(layout))

    with tqdm(total=len(grid) + 1, desc="conform", dynamic_ncols=True) as bar:

        def report(text: str) -> None:
            bar.set_postfix_str(text, refresh=False)
            bar.update(1)

        lines = run_grid(grid, of, report)
    click.echo(grid_table(lines))
    failed = [line for line in lines if not line.holds]
    click.echo(f"\n{len(lines) - len(failed)} of {len(lines)} comparisons within their bounds")
    for line in failed:
        click.echo(
            f"{line.job.case}, {line.job.precision}, {line.job.layout.title}: {line.component}"
            f" differs most in {line.worst}"
        )
    return not failed


def grid_table(lines: Sequence[Line]) -> str:
    """One row per layout, precision and case; a cell is ``error/bound``, with ``!`` where it does
    not hold.
    """
    width = 16
    rows = [
        f"{'layout':24}{'precision':11}{'case':12}"
        + "".join(f"{component:>{width}}" for component in COMPONENTS)
    ]
    for job in dict.fromkeys(line.job for line in lines):
        cells = {line.component: line for line in lines if line.job == job}
        texts = [_cell(cells.get(component)) for component in COMPONENTS]
        rows.append(
            f"{job.layout.title:24}{job.precision:11}{job.case:12}"
            + "".join(f"{text:>{width}}" for text in texts)
        )
    return "\n".join(rows)


def _cell(line: Line | None) -> str:
    return "-" if line is None else f"{line.error:.0e}/{line.bound:.0e}{'' if line.holds else '!'}"


def diff(first: str, second: str, recipe: str, overrides: Sequence[str]) -> bool:
    """Compare two backends or layouts on one batch, component by component, and name the first that
    differs.

    Returns:
        Whether they agree.
    """
    targets = parse_target(first), parse_target(second)
    configs = [config_of(target, recipe, tuple(overrides)) for target in targets]
    tolerance = max(TOLERANCES[config.precision] for config in configs)
    with tempfile.TemporaryDirectory(prefix="seed-diff-") as folder:
        traces = [
            traced(target, recipe, tuple(overrides), Path(folder) / f"{number}.npz")
            for number, target in enumerate(tqdm(targets, desc="diff", dynamic_ncols=True))
        ]
    click.echo(f"{first} against {second}, relative tolerance {tolerance:g}\n")
    text, differing = diff_table(traces[0], traces[1], tolerance)
    click.echo(text)
    click.echo(
        f"\nthe first component that differs is {differing[0]}"
        if differing
        else "\nno component differs"
    )
    return not differing


def diff_table(first: Trace, second: Trace, tolerance: float) -> tuple[str, list[str]]:
    """A row per component that both targets have, with its largest error, and the components whose error
    is above the tolerance.
    """
    rows, differing = [f"{'component':12}{'largest error':>15}  {'where':44}"], []
    for component in [component for component in first if component in second]:
        expected = first[component]
        error, worst = largest_error(second[component], expected, component)
        differs = not error <= tolerance
        differing += [component] if differs else []
        rows.append(f"{component:12}{error:>15.1e}  {worst:44}{'differs' if differs else 'same'}")
    return "\n".join(rows), differing
