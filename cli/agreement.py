"""What ``seed conform`` and ``seed diff`` do: run the grid, compare two targets, print tables."""

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from seed.cli.meter import meter
from seed.conformance.compare import NotComparable, largest_error
from seed.conformance.grid import EXACT, FULL, PRECISIONS, QUICK, Line, quick_precisions, run_grid
from seed.conformance.launch import mpirun
from seed.conformance.target import config_of, parse_target, traced
from seed.conformance.traces import COMPONENTS, Trace, without_step
from seed.scaled.processes.launcher import launcher
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require
from seed.spec.layout import Layout

TOLERANCES = {"float64": EXACT, "float32": 1e-4, "bfloat16": 0.1}
"""Largest relative error at which ``seed diff`` calls a component the same, by the lower precision
of the two targets.
"""


def check_agreement(full: bool, ranks: Sequence[int], precisions: Sequence[str]) -> bool:
    """Run the grid and print largest error and bound of each component, layout and precision.

    Returns:
        Whether every error is within its bound.
    """
    grid = {
        count: layouts
        for count, layouts in (FULL if full else QUICK).items()
        if not ranks or count in ranks
    }
    if not grid:
        given, legal = (", ".join(map(str, numbers)) for numbers in (ranks, QUICK))
        raise SeedError(Reason.ILLEGAL_VALUE, f"--ranks={given} must be some of: {legal}")

    prepare_ranks("seed conform", max(grid))

    def of(layout: Layout) -> tuple[str, ...]:
        return tuple(precisions) or (PRECISIONS if full else quick_precisions(layout))

    with meter("conform", len(grid) + 1) as shown:

        def report(text: str) -> None:
            shown.advance(1, [text])

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


def prepare_ranks(command: str, ranks: int) -> None:
    """Refuse, before any work, a comparison that cannot start its ranks.

    Args:
        command: As the user typed it.
        ranks: Most ranks of the torch backend; 0 without it.

    Raises:
        SeedError: BACKEND_MISSING without torch, mpi4py or mpirun; ILLEGAL_COMBINATION under a
            launcher.
    """
    if launcher().kind != "none":
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"{command} starts its own ranks; legal: {command} without mpirun, srun and torchrun",
        )
    if ranks:
        require("torch", command)
    if ranks > 1:
        require("mpi4py", command)
        mpirun()


def grid_table(lines: Sequence[Line]) -> str:
    """One row per layout, precision and case; a cell is ``error/bound``, ``!`` marks a failure."""
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


def compare_targets(first: str, second: str, recipe: str, overrides: Sequence[str]) -> bool:
    """Compare two backends or layouts on one batch and name the first component that differs.

    Returns:
        Whether they agree.
    """
    targets = parse_target(first), parse_target(second)
    configs = [config_of(target, recipe, tuple(overrides)) for target in targets]
    scaled = [target.layout.ranks for target in targets if target.backend == "scaled"]
    prepare_ranks("seed diff", max(scaled, default=0))
    tolerance = max(TOLERANCES[config.precision] for config in configs)
    traces: list[Trace] = []
    with tempfile.TemporaryDirectory(prefix="seed-diff-") as folder, meter("diff", 2) as shown:
        for name, target in zip((first, second), targets, strict=True):
            file = Path(folder) / f"{len(traces)}.npz"
            traces.append(traced(target, recipe, tuple(overrides), file))
            shown.advance(1, [name])
    click.echo(f"{first} against {second}, relative tolerance {tolerance:g}\n")
    text, differing = diff_table(traces[0], traces[1], tolerance)
    click.echo(text)
    for line in missing_lines(traces[0], traces[1], (first, second)):
        click.echo(line)
    click.echo(
        f"\nthe first component that differs is {differing[0]}"
        if differing
        else "\nno component differs"
    )
    return not differing


def diff_table(first: Trace, second: Trace, tolerance: float) -> tuple[str, list[str]]:
    """The table: a row per component that both targets have; and the components that differ.

    A component differs if its largest error is above the tolerance, or if its arrays do not have
    the same names; then the error is that of the arrays in both. It is infinite if they are not
    comparable.
    """
    rows, differing = [f"{'component':12}{'largest error':>15}  {'where':44}"], []
    for component in [component for component in first if component in second]:
        one, other = first[component], second[component]
        expected = {name: array for name, array in one.items() if name in other}
        try:
            actual = {name: other[name] for name in expected}
            error, worst = largest_error(actual, expected, component)
        except NotComparable as difference:
            error, worst = math.inf, str(difference)
        differs = not error <= tolerance or one.keys() != other.keys()
        differing += [component] if differs else []
        rows.append(f"{component:12}{error:>15.1e}  {worst:44}{'differs' if differs else 'same'}")
    return "\n".join(rows), differing


def missing_lines(first: Trace, second: Trace, titles: tuple[str, str]) -> Iterator[str]:
    """A line for each array that one target lacks in a component of both; all steps together."""
    for component in [component for component in first if component in second]:
        one, other = first[component].keys(), second[component].keys()
        for names, title in ((other - one, titles[0]), (one - other, titles[1])):
            for name in sorted({without_step(name) for name in names}):
                yield f"{component}: {name} is missing in {title}"
