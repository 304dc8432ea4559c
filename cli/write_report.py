"""``seed report``: the page of a run at any time, or of several runs side by side."""

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

import click

from seed.cli.options import PATH
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError


@click.command(cls=Command)
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option(
    "--out",
    type=PATH,
    help="New file.  [default: report.html in the run; of several, comparison.html beside them]",
)
def report(runs: tuple[Path, ...], out: Path | None) -> None:
    """Write the page of a RUN at any time, or compare several.

    A run may be going on, have been killed, or be finished. Its own page, report.html, is written
    anew; no other file is ever overwritten: comparison.html becomes comparison-2.html and so on.
    The first of several runs is what the others are compared with.
    """
    from seed.cli.report.comparison import MOST_RUNS, compared_runs
    from seed.cli.report.comparison_page import comparison_page
    from seed.cli.report.page import report_page
    from seed.cli.report.record import read_record

    check_runs(runs, MOST_RUNS)
    if out is not None and out.exists():
        raise SeedError(Reason.FILE_EXISTS, f"{out} exists; choose another --out")
    records = {run: read_record(run) for run in runs}
    if len(runs) == 1:
        page = report_page(records[runs[0]], followed=out is None)
        write(out or runs[0] / "report.html", page, replace=out is None)
    else:
        write(out or free_file(runs), comparison_page(compared_runs(records)), replace=False)


def check_runs(runs: Sequence[Path], most: int) -> None:
    """Refuse more runs than a plot can show, and a run that is given twice."""
    if len(runs) > most:
        line = f"{len(runs)} runs are too many to tell apart in a plot; legal: at most {most}"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    resolved = [run.resolve() for run in runs]
    for run in runs:
        if resolved.count(run.resolve()) > 1:
            raise SeedError(Reason.ILLEGAL_VALUE, f"RUN={run} is given twice")


def free_file(runs: Sequence[Path]) -> Path:
    """``comparison.html``, or ``comparison-2.html`` and so on if that exists.

    It lies beside the runs if all are in one folder, else in the folder the command is called in.
    """
    parents = {run.resolve().parent for run in runs}
    folder = runs[0].parent if len(parents) == 1 else Path()
    numbered = (folder / f"comparison-{number}.html" for number in count(2))
    candidates = chain([folder / "comparison.html"], numbered)
    return next(path for path in candidates if not path.exists())


def write(path: Path, page: str, replace: bool) -> None:
    """Write a page and print its path.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    from seed.spec.atomic_files import write_atomically

    try:
        write_atomically(path, page, replace=replace)
    except FileExistsError:
        raise SeedError(Reason.FILE_EXISTS, f"{path} exists; choose another --out") from None
    except SeedError as error:
        raise SeedError(error.reason, f"{error.line}; choose another --out") from None
    click.echo(path)
