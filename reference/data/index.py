"""An index of problem files: where each usable row stands, and what must be known of it.

Every row is read and checked once, before training starts. What is kept is 34 bytes a row.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seed.reference.data.files import RowFile
from seed.reference.data.messages import Unusable, fingerprint
from seed.reference.data.readers import Fields
from seed.reference.data.schemas import ReadRow, RowRules, read_row
from seed.reference.data.targets import DOMAINS
from seed.reference.verifiers.files.lines import fields_of
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError

ROW = np.dtype(
    [
        ("file", np.uint16),
        ("line", np.int64),
        ("start", np.int64),
        ("length", np.int32),
        ("text", np.uint64),
        ("group", np.uint16),
        ("split", np.int8),
        ("worked", np.bool_),
    ]
)
"""``text`` is the problem's fingerprint, ``split`` one of ``SPLITS``."""

SPLITS = {"": 0, "train": 1, "test": 2}
MAX_GROUPS = 32
"""Names that accuracy is reported by; rows of further ones count under the name of their file."""

SHOWN_FAULTS = 3
KEPT_FAULTS = 20
ROWS_AT_ONCE = 65536
ROWS_PER_NEWS = 512
Advanced = Callable[[int], None]
ADVANCED: ContextVar[Advanced] = ContextVar("ADVANCED", default=lambda count: None)
"""Is told how many rows were read, or prompts measured, since it was last told.

Files are read deep inside of what needs their problems, and may take minutes.
"""
Rows = NDArray[np.void]


@dataclass
class FileCount:
    """What was found in one file.

    Attributes:
        path: The file.
        kind: Its format.
        size: Its bytes.
        seconds: What reading it took.
        usable: Rows that are problems, by schema; ``domains``: the same by domain.
        unusable: Reasons of the other rows with their numbers of rows.
        faults: Line and reason of the first ``KEPT_FAULTS`` of them.
    """

    path: Path
    kind: str
    size: int
    seconds: float = 0.0
    usable: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    unusable: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def note(self) -> str:
        """Rows, schema, domains, size and time in one line."""
        schemas = _listed(self.usable) or "no usable row"
        domains = f" ({_listed(self.domains)})" if self.domains else ""
        size = f"{self.size / 1e6:.2f} MB, read in {self.seconds:.1f} s"
        return f"{self.path}: {schemas}{domains}; {self.kind}, {size}"

    def notes(self) -> list[str]:
        """All that is to be told."""
        return [self.note(), self.fault_note()] if self.faults else [self.note()]

    def fault_note(self) -> str:
        """Unusable rows: the count, and the first with their lines and reasons."""
        count = self.unusable.total()
        shown = "; ".join(f"line {line}: {why}" for line, why in self.faults[:SHOWN_FAULTS])
        more = f"; and {count - SHOWN_FAULTS} more" if count > SHOWN_FAULTS else ""
        verb = "row cannot" if count == 1 else "rows cannot"
        return f"{self.path}: {count} {verb} be used: {shown}{more}"


