"""A verifier compared with human labels: wrong answers that it accepts, right ones that it rejects.

    false positive rate = accepted / judged   among the lines that people labelled wrong
    false negative rate = rejected / judged   among the lines that people labelled correct

Errors are in neither rate. A policy learns to exploit false positives, and false negatives hold a
strong policy back (arXiv 2505.22203), so the two are never added up.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from seed.reference.verifiers.files.file import Listener, check_verifier, judged, opened
from seed.reference.verifiers.files.lines import Heading, Ids, Rule, raw_lines
from seed.reference.verifiers.files.tally import RateCounter
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.verdict import Judgement
from seed.spec.datatypes import Outcome

LABELS = (str(Outcome.CORRECT), str(Outcome.WRONG))


class Finding(StrEnum):
    """Why a line is reported."""

    FALSE_POSITIVE = "false positive"
    FALSE_NEGATIVE = "false negative"
    ERROR = "error"


@dataclass
class AuditRow:
    """Counts of one domain: lines, those without a verdict, and the two rates."""

    lines: int = 0
    errors: int = 0
    false_positives: RateCounter = field(default_factory=RateCounter)
    false_negatives: RateCounter = field(default_factory=RateCounter)

    def add(self, heading: Heading, outcome: Outcome) -> None:
        """Count one line."""
        self.lines += 1
        if outcome is Outcome.ERROR:
            self.errors += 1
        elif heading.label == Outcome.WRONG:
            self.false_positives.add(heading.problem, outcome is Outcome.CORRECT)
        else:
            self.false_negatives.add(heading.problem, outcome is Outcome.WRONG)


class Audit:
    """Rows by domain in the order of their first line, the row over all, and every finding."""

    def __init__(self) -> None:
        self.rows: dict[str, AuditRow] = {}
        self.overall = AuditRow()
        self.findings: list[tuple[Finding, dict[str, Any]]] = []

    def add(self, heading: Heading, judgement: Judgement) -> None:
        """Count one line and keep it if it is a finding."""
        outcome = judgement.verdict.outcome
        for row in (self.rows.setdefault(heading.row, AuditRow()), self.overall):
            row.add(heading, outcome)
        finding = finding_of(heading.label, outcome)
        if finding is not None:
            fields = {"finding": str(finding), "id": heading.id, "domain": heading.domain}
            fields["label"] = heading.label if heading.label in LABELS else None
            self.findings.append((finding, fields | judgement.as_json()))


def finding_of(label: str, outcome: Outcome) -> Finding | None:
    """Compare a verdict with the label; None if they agree."""
    if outcome is Outcome.ERROR:
        return Finding.ERROR
    if outcome == label:
        return None
    return Finding.FALSE_POSITIVE if outcome is Outcome.CORRECT else Finding.FALSE_NEGATIVE


def audit_file(path: Path, rule: Rule, pool: Pool, report: Listener) -> Audit:
    """Judge every line of a labelled file and compare; ``report`` is called for every line.

    A line without a ``label`` is an ``error``.

    Raises:
        SeedError: UNREADABLE_FILE, VERIFIER_FAILED.
    """
    audited = Audit()
    with opened(path) as file:
        check_verifier(pool, rule)
        ids = Ids()

        def fault_of(heading: Heading) -> str:
            return ids.fault(heading) or label_fault(heading)

        for heading, judgement in judged(raw_lines(file), rule, pool, fault_of):
            audited.add(heading, judgement)
            report(heading, judgement)
    return audited


def label_fault(heading: Heading) -> str:
    """What is wrong with a label, or the empty text."""
    return "" if heading.label in LABELS else f"label must be {' or '.join(LABELS)}"
