"""A file of judgements: one output line per input line, in order, safe against a kill at any time.

    {"id": "a1", "domain": "math", "verdict": "correct", "reward": 1.0, "extracted": "2",
     "why": "…", "line": "3f…", "version": "0.1.0"}

``line`` is the digest of the input line, ``version`` that of the software. ``isolation`` follows
``why`` where a response was executed, ``verifier`` and ``verifier_digest`` where a custom verifier
judged: its address, and the digest of its file and those that it imports beside it. Nothing depends
on the clock or on the number of workers, so a run that is killed and resumed writes the same bytes
as one that is not.
"""

import fcntl
import gzip
import os
import stat
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from seed.reference.verifiers.custom import checked_address
from seed.reference.verifiers.files.lines import Heading, Ids, Rule, parsed, raw_lines
from seed.reference.verifiers.files.output import (
    Origins,
    is_beginning,
    lock_holder,
    output_line,
    read_back,
)
from seed.reference.verifiers.files.tally import Tally
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Request
from seed.reference.verifiers.sandbox.host import SandboxError
from seed.reference.verifiers.sandbox.probe import AUTOMATIC, choose
from seed.reference.verifiers.verdict import Judgement, error
from seed.spec.atomic_files import unwritable
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError
from seed.spec.text_files import GZIP, LONGEST_START, check_plain
from seed.spec.version import seed_version

BLOCK_BYTES = 1 << 20
"""Bytes read at a time when lines are only counted."""

Listener = Callable[[Heading, Judgement], None]
"""Called for every line in order, those of an earlier run included."""


def verify_file(
    path: Path,
    out: Path,
    rule: Rule,
    pool: Pool,
    resume: bool,
    report: Listener,
    note: Callable[[str], None] = lambda line: None,
) -> Tally:
    """Judge every line of a file and append the judgements to another.

    Args:
        path: The input, see ``reference.verifiers.files.lines``.
        out: The output. It must not exist, unless ``resume`` is given.
        rule: Who judges.
        pool: Where.
        resume: Keep what an earlier run has written, after checking that it belongs to this input,
            and go on.
        report: Called for every line.
        note: Is told what a person should know, one line each.

    Returns:
        The counts of all lines, those of an earlier run included.

    Raises:
        SeedError: UNREADABLE_FILE, FILE_EXISTS, FOREIGN_OUTPUT, ILLEGAL_COMBINATION if an earlier
            run has executed programs in another isolation, UNWRITABLE_FILE if another process
            writes ``out``, or VERIFIER_FAILED if a custom verifier
            does not load.
    """
    tally = Tally()

    def count_and_report(heading: Heading, judgement: Judgement) -> None:
        tally.add(heading.row, heading.problem, judgement.verdict.outcome, judgement.verdict.why)
        report(heading, judgement)

    isolation = pool.limits.isolation
    with opened(path) as file:
        check_verifier(pool, rule)
        with appended(out, resume, note) as written:
            past = Past(rule, isolation, out)
            lines = continued(raw_lines(file), written, past, count_and_report)
            for line in past.notes():
                note(line)
            for heading, judgement in judged(lines, rule, pool, past.ids.fault):
                append(out, written, output_line(heading, judgement, past.origins.of(heading)))
                count_and_report(heading, judgement)
    return tally


@dataclass
class Past:
    """What an earlier run is compared with, and what is found.

    Attributes:
        rule: Who judges.
        isolation: Where programs are to be run from now on.
        out: Name of the output.
        ids: Of the lines that it judged.
        origins: Which code judges now.
        versions: How many lines which version of the software has judged; empty for those that do
            not say it.
    """

    rule: Rule
    isolation: str
    out: Path
    ids: Ids = field(default_factory=Ids)
    origins: Origins = field(default_factory=Origins)
    versions: Counter[str] = field(default_factory=Counter)

    def notes(self) -> Iterator[str]:
        """A line for each version that is not this one."""
        for version, lines in self.versions.items():
            if version != seed_version():
                by = f"seed {version}" if version else "an earlier version of seed"
                yield (
                    f"{lines} lines of {self.out} were judged by {by}, the rest by seed"
                    f" {seed_version()}; verdicts may differ"
                )


def judged(
    lines: Iterator[bytes],
    rule: Rule,
    pool: Pool,
    fault_of: Callable[[Heading], str] = lambda heading: "",
) -> Iterator[tuple[Heading, Judgement]]:
    """Judge lines without their ends in order: heading and judgement of each.

    ``fault_of`` is a further check of a line; a text makes it an ``error``.
    """
    headings: deque[Heading] = deque()

    def requests() -> Iterator[Request | Judgement]:
        for line in lines:
            heading, request = parsed(line, rule)
            headings.append(heading)
            fault = fault_of(heading)
            yield error(fault) if fault and not isinstance(request, Judgement) else request

    for judgement in pool.judge(requests()):
        yield headings.popleft(), judgement


