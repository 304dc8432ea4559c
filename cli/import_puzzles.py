"""``seed puzzles read``: problems of public collections as lines that ``seed verify`` reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.formatting import printable
from seed.cli.options import PATH
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.importers.lines import Counts

SHOWN_FAULTS = 5
"""Unreadable lines whose fault is printed; all are counted."""


@click.command("read", cls=Command)
@click.argument("file", type=PATH)
@click.option("--out", type=PATH, required=True, help="New file, one line per problem read.")
def read_puzzles(file: Path, out: Path) -> None:
    """Read problems of Enigmata or reasoning-gym: FILE has id, task, problem, answer, meta, source.

    Each problem is written in the words of our family, with the collection's answer as its
    response: `seed verify OUT --by task` scores the collection, or your model if you put its
    responses there. Tasks without a family, problems that a family cannot express, and unreadable
    lines are counted, with the reasons.
    """
    from seed.reference.importers.lines import COLLECTIONS, Counts
    from seed.reference.verifiers.files.publish import check_free, publish

    check_free(out)
    counts = Counts()
    lines = list(converted(file, counts))
    if not counts.tasks and not counts.no_family:
        why = printable(counts.unreadable[0]) if counts.unreadable else "it is empty"
        collections = " or ".join(COLLECTIONS)
        raise SeedError(Reason.UNREADABLE_FILE, f"{file} holds no line of {collections}; {why}")
    publish(out, lines)
    click.echo(count_table(counts))


def converted(path: Path, counts: "Counts") -> Iterator[str]:
    """The lines to write; ``counts`` is updated."""
    from seed.reference.importers.lines import problem_line
    from seed.reference.verifiers.files.file import opened
    from seed.reference.verifiers.files.lines import raw_lines

    with opened(path) as file:
        for number, line in enumerate(raw_lines(file), start=1):
            fields = problem_line(line, number, counts)
            if fields is not None:
                yield json.dumps(fields)


def count_table(counts: "Counts") -> str:
    """Lines by task, then what was not read and why."""
    tasks = counts.tasks.values()
    all_lines = sum(count.lines for count in tasks)
    all_lines += counts.no_family.total() + len(counts.unreadable)
    read, claims = sum(count.read for count in tasks), sum(count.claims for count in tasks)
    width = max(map(len, [*counts.tasks, "unreadable"])) + 1
    lines = [f"{'task':{width}}{'lines':>7}{'read':>7}{'claims':>8}   left out"]
    for task, count in counts.tasks.items():
        reasons = "; ".join(f"{number} {reason}" for reason, number in count.unsuited.items())
        row = f"{task:{width}}{count.lines:>7}{count.read:>7}{count.claims:>8}"
        lines.append(f"{row}   {printable(reasons)}".rstrip())
    lines.append(f"{'overall':{width}}{all_lines:>7}{read:>7}{claims:>8}")
    if counts.no_family:
        names = ", ".join(f"{printable(task)} {n}" for task, n in counts.no_family.items())
        lines.append(f"{'no family':{width}}{counts.no_family.total():>7}   {names}")
    if counts.unreadable:
        lines.append(f"{'unreadable':{width}}{len(counts.unreadable):>7}")
        lines += [f"  {printable(fault)}" for fault in counts.unreadable[:SHOWN_FAULTS]]
    if len(counts.unreadable) > SHOWN_FAULTS:
        lines.append(f"  and {len(counts.unreadable) - SHOWN_FAULTS} more")
    return "\n".join(lines)
