"""What became of the rows: counts by rule and samples, as they go into a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seed.reference.cleaning.stage import Change, Drop, PutAside, Record

SAMPLES = 5
"""Rows of each rule that a report shows; the first ones."""
SHOWN_CHARACTERS = 400


@dataclass
class RuleCount:
    """Rows that one rule decided on.

    Attributes:
        changed, dropped, put_aside: Numbers of rows.
        samples: The first of them: file, line, id, reason, beginning of the statement.
    """

    changed: int = 0
    dropped: int = 0
    put_aside: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)


class Tally:
    """Counts of one run.

    Attributes:
        rows: Rows read.
        kept: Rows written, changed ones included.
        rules: By name, in the order of the stages.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self.rows = self.kept = 0
        self.rules = {name: RuleCount() for name in rules}

    def keep(self) -> None:
        """A row was written."""
        self.rows += 1
        self.kept += 1

    def leave_out(self, record: Record, decision: Drop | PutAside) -> None:
        """A row was dropped or put aside."""
        self.rows += 1
        count = self.rules[decision.rule]
        if isinstance(decision, Drop):
            count.dropped += 1
        else:
            count.put_aside += 1
        self._sample(count, record, decision.reason)

    def change(self, record: Record, decision: Change) -> None:
        """A row was changed; what becomes of it is counted apart."""
        count = self.rules[decision.rule]
        count.changed += 1
        new = decision.record
        self._sample(count, record, f"now: …{new.statement[-120:]} [{new.reference}]")

    @property
    def changed(self) -> int:
        """Changes over all rules."""
        return sum(count.changed for count in self.rules.values())

    @property
    def dropped(self) -> int:
        """Dropped rows over all rules."""
        return sum(count.dropped for count in self.rules.values())

    @property
    def put_aside(self) -> int:
        """Rows put aside over all rules."""
        return sum(count.put_aside for count in self.rules.values())

    def as_json(self) -> dict[str, Any]:
        """Everything, so that ``restore`` goes on from here."""
        rules = {name: vars(count) for name, count in self.rules.items()}
        return {"rows": self.rows, "kept": self.kept, "rules": rules}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from what ``as_json`` gave."""
        self.rows, self.kept = saved["rows"], saved["kept"]
        self.rules = {name: RuleCount(**count) for name, count in saved["rules"].items()}

    def _sample(self, count: RuleCount, record: Record, reason: str) -> None:
        if len(count.samples) < SAMPLES:
            statement = " ".join(record.statement.split()) or record.content.decode(
                "utf-8", "replace"
            )
            count.samples.append(
                {
                    "file": record.file,
                    "line": record.line,
                    "id": record.id,
                    "reason": reason,
                    "statement": statement[:SHOWN_CHARACTERS],
                    "reference": record.reference[:SHOWN_CHARACTERS],
                }
            )
