"""``seed verify``: judge the lines of a file and show the counts."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.formatting import name_width, printable
from seed.cli.judging import judging_bar, judging_options, rate_text, rule_and_pool, with_overall
from seed.cli.options import PATH
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError, with_way_on

if TYPE_CHECKING:
    from seed.reference.verifiers.files.tally import Tally

SHOWN_REASONS = 5
"""Reasons of errors that are printed, the most frequent first; all of them are in the output."""


@click.command(cls=Command)
@click.argument("file", type=PATH)
@click.option("--out", type=PATH, required=True, help="New file, one line per line of FILE.")
@click.option("--resume", is_flag=True, help="Continue an --out that was interrupted.")
@judging_options
def verify(file: Path, out: Path, resume: bool, **judging: Any) -> None:
    """Judge every line of FILE: correct, wrong or error.

    A line has id, domain (math, code, puzzle, judge), problem, response, and what the domain needs:
    reference (math, judge), tests (code) or puzzle (puzzle). An error means that the verifier
    failed; it has no reward and never counts as wrong.

    Your own verifier takes one dict (id, domain, problem, response, reference, tests, puzzle) and
    returns a bool, a reward (1 or more is correct) or a mapping with verdict, reward, extracted,
    why.
    """
    from seed.reference.verifiers.files.file import verify_file

    rule, pool = rule_and_pool(**judging)
    go_on = f"the same command and --resume, {out} is kept"
    notes: list[str] = []
    with judging_bar(file, "verify") as count, pool:
        try:
            tally = verify_file(file, out, rule, pool, resume, count, notes.append)
        except KeyboardInterrupt as interrupt:
            raise with_way_on(interrupt, f"continue with {go_on}") from None
        except SeedError as error:
            if error.reason is not Reason.UNWRITABLE_FILE or not out.is_file():
                raise
            raise SeedError(error.reason, f"{error.line}; then continue with {go_on}") from None
    for line in notes:
        click.echo(f"note: {line}", err=True)
    click.echo(tally_table(tally, rule.counted_by))


def tally_table(tally: "Tally", counted_by: str) -> str:
    """Counts and accuracy by domain or another field, and the reasons of errors."""
    from seed.spec.datatypes import Outcome

    width = name_width([counted_by, *tally.rows])
    columns = (f"{name:>9}" for name in ("lines", "correct", "wrong", "error"))
    lines = [
        f"{printable(counted_by, width - 1):{width}}{''.join(columns)}"
        "   accuracy of correct + wrong"
    ]
    for name, row in with_overall(tally.rows, tally.overall, width):
        counts = [row.outcomes[kind] for kind in (Outcome.CORRECT, Outcome.WRONG, Outcome.ERROR)]
        cells = "".join(f"{count:>9}" for count in [sum(counts), *counts])
        lines.append(f"{name:{width}}{cells}   {rate_text(row.accuracy.rate())}")
    for reason, count in tally.reasons.most_common(SHOWN_REASONS):
        noun = "error" if count == 1 else "errors"
        lines.append(f"{noun:{width}}{count:>9}   {printable(reason)}")
    if len(tally.reasons) > SHOWN_REASONS:
        lines.append(f"{'':{width + 12}}and {len(tally.reasons) - SHOWN_REASONS} other reasons")
    return "\n".join(lines)
