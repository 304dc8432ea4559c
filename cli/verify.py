"""``seed verify`` and ``seed audit``: judge the lines of a file, show the counts."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from tqdm import tqdm

from seed.cli.progress import REFRESH_SECONDS
from seed.reference.verifiers.files.audit import Audit, AuditRow, Finding, audit_file
from seed.reference.verifiers.files.file import Listener, count_lines, verify_file
from seed.reference.verifiers.files.lines import Heading, Rule
from seed.reference.verifiers.files.publish import check_free, publish
from seed.reference.verifiers.files.tally import Rate, Row, Tally
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.verdict import Judgement
from seed.spec.datatypes import Outcome

BAR_DELAY_SECONDS = 1.0
"""A file that is done sooner needs no bar."""

SHOWN_REASONS = 5
"""Reasons of errors that are told, the most frequent first; all of them are in the output."""

SHOWN_FINDINGS = 5
"""Offending lines of each kind that are told; ``--out`` has them all."""

NAME_WIDTH, WIDEST_NAME, TEXT_WIDTH = 14, 32, 100

AnyRow = TypeVar("AnyRow", Row, AuditRow)


def verify(path: Path, out: Path, rule: Rule, pool: Pool, resume: bool) -> None:
    """Judge a file, write a line each, print the counts."""
    with bar(path, "verify") as told, pool:
        try:
            tally = verify_file(path, out, rule, pool, resume, told)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"continue with the same command and --resume, {out} is kept"
            ) from None
    click.echo(tally_table(tally, rule.counted_by))


def audit(path: Path, out: Path | None, rule: Rule, pool: Pool) -> None:
    """Judge a labelled file, print the rates of false verdicts and where they are."""
    if out is not None:
        check_free(out)
    with bar(path, "audit") as told, pool:
        audited = audit_file(path, rule, pool, told)
    if out is not None:
        publish(out, (json.dumps(said) for _, said in audited.findings))
    click.echo(audit_table(audited, rule.counted_by))
    click.echo(finding_list(audited), nl=False)


@contextmanager
def bar(path: Path, name: str) -> Iterator[Listener]:
    """A bar on stderr with the counts so far."""
    counts = dict.fromkeys(Outcome, 0)
    with tqdm(
        total=count_lines(path),
        desc=name,
        unit=" lines",
        mininterval=REFRESH_SECONDS,
        delay=BAR_DELAY_SECONDS,
        dynamic_ncols=True,
    ) as shown:

        def told(heading: Heading, judgement: Judgement) -> None:
            counts[judgement.verdict.outcome] += 1
            told_counts = ", ".join(
                f"{count} {outcome}" for outcome, count in counts.items() if count
            )
            shown.set_postfix_str(told_counts, refresh=False)
            shown.update()

        yield told


def tally_table(tally: Tally, counted_by: str) -> str:
    """Counts and accuracy per domain, or what else lines are counted by, and why verifiers
    failed.
    """
    width = name_width([counted_by, *tally.rows])
    head = f"{printable(counted_by, width - 1):{width}}"
    lines = [
        f"{head}{'lines':>9}{'correct':>9}{'wrong':>9}{'error':>9}   accuracy of correct + wrong"
    ]
    lines += [
        _tally_line(f"{name:{width}}", row)
        for name, row in with_overall(tally.rows, tally.overall, width)
    ]
    for why, count in tally.reasons.most_common(SHOWN_REASONS):
        lines.append(f"{'error' if count == 1 else 'errors':{width}}{count:>9}   {printable(why)}")
    if len(tally.reasons) > SHOWN_REASONS:
        lines.append(f"{'':{width + 12}}and {len(tally.reasons) - SHOWN_REASONS} other reasons")
    return "\n".join(lines)


def audit_table(audited: Audit, counted_by: str) -> str:
    """False positives and false negatives per domain, or what else lines are counted by."""
    width = name_width([counted_by, *audited.rows])
    head = f"{printable(counted_by, width - 1):{width}}"
    lines = [f"{head}{'lines':>9}{'error':>9}   {'false positives':42}false negatives"]
    for name, row in with_overall(audited.rows, audited.overall, width):
        false_positives = _of(row.false_positives.rate(), "wrong")
        false_negatives = _of(row.false_negatives.rate(), "correct")
        lines.append(
            f"{name:{width}}{row.lines:>9}{row.errors:>9}   {false_positives:42}{false_negatives}"
        )
    return "\n".join(lines)


def finding_list(audited: Audit) -> str:
    """The first offending lines of each kind."""
    text = ""
    for kind in Finding:
        found = [said for finding, said in audited.findings if finding is kind]
        if found:
            text += f"\n{kind}s\n" + "".join(
                f"  {_finding_line(said)}\n" for said in found[:SHOWN_FINDINGS]
            )
        if len(found) > SHOWN_FINDINGS:
            text += f"  and {len(found) - SHOWN_FINDINGS} more; --out FILE writes them all\n"
    return text


def name_width(names: Iterable[str]) -> int:
    """Width of the column of names: the longest and a blank, within bounds."""
    return min(max(NAME_WIDTH, 1 + max(map(len, names))), WIDEST_NAME)


def with_overall(
    rows: dict[str, AnyRow], overall: AnyRow, width: int
) -> Iterator[tuple[str, AnyRow]]:
    """The rows with their printable names, and the overall row where there is more than one."""
    yield from ((printable(name, width - 1), row) for name, row in rows.items())
    if len(rows) != 1:
        yield "overall", overall


def printable(text: str, width: int = TEXT_WIDTH) -> str:
    """Text of a file as one line that cannot steer the terminal, cut to a width."""
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= width else line[: width - 1] + "…"


def _tally_line(name: str, row: Row) -> str:
    counts = [row.outcomes[outcome] for outcome in (Outcome.CORRECT, Outcome.WRONG, Outcome.ERROR)]
    numbers = "".join(f"{count:>9}" for count in [sum(counts), *counts])
    return f"{name}{numbers}   {_percent(row.accuracy.rate())}"


def _of(rate: Rate, label: str) -> str:
    return (
        f"{rate.hits} of {rate.cases} {label}: {_percent(rate)}"
        if rate.cases
        else f"none labelled {label} was judged"
    )


def _percent(rate: Rate) -> str:
    """``43.1 % [38.0, 48.4]``."""
    if rate.share is None:
        return "-"
    return f"{100 * rate.share:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _finding_line(said: dict[str, Any]) -> str:
    answer = f" answer {said['extracted']!r}" if said["extracted"] else ""
    return printable(f"{said['domain'] or '?'} {said['id'] or '(no id)'}:{answer} {said['why']}")