class Index:
    """The rows of some files, and problems by row.

    Attributes:
        rows: One ``ROW`` per usable row, file by file.
        groups: Names that ``ROW.group`` counts.
        counts: What was found in each file.
    """

    def __init__(
        self, entries: Sequence[str], rules: RowRules, advanced: Advanced | None = None
    ) -> None:
        """Read and check all rows.

        Args:
            entries: Paths; ``judge=PATH`` gives all rows of a file that name no domain one.
            rules: What the settings say about rows.
            advanced: Is told the number of rows read since it was last told; None for ``ADVANCED``.

        Raises:
            SeedError: UNREADABLE_FILE, BACKEND_MISSING.
        """
        self._advanced = advanced or ADVANCED.get()
        self.groups: list[str] = []
        self.counts: list[FileCount] = []
        self._files: list[RowFile] = []
        self._rules: list[RowRules] = []
        self._names = dataset_names([split_entry(entry)[1] for entry in entries])
        parts = [self._scanned(*split_entry(entry), rules) for entry in entries]
        self.rows = np.concatenate([np.empty(0, ROW), *parts])

    def refuse_useless(self) -> None:
        """Refuse a file without a usable row.

        Raises:
            SeedError: UNREADABLE_FILE.
        """
        for count in self.counts:
            if not count.usable:
                why = count.fault_note() if count.faults else f"{count.path}: the file holds no row"
                raise SeedError(Reason.UNREADABLE_FILE, why)

    def problem(self, row: Any) -> Problem:
        """The problem of a row of ``rows``.

        Raises:
            SeedError: UNREADABLE_FILE if the file has changed since it was indexed.
        """
        number = int(row["file"])
        file = self._files[number]
        line = file.line_at(int(row["start"]), int(row["length"]))
        fields, fault = fields_of(line)
        try:
            problem = self._read(fields, number).problem if not fault else None
        except Unusable:
            problem = None
        if problem is None or fingerprint(problem.messages, problem.prompt) != int(row["text"]):
            why = f"line {row['line']} is another than when the run began; keep files as they are"
            raise SeedError(Reason.UNREADABLE_FILE, f"{file.path}: {why}")
        return replace(problem, family=self.groups[int(row["group"])])

    def place(self, row: Any) -> str:
        """``train.jsonl line 7``."""
        return f"{self.counts[int(row['file'])].path.name} line {row['line']}"

    def _scanned(self, domain: str, path: str, rules: RowRules) -> Rows:
        began = time.perf_counter()
        file = RowFile(Path(path))
        count = FileCount(file.path, file.kind, file.size)
        number = len(self._files)
        self._files.append(file)
        self._rules.append(RowRules(rules.columns, domain or rules.domain, rules.custom))
        self.counts.append(count)
        parts, rows = [np.empty(0, ROW)], list[tuple[Any, ...]]()
        for entry in self._entries(number):
            rows.append(entry)
            if len(rows) % ROWS_PER_NEWS == 0:
                self._advanced(ROWS_PER_NEWS)
            if len(rows) == ROWS_AT_ONCE:
                parts.append(np.array(rows, ROW))
                rows.clear()
        count.seconds = time.perf_counter() - began
        return np.concatenate([*parts, np.array(rows, ROW)])

    def _entries(self, number: int) -> Iterator[tuple[Any, ...]]:
        file, count = self._files[number], self.counts[number]
        for line, start, content in file.lines():
            fields, fault = fields_of(content)
            try:
                if fault:
                    raise Unusable(fault)
                read = self._read(fields, number)
            except Unusable as reason:
                count.unusable[str(reason)] += 1
                if len(count.faults) < KEPT_FAULTS:
                    count.faults.append((line, str(reason)))
                continue
            problem = read.problem
            count.usable[read.schema] += 1
            count.domains[problem.instance["domain"]] += 1
            text = fingerprint(problem.messages, problem.prompt)
            group = self._group(problem.family, number)
            split, worked = SPLITS[read.split], bool(problem.demonstration)
            yield number, line, start, len(content), text, group, split, worked

    def _read(self, fields: Fields, number: int) -> ReadRow:
        return read_row(fields, self._names[number], self._rules[number])

    def _group(self, name: str, file: int) -> int:
        if name not in self.groups and len(self.groups) >= MAX_GROUPS:
            name = self._names[file]
        if name not in self.groups:
            self.groups.append(name)
        return self.groups.index(name)


def split_entry(entry: str) -> tuple[str, str]:
    """``judge=simpleqa.jsonl`` as domain and path; the domain is empty where none is named."""
    domain, sign, path = entry.partition("=")
    return (domain, path) if sign and domain in DOMAINS else ("", entry)


def dataset_names(paths: Sequence[str]) -> list[str]:
    """The names of files without folder and suffixes; with the folder where two are alike."""
    stems = [Path(path).name.partition(".")[0] for path in paths]
    return [
        stem if stems.count(stem) == 1 else f"{Path(path).parent.name}/{stem}"
        for path, stem in zip(paths, stems, strict=True)
    ]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
