"""Sets of problems as files: what the rules need of a row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seed.reference.data.files import RowFile
from seed.reference.data.index import dataset_names
from seed.reference.data.located import digest
from seed.reference.data.messages import Unusable, plain_text
from seed.reference.data.schemas import RowRules, read_row
from seed.reference.verifiers.files.lines import fields_of

STATEMENTS = ("problem", "question", "Problem", "Question", "prompt", "messages")
"""Columns in which an unusable row may still have a statement."""


@dataclass(frozen=True)
class SetRow:
    """A row of a set.

    Attributes:
        line: Of the file, from 1.
        id: As in the file, or ``line N``.
        text: The statement.
        answer: The reference answer; empty if the row cannot be used.
        fault: Why it cannot be used; empty if it can.
        provenance: What a built set says of the problem; None elsewhere.
    """

    line: int
    id: str
    text: str
    answer: str
    fault: str = ""
    provenance: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ProblemSet:
    """The problems of mathematics in a file.

    Attributes:
        name: Of the file, without folder and suffixes.
        path: The file.
        sha256: Of the file.
        rows: In order.
        left_out: Domain -> rows of other domains.
    """

    name: str
    path: Path
    sha256: str
    rows: Sequence[SetRow]
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_sets(paths: Sequence[Path]) -> list[ProblemSet]:
    """Read files of problems.

    Raises:
        SeedError: UNREADABLE_FILE, BACKEND_MISSING.
    """
    names = dataset_names([str(path) for path in paths])
    return [_read(path, name) for path, name in zip(paths, names, strict=True)]


def _read(path: Path, name: str) -> ProblemSet:
    rows: list[SetRow] = []
    left_out = Counter[str]()
    for line, _, content in RowFile(path).lines():
        fields, fault = fields_of(content)
        try:
            if fault:
                raise Unusable(fault)
            problem = read_row(fields, name, RowRules(custom=True)).problem
        except Unusable as reason:
            rows.append(SetRow(line, f"line {line}", _statement(fields), "", str(reason)))
            continue
        domain, given = problem.instance["domain"], fields.get("id")
        identity = str(given) if isinstance(given, str | int) else f"line {line}"
        if domain == "math":
            reference = problem.instance["reference"]
            made = fields.get("provenance")
            made = made if isinstance(made, Mapping) else None
            rows.append(SetRow(line, identity, problem.prompt, reference, provenance=made))
        elif domain == "custom":
            why = "there is no reference answer"
            rows.append(SetRow(line, identity, problem.prompt, "", why))
        else:
            left_out[domain] += 1
    return ProblemSet(name, path, digest(str(path)), rows, dict(left_out))


def _statement(fields: Mapping[str, Any]) -> str:
    return next((text for name in STATEMENTS if (text := plain_text(fields.get(name) or ""))), "")
