"""The contract of a cleaning stage: a row comes in; it is kept, changed, dropped or put aside.

A stage decides by one row at a time, so that a file may be larger than memory. What it must know of
all rows (which are duplicates, what models answered) it is given when it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from seed.reference.data.schemas import ReadRow

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file.

    Attributes:
        ordinal: Number of the row over all files, from 0.
        file: Name of the file.
        line: Number of its line, from 1.
        content: Bytes of the line, without its end; what is written if the row is kept.
        fields: Columns of the row.
        read: The row as a problem; None if no schema reads it.
        fault: Why none does; empty if one does.
    """

    ordinal: int
    file: str
    line: int
    content: bytes
    fields: Fields
    read: ReadRow | None
    fault: str = ""

    @property
    def statement(self) -> str:
        """Text of the problem; empty if the row is none."""
        return self.read.problem.prompt if self.read else ""

    @property
    def domain(self) -> str:
        """Domain of the problem; empty if the row is none."""
        return str(self.read.problem.instance["domain"]) if self.read else ""

    @property
    def reference(self) -> str:
        """Reference answer; empty if there is none."""
        return str(self.read.problem.instance.get("reference", "")) if self.read else ""

    @property
    def id(self) -> str:
        """Id of the problem within its dataset, or a digest of its text; empty if it is none."""
        if self.read is None:
            return ""
        problem = self.read.problem
        return problem.id.removeprefix(f"{problem.family}/")


@dataclass(frozen=True, slots=True)
class Drop:
    """The row is dropped by a rule.

    Attributes:
        rule: Name of the rule.
        reason: What it found in this row, in one line.
        details: Values for a program that reads the file of dropped rows.
    """

    rule: str
    reason: str
    details: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PutAside:
    """The row waits for a person's decision; attributes as of ``Drop``."""

    rule: str
    reason: str
    details: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """The row is replaced by ``record``; attributes as of ``Drop``."""

    rule: str
    record: Record


Decision = Drop | PutAside | Change | None
"""None keeps the row as it is."""


class Stage(Protocol):
    """One or several named rules."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Every name that its decisions may have, in the order of reports."""
        ...

    def __call__(self, record: Record) -> Decision:
        """Decide on a row; bounded time, no state."""
        ...
