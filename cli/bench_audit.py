"""``seed bench audit``: what is wrong with sets of problems."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.bench_build import (
    against_option,
    check_free_folder,
    results_option,
    too_easy_option,
    write_folder,
)
from seed.cli.formatting import aligned, percent, printable
from seed.cli.options import PATH
from seed.cli.user_errors import Command

if TYPE_CHECKING:
    from seed.reference.exams.audit import AuditedSet

SHOWN = 5
"""Findings of a rule that are printed; ``--out`` has them all."""
JSON, PAGE = "audit.json", "audit.html"
WIDTH = 110


@click.command("audit", cls=Command)
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@against_option
@results_option
@too_easy_option
@click.option("--out", type=PATH, metavar="DIR", help="New folder for audit.json and audit.html.")
@click.option(
    "--show",
    type=click.IntRange(0),
    default=SHOWN,
    show_default=True,
    help="Findings of each rule that are printed.",
)
def bench_audit(
    files: tuple[Path, ...],
    against: tuple[Path, ...],
    results: tuple[Path, ...],
    too_easy: float,
    out: Path | None,
    show: int,
) -> None:
    """Check sets of problems: answers, statements, duplicates, overlaps, our verifier.

    FILE is JSONL, a JSON array or Parquet, in any schema of problem files. Where the text is one
    of a family of ours, two solvers answer it again. A finding is a reason to look; a person
    decides.
    """
    from seed.cli.meter import DELAY_SECONDS, meter
    from seed.cli.report.exam_audit_page import exam_audit_page
    from seed.reference.exams.audit import audit_set
    from seed.reference.exams.difficulty import Difficulty
    from seed.reference.exams.known import KnownProblems
    from seed.reference.exams.problem_sets import read_sets

    if out is not None:
        check_free_folder(out)
    sets, known_sets = read_sets(files), read_sets(against)
    known, difficulty = KnownProblems.of(known_sets), Difficulty(results)
    with meter("problems", sum(len(one.rows) for one in sets), delay=DELAY_SECONDS) as shown:
        audited = [audit_set(one, known, difficulty, too_easy, shown.advance) for one in sets]
    names = [one.name for one in known_sets]
    click.echo("\n".join([*set_table(audited), "", *rule_lines(audited, show)]))
    if out is not None:
        content = {"against": names, "sets": [one.as_json() for one in audited]}
        page = exam_audit_page(audited, names)
        write_folder(out, {JSON: json.dumps(content, indent=1) + "\n", PAGE: page})
        click.echo(f"{out / PAGE}")


def set_table(sets: "Sequence[AuditedSet]") -> list[str]:
    """A line for each set."""
    from seed.reference.exams.audit import is_confirmed

    rows = [["set", "problems", "with a finding", "confirmed by two solvers", "best guess"]]
    for one in sets:
        answer, share = one.guess
        confirmed = f"{sum(map(is_confirmed, one.rows))} of {len(one.solved)}"
        guess = f"{printable(answer, 20)} ({percent(share)})"
        name = printable(one.problems.name, 32)
        rows.append([name, str(len(one.rows)), str(len(one.flagged)), confirmed, guess])
    lines = aligned(rows, 1)
    for one in sets:
        if one.problems.left_out:
            counts = ", ".join(f"{n} {domain}" for domain, n in one.problems.left_out.items())
            lines.append(f"{one.problems.name}: rows of other domains are left out: {counts}")
    return lines


def rule_lines(sets: "Sequence[AuditedSet]", show: int) -> list[str]:
    """Each rule that found something, with its first findings."""
    from seed.reference.exams.audit import RULES, total_counts

    counts = total_counts(sets)
    if not counts:
        return ["no rule found anything"]
    lines = []
    for rule, count in counts.items():
        lines.append(f"{count:>5}  {rule}: {RULES[rule]}")
        places = [
            f"{one.problems.name}/{row.row.id} (answer {row.row.answer or 'none'}): {found.detail}"
            for one in sets
            for row in one.rows
            for found in row.findings
            if found.rule == rule
        ]
        lines += [f"       {printable(place, WIDTH)}" for place in places[:show]]
        if 0 < show < len(places):
            lines.append(f"       and {len(places) - show} more")
    return lines