def continued(
    lines: Iterator[bytes], written: BinaryIO, past: Past, report: Listener
) -> Iterator[bytes]:
    """Compare what an earlier run has written with its input, line by line.

    A last line that a kill has cut short is removed. That happens only after all others have been
    found to belong to the input, and only if it is the beginning of the judgement of its input
    line: no foreign file is ever changed.

    Args:
        lines: All input lines.
        written: The output, open for reading and writing; afterwards its position is at its end.
        past: What the earlier run must agree with; its ids and versions are filled in.
        report: Called for every line that is there already.

    Returns:
        The lines that are still to be judged.

    Raises:
        SeedError: FOREIGN_OUTPUT, ILLEGAL_COMBINATION.
    """
    valid_bytes, out = 0, past.out
    for number, line in enumerate(iter(written.readline, b""), start=1):
        source = next(lines, None)
        if source is None:
            raise _foreign(out, f"the input has no line {number}")
        heading, _ = parsed(source, past.rule)
        if not line.endswith(b"\n"):
            if not is_beginning(line, heading):
                why = "is not the beginning of a judgement of that input line"
                raise _foreign(out, f"line {number}, the last, {why}")
            written.truncate(valid_bytes)
            written.seek(valid_bytes)
            return chain([source], lines)
        judgement, origin = read_back(line, heading)
        if judgement is None:
            why = "is no judgement of that input line by this verifier"
            raise _foreign(out, f"line {number} {why}")
        past.origins.check(heading, origin, f"line {number} of {out}")
        if judgement.verdict.isolation and not heading.verifier:
            check_isolation(past.isolation, judgement.verdict.isolation, f"line {number} of {out}")
        valid_bytes += len(line)
        past.ids.fault(heading)
        past.versions[origin.get("version", "")] += 1
        report(heading, judgement)
    return lines


def check_isolation(isolation: str, earlier: str, source: str) -> None:
    """Refuse to continue in another isolation.

    The verdicts of one file would differ from those of any uninterrupted run.

    Args:
        isolation: What is wanted now; ``automatic`` stands for what it chooses here.
        earlier: What a program of the earlier run was executed in.
        source: Which line it was.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    if isolation == earlier:
        return
    chosen = ""
    if isolation == AUTOMATIC:
        try:
            chosen = choose(isolation)
        except SandboxError:
            chosen = "none"
    if chosen != earlier:
        named = f"isolation={isolation}{f' (here: {chosen})' if chosen else ''}"
        wrong = f"{named} must be {earlier}, in which {source} was judged"
        advice = "resume with that, or choose another --out"
        raise SeedError(Reason.ILLEGAL_COMBINATION, f"{wrong}; {advice}")


def check_verifier(pool: Pool, rule: Rule) -> None:
    """Load the custom verifier once, so that a wrong name is one user error, not one per line.

    Raises:
        SeedError: ILLEGAL_VALUE, VERIFIER_FAILED.
    """
    if rule.verifier:
        checked_address(rule.verifier)
        (judgement,) = pool.judge([Request(None, rule.verifier)])
        if judgement.verdict.outcome is Outcome.ERROR:
            why = f"verifier={rule.verifier} does not load: {judgement.verdict.why}"
            raise SeedError(Reason.VERIFIER_FAILED, why)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open an input for reading; one that gzip has compressed is read as its content.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        file = path.open("rb")
        start = file.peek(LONGEST_START)
    except OSError as failure:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {failure.strerror}") from None
    with file:
        if start.startswith(GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            check_plain(path, start)
            yield file


@contextmanager
def appended(out: Path, resume: bool, note: Callable[[str], None]) -> Iterator[BinaryIO]:
    """Open an output that grows line by line, for this process alone.

    It is created if it does not exist. ``note`` is told where the file system has no locks.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    try:
        # Appended by the system: Python's buffer of the file is only read from.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (0 if resume else os.O_EXCL)
        descriptor = os.open(out, flags, 0o666)
    except FileExistsError:
        line = f"{out} exists; choose another --out, or continue it with --resume"
        if holder := lock_holder(out):
            line = f"{out} is being written by {holder}; choose another --out"
        raise SeedError(Reason.FILE_EXISTS, line) from None
    except OSError as failure:
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: {failure.strerror}") from None
    with os.fdopen(descriptor, "r+b") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SeedError(Reason.UNWRITABLE_FILE, f"{out} is no file; choose another --out")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = lock_holder(out) or "another process"
            line = f"{out} is being written by {holder}; wait for its end, or end it"
            raise SeedError(Reason.UNWRITABLE_FILE, line) from None
        except OSError as failure:
            note(
                f"{out}: its file system has no locks ({failure.strerror}); see to it that no other"
                " process writes there"
            )
        yield file


def append(out: Path, written: BinaryIO, line: bytes) -> None:
    """Add a line and hand it to the system at once: a kill of this process does not lose it.

    If there is no room for all of it nothing is added.

    Raises:
        SeedError: UNWRITABLE_FILE.
    """
    descriptor, rest = written.fileno(), line
    before = os.fstat(descriptor).st_size
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError as failure:
        os.ftruncate(descriptor, before)
        raise unwritable(out, failure, len(line)) from None


def count_lines(path: Path) -> int | None:
    """Number of lines, for a progress bar.

    None if the input is no file, such as a pipe: reading would use it up.
    """
    if not path.is_file():
        return None
    with opened(path) as file:
        blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
        count, last = 0, b"\n"
        with suppress(EOFError, zlib.error, gzip.BadGzipFile):  # whoever reads the lines says so
            for block in blocks:
                count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


def _foreign(out: Path, why: str) -> SeedError:
    return SeedError(Reason.FOREIGN_OUTPUT, f"{out} was not written from this input: {why}")
