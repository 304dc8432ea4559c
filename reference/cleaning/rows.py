"""Rows of problem files as records, in order, from any place on."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seed.reference.cleaning.stage import Record
from seed.reference.data.files import RowFile
from seed.reference.data.index import dataset_names, split_entry
from seed.reference.data.messages import Unusable
from seed.reference.data.schemas import ReadRow, RowRules, read_row
from seed.reference.verifiers.files.file import count_lines
from seed.reference.verifiers.files.lines import fields_of
from seed.spec.errors import Reason, SeedError


@dataclass(frozen=True)
class Input:
    """One file of rows.

    Attributes:
        path: As it was named.
        name: The dataset: name of the file without folder and suffixes.
        sha256: Of its bytes.
        bytes: Number of them.
        rules: How its rows are read.
    """

    path: Path
    name: str
    sha256: str
    bytes: int
    rules: RowRules

    def as_json(self) -> dict[str, object]:
        """What identifies the content; the place of a file does not."""
        columns = {"columns": dict(self.rules.columns)} if self.rules.columns else {}
        domain = {"domain": self.rules.domain} if self.rules.domain else {}
        about: dict[str, object] = {"file": self.path.name, "sha256": self.sha256}
        return about | {"bytes": self.bytes} | columns | domain


class Rows:
    """The rows of some files.

    Attributes:
        inputs: The files.
    """

    def __init__(self, entries: Sequence[str], rules: RowRules | None = None) -> None:
        """Open files.

        Args:
            entries: Paths; ``judge=PATH`` gives all rows of a file that name no domain one.
            rules: What options say about rows. Rows without a reference are problems here: which of
                them are wanted is decided by a stage.

        Raises:
            SeedError: UNREADABLE_FILE, BACKEND_MISSING.
        """
        columns = rules.columns if rules else {}
        parts = [split_entry(entry) for entry in entries]
        names = dataset_names([path for _, path in parts])
        self._files = [RowFile(Path(path)) for _, path in parts]
        self.inputs = [
            Input(
                file.path,
                name,
                _digest(file.path),
                file.size,
                RowRules(columns, domain, custom=True),
            )
            for file, name, (domain, _) in zip(self._files, names, parts, strict=True)
        ]

    def total(self) -> int | None:
        """Number of lines, where counting them is cheap."""
        if any(file.kind != "JSON Lines" for file in self._files):
            return None
        return sum(count_lines(file.path) or 0 for file in self._files)

    def records(self, start: int = 0) -> Iterator[Record]:
        """The rows from the one with this ordinal on."""
        ordinal = 0
        for file, about in zip(self._files, self.inputs, strict=True):
            for line, _, content in file.lines():
                if ordinal >= start:
                    yield record_of(content, about.name, about.rules, ordinal, line)
                ordinal += 1


def record_of(content: bytes, dataset: str, rules: RowRules, ordinal: int, line: int) -> Record:
    """A line as a record; one that is no problem has a fault."""
    fields, fault = fields_of(content)
    read: ReadRow | None = None
    if not fault:
        try:
            read = read_row(fields, dataset, rules)
        except Unusable as reason:
            fault = str(reason)
    return Record(ordinal, dataset, line, content, fields, read, fault)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as failure:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {failure.strerror}") from None
