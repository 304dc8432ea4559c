"""Files of chats as what SFT reads: an index of taught sequences, and the sequences by number.

Every row is read, checked and written as tokens once, before training starts. What is kept is 28
bytes a sequence, so files may be larger than memory; a step reads and writes its rows again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seed.reference.data.chats import read_chat
from seed.reference.data.files import RowFile
from seed.reference.data.index import KEPT_FAULTS, FileCount
from seed.reference.data.messages import Unusable
from seed.reference.text.chat_targets import TaughtSequence, taught_sequences
from seed.reference.verifiers.files.lines import fields_of
from seed.spec.datatypes import IntArray
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import Tokenizer

ENTRY = np.dtype(
    [
        ("file", np.uint16),
        ("part", np.uint16),
        ("line", np.int64),
        ("start", np.int64),
        ("length", np.int32),
        ("tokens", np.int32),
    ]
)
"""``part`` is the number of the sequence among those of its row, ``tokens`` its length as read."""

AT_ONCE = 65536
ROWS_PER_NEWS = 512
Advanced = Callable[[int], None]


@dataclass(frozen=True)
class ChatSettings:
    """What the index needs to know; the names are those of the settings.

    Attributes:
        chats: Files.
        max_tokens: Longest sequence that is read as it is.
        overlong: ``refuse``, ``drop`` or ``truncate``.
        vocabulary: Tokens that the model knows.
    """

    chats: tuple[str, ...]
    max_tokens: int
    overlong: str = "refuse"
    vocabulary: int = 2**31


class ChatFiles:
    """The taught sequences of files.

    Attributes:
        lengths: Tokens of each sequence as it is read.
        counts: What was found in each file.
        notes: What was found and decided, a line each, for the person who starts the run.
    """

    def __init__(
        self, settings: ChatSettings, tokenizer: Tokenizer, advanced: Advanced | None = None
    ) -> None:
        """Read all files, and refuse what cannot be learned from.

        Args:
            settings: Files and limits.
            tokenizer: Of the model.
            advanced: Is told the number of rows read since it was last told.

        Raises:
            SeedError: UNREADABLE_FILE, ILLEGAL_VALUE, BACKEND_MISSING.
        """
        self.settings, self._tokenizer = settings, tokenizer
        self._advanced = advanced or (lambda count: None)
        self._files: list[RowFile] = []
        self.counts: list[FileCount] = []
        self._overlong = self._beyond = self._rewritten = 0
        self._longest, self._place = 0, ""
        parts = [self._scanned(path) for path in settings.chats]
        self._entries = np.concatenate([np.empty(0, ENTRY), *parts])
        self.lengths: IntArray = self._entries["tokens"].astype(np.int64)
        self.notes = [note for count in self.counts for note in count.notes()]
        self._refuse_useless()
        self.notes += self._length_notes()
        self.notes.append(self._sum_note())

    def __len__(self) -> int:
        """Number of sequences."""
        return len(self._entries)

    def sequence(self, number: int) -> TaughtSequence:
        """The sequence of a number.

        Raises:
            SeedError: UNREADABLE_FILE if the file has changed since it was indexed.
        """
        entry = self._entries[number]
        file = self._files[int(entry["file"])]
        try:
            read = self._sequences(file.line_at(int(entry["start"]), int(entry["length"])))[1]
            sequence = read[int(entry["part"])].cut(self.settings.max_tokens)
        except (Unusable, IndexError):
            sequence = TaughtSequence((), ())
        if len(sequence.tokens) != entry["tokens"]:
            why = f"line {entry['line']} is another than when the run began; keep files as they are"
            raise SeedError(Reason.UNREADABLE_FILE, f"{file.path}: {why}")
        return sequence

    def place(self, number: int) -> str:
        """``chats.jsonl line 7``."""
        entry = self._entries[number]
        return f"{self._files[int(entry['file'])].path.name} line {entry['line']}"

    def _scanned(self, path: str) -> Any:
        began = time.perf_counter()
        file = RowFile(Path(path))
        count = FileCount(file.path, file.kind, file.size)
        number = len(self._files)
        self._files.append(file)
        self.counts.append(count)
        parts, rows = [np.empty(0, ENTRY)], list[tuple[Any, ...]]()
        for entry in self._read(number):
            rows.append(entry)
            if len(rows) == AT_ONCE:
                parts.append(np.array(rows, ENTRY))
                rows.clear()
        count.seconds = time.perf_counter() - began
        return np.concatenate([*parts, np.array(rows, ENTRY)])

    def _read(self, number: int) -> Iterator[tuple[Any, ...]]:
        file, count = self._files[number], self.counts[number]
        for read, (line, start, content) in enumerate(file.lines(), start=1):
            if read % ROWS_PER_NEWS == 0:
                self._advanced(ROWS_PER_NEWS)
            try:
                form, sequences = self._sequences(content)
            except Unusable as reason:
                count.unusable[str(reason)] += 1
                if len(count.faults) < KEPT_FAULTS:
                    count.faults.append((line, str(reason)))
                continue
            count.usable[form] += 1
            self._rewritten += len(sequences) > 1
            for part, sequence in enumerate(sequences):
                kept = self._fitting(sequence, f"{file.path.name} line {line}")
                if kept is not None:
                    yield number, part, line, start, len(content), len(kept.tokens)

    def _sequences(self, content: bytes) -> tuple[str, list[TaughtSequence]]:
        """The form of a row and its sequences.

        Raises:
            Unusable: It has none.
        """
        fields, fault = fields_of(content)
        if fault:
            raise Unusable(fault)
        chat = read_chat(fields)
        try:
            sequences = taught_sequences(self._tokenizer, chat.messages, chat.taught)
        except SeedError as error:
            raise Unusable(error.line) from None
        largest = max(max(sequence.tokens) for sequence in sequences)
        if largest >= self.settings.vocabulary:
            line = f"token {largest} is none of the model's {self.settings.vocabulary}"
            raise Unusable(f"{line} (model.vocabulary)")
        return chat.form, sequences

    def _fitting(self, sequence: TaughtSequence, place: str) -> TaughtSequence | None:
        """A sequence as it is read; None where it is left out."""
        length = len(sequence.tokens)
        if length > self._longest:
            self._longest, self._place = length, place
        if length <= self.settings.max_tokens:
            return sequence
        self._overlong += 1
        if self.settings.overlong != "truncate":
            return None
        cut = sequence.cut(self.settings.max_tokens)
        if any(cut.is_taught):
            return cut
        self._beyond += 1
        return None

    def _refuse_useless(self) -> None:
        """Refuse files without a usable row, and a sequence that is too long unless it may go."""
        for count in self.counts:
            if not count.usable:
                why = count.fault_note() if count.faults else f"{count.path}: the file holds no row"
                raise SeedError(Reason.UNREADABLE_FILE, why)
        if self._overlong and self.settings.overlong == "refuse":
            line = f"{self._length_line()}; supervised.overlong=drop leaves them out, truncate cuts"
            raise SeedError(Reason.ILLEGAL_VALUE, f"{line} them")
        if not len(self._entries):
            line = f"{self._length_line()}: nothing is left to learn from"
            raise SeedError(Reason.ILLEGAL_VALUE, line)

    def _length_line(self) -> str:
        count = len(self._entries) + self._overlong
        if self.settings.overlong == "truncate":
            count = len(self._entries) + self._beyond
        return (
            f"{self._overlong} of {count} chats are longer than"
            f" supervised.max_sequence_tokens={self.settings.max_tokens}, the longest has"
            f" {self._longest} tokens ({self._place})"
        )

    def _length_notes(self) -> list[str]:
        notes = []
        if not self._overlong:
            notes.append(f"the longest chat has {self._longest} tokens ({self._place})")
        elif self.settings.overlong == "drop":
            notes.append(f"{self._length_line()}; dropped")
        else:
            lost = f", {self._beyond} of them dropped: no taught token is left"
            notes.append(f"{self._length_line()}; cut{lost if self._beyond else ''}")
        if self._rewritten:
            line = f"{self._rewritten} chats become several sequences: the chat template rewrites"
            notes.append(f"{line} earlier turns")
        return notes

    def _sum_note(self) -> str:
        chats = sum(count.usable.total() for count in self.counts)
        tokens = int(self.lengths.sum())
        return f"{chats} chats, {len(self)} sequences for SFT, {tokens} tokens an epoch"


def repeated(chats: Sequence[str]) -> str:
    """The first file that is named twice; empty if there is none."""
    return next((path for path in chats if chats.count(path) > 1), "")
