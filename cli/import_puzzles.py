"""``seed puzzles read``: problems of public collections as lines that ``seed verify`` reads, and
what was left out.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from seed.cli.verify import printable
from seed.reference.importers.lines import COLLECTIONS, Counts, problem_line
from seed.reference.verifiers.files.file import opened
from seed.reference.verifiers.files.lines import raw_lines
from seed.reference.verifiers.files.publish import check_free, publish
from seed.spec.errors import Reason, SeedError

SHOWN_FAULTS = 5
"""Unreadable lines that are told; all are counted."""


def read(path: Path, out: Path) -> None:
    """Convert a file, write it whole or not at all, print the counts.

    Raises:
        SeedError: UNREADABLE_FILE if no line is one of a collection; FILE_EXISTS, UNWRITABLE_FILE.
    """
    check_free(out)
    counts = Counts()
    lines = list(converted(path, counts))
    if not counts.tasks and not counts.no_family:
        why = printable(counts.unreadable[0]) if counts.unreadable else "it is empty"
        raise SeedError(
            Reason.UNREADABLE_FILE, f"{path} holds no line of {' or '.join(COLLECTIONS)}; {why}"
        )
    publish(out, lines)
    click.echo(count_table(counts))


def converted(path: Path, counts: Counts) -> Iterator[str]:
    """The lines to write."""
    with opened(path) as file:
        for number, line in enumerate(raw_lines(file), start=1):
            fields = problem_line(line, number, counts)
            if fields is not None:
                yield json.dumps(fields)


def count_table(counts: Counts) -> str:
    """Lines by task, then what was not read and why."""
    width = max(map(len, [*counts.tasks, "unreadable"])) + 1
    lines = [f"{'task':{width}}{'lines':>7}{'read':>7}{'claims':>8}   left out"]
    for task, count in counts.tasks.items():
        why = "; ".join(f"{times} {reason}" for reason, times in count.unsuited.items())
        lines.append(
            f"{task:{width}}{count.lines:>7}{count.read:>7}{count.claims:>8}   {printable(why)}".rstrip()
        )
    read_lines = sum(count.read for count in counts.tasks.values())
    all_lines = (
        sum(count.lines for count in counts.tasks.values())
        + counts.no_family.total()
        + len(counts.unreadable)
    )
    claims = sum(count.claims for count in counts.tasks.values())
    lines.append(f"{'overall':{width}}{all_lines:>7}{read_lines:>7}{claims:>8}")
    if counts.no_family:
        tasks = ", ".join(f"{printable(task)} {times}" for task, times in counts.no_family.items())
        lines.append(f"{'no family':{width}}{counts.no_family.total():>7}   {tasks}")
    if counts.unreadable:
        lines.append(f"{'unreadable':{width}}{len(counts.unreadable):>7}")
        lines += [f"  {printable(fault)}" for fault in counts.unreadable[:SHOWN_FAULTS]]
    if len(counts.unreadable) > SHOWN_FAULTS:
        lines.append(f"  and {len(counts.unreadable) - SHOWN_FAULTS} more")
    return "\n".join(lines)
