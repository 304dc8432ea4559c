"""Rows through stages into files: what is kept, what is dropped and why, a report.

    OUT                   kept rows, byte for byte as they came in unless a rule changed them
    OUT.dropped.jsonl     every dropped row with file, line, rule and reason
    OUT.review.jsonl      rows that wait for a person's decision; only if there are any
    OUT.report.json       counts by rule with samples; OUT.report.html the same as a page

(in names, ``OUT`` is without ``.jsonl``)
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seed.reference.cleaning.job import Files, Job
from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.settings import Section
from seed.reference.cleaning.stage import Change, Decision, Drop, PutAside, Record, Stage
from seed.reference.cleaning.tally import Tally
from seed.spec.version import seed_version

KEPT, DROPPED, REVIEW = "kept", "dropped.jsonl", "review.jsonl"
REPORT, PAGE, REVIEW_PAGE = "report.json", "report.html", "review.html"

Report = dict[str, Any]
Advanced = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        command: Name of the verb.
        rows: What is read.
        settings: Thresholds.
        out: New file.
        resume: Go on with what a kill left.
        more: What else the output depends on, such as digests of further files.
    """

    command: str
    rows: Rows
    settings: Section
    out: Path
    resume: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        """All that the output depends on."""
        return {
            "command": self.command,
            "version": seed_version(),
            "inputs": [one.as_json() for one in self.rows.inputs],
            "settings": self.settings.model_dump(mode="json"),
            **self.more,
        }

    def job(self) -> Job:
        """Begin or go on.

        Raises:
            SeedError: As ``Job``.
        """
        return Job(self.out, self.identity(), self.resume, (DROPPED, REVIEW, REPORT, PAGE))


class Readable:
    """The first stage of most commands: rows that no schema reads are dropped."""

    rules = ("unreadable",)

    def __call__(self, record: Record) -> Decision:
        """Drop a row that is no problem."""
        return Drop("unreadable", record.fault) if record.read is None else None


def decided(record: Record, stages: Sequence[Stage], tally: Tally) -> tuple[Record, Decision]:
    """A row through all stages: what it became, and the decision that ended its way."""
    for stage in stages:
        decision = stage(record)
        if isinstance(decision, Change):
            tally.change(record, decision)
            record = decision.record
        elif decision is not None:
            return record, decision
    return record, None


def run_stages(
    plan: Plan,
    job: Job,
    stages: Sequence[Stage],
    advanced: Advanced = lambda count: None,
    number: int = 0,
) -> Tally:
    """The pass that writes: every row through the stages, into kept, dropped or put aside.

    Args:
        plan: What is asked for.
        job: Where it is done.
        stages: In order.
        advanced: Is told how many rows are done.
        number: Of the pass.

    Raises:
        SeedError: UNREADABLE_FILE, UNWRITABLE_FILE.
    """
    tally = Tally([name for stage in stages for name in stage.rules])

    def handle(record: Record, files: Files) -> None:
        after, decision = decided(record, stages, tally)
        if isinstance(decision, (Drop, PutAside)):
            tally.leave_out(record, decision)
            name = DROPPED if isinstance(decision, Drop) else REVIEW
            files[name].write(left_out_line(record, decision))
        else:
            tally.keep()
            files[KEPT].write(after.content + b"\n")

    job.run(
        number, plan.rows, (KEPT, DROPPED, REVIEW), handle, tally.as_json, tally.restore, advanced
    )
    return tally


def left_out_line(record: Record, decision: Drop | PutAside) -> bytes:
    """A dropped row as a line: where it stood, rule, reason, details, and the row as it was."""
    about: dict[str, Any] = {"file": record.file, "line": record.line, "id": record.id}
    about |= {"rule": decision.rule, "reason": decision.reason}
    if decision.details:
        about["details"] = decision.details
    if record.fields:
        head = json.dumps(about).encode()
        return head[:-1] + b', "row": ' + record.content.removeprefix(b"\xef\xbb\xbf") + b"}\n"
    about["text"] = record.content.decode("utf-8", "surrogateescape")
    return json.dumps(about).encode() + b"\n"


def report_of(plan: Plan, tally: Tally, more: Mapping[str, Any] | None = None) -> Report:
    """Everything that a person wants to know afterwards; no time, no place of files."""
    counts = {"rows": tally.rows, "kept": tally.kept, "changed": tally.changed}
    counts |= {"dropped": tally.dropped, "put_aside": tally.put_aside}
    return {
        **plan.identity(),
        "out": plan.out.name,
        "counts": counts,
        "rules": {name: vars(count) for name, count in tally.rules.items()},
        **(more or {}),
    }


def publish(
    job: Job, report: Report, page: Callable[[Report], str], more: Mapping[str, str] | None = None
) -> None:
    """Write the report and give all files their names.

    Args:
        job: With all passes done.
        report: Of ``report_of``.
        page: Makes the page of a report.
        more: Ending -> content of further files.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    contents = {REPORT: json.dumps(report, indent=1) + "\n", PAGE: page(report), **(more or {})}
    moved = {KEPT: "", DROPPED: DROPPED}
    if report["counts"]["put_aside"]:
        moved[REVIEW] = REVIEW
    job.publish(contents, moved)
