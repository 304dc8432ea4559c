"""A file of judgements: one output line per input line, in order, safe against a kill at any time.

    {"id": "a1", "domain": "math", "verdict": "correct", "reward": 1.0, "extracted": "2",
     "why": "…", "line": "3f…"}

``line`` is the digest of the input line. ``isolation`` follows ``why`` where a response was
executed, ``verifier`` where a custom verifier judged. Nothing depends on the clock or on the number
of workers, so a run that is killed and resumed writes the same bytes as one that is not.
"""

import fcntl
import json
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from seed.reference.verifiers.custom import checked_address
from seed.reference.verifiers.files.lines import Heading, Rule, parsed, raw_lines
from seed.reference.verifiers.files.tally import Tally
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Request
from seed.reference.verifiers.sandbox.host import SandboxError
from seed.reference.verifiers.sandbox.probe import AUTOMATIC, choose
from seed.reference.verifiers.verdict import Judgement, error, judgement_of
from seed.spec.atomic_files import unwritable
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError

BLOCK_BYTES = 1 << 20
"""Bytes read at a time when lines are only counted."""

Listener = Callable[[Heading, Judgement], None]
"""Called for every line in order, those of an earlier run included."""


def verify_file(
    path: Path, out: Path, rule: Rule, pool: Pool, resume: bool, report: Listener
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

    Returns:
        The counts of all lines, those of an earlier run included.

    Raises:
        SeedError: UNREADABLE_FILE, FILE_EXISTS, FOREIGN_OUTPUT, ILLEGAL_COMBINATION if an earlier
            run has executed programs in another isolation, or VERIFIER_FAILED if a custom verifier
            does not load.
    """
    tally = Tally()

    def count_and_report(heading: Heading, judgement: Judgement) -> None:
        tally.add(heading.row, heading.problem, judgement.verdict.outcome, judgement.verdict.why)
        report(heading, judgement)

    isolation = pool.limits.isolation
    with opened(path) as file:
        check_verifier(pool, rule)
        with appended(out, resume) as written:
            lines = continued(raw_lines(file), written, rule, isolation, out, count_and_report)
            for heading, judgement in judged(lines, rule, pool):
                append(out, written, output_line(heading, judgement))
                count_and_report(heading, judgement)
    return tally


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
            fault = "" if isinstance(request, Judgement) else fault_of(heading)
            yield error(fault) if fault else request

    for judgement in pool.judge(requests()):
        yield headings.popleft(), judgement


def output_line(heading: Heading, judgement: Judgement) -> bytes:
    """Write one judgement down.

    As ASCII: the line is legible everywhere, whatever the response held.
    """
    fields: dict[str, Any] = {"id": heading.id, "domain": heading.domain} | judgement.as_json()
    if heading.verifier:
        fields["verifier"] = heading.verifier
    return json.dumps(fields | {"line": heading.line}).encode("ascii") + b"\n"


def continued(
    lines: Iterator[bytes],
    written: BinaryIO,
    rule: Rule,
    isolation: str,
    out: Path,
    report: Listener,
) -> Iterator[bytes]:
    """Compare what an earlier run has written with its input, line by line.

    A last line that a kill has cut short is removed. That happens only after all others have been
    found to belong to the input, and only if it is the beginning of the judgement of its input
    line: no foreign file is ever changed.

    Args:
        lines: All input lines.
        written: The output, open for reading and writing; afterwards its position is at its end.
        rule: Who judges.
        isolation: Where programs are to be run from now on.
        out: Name of the output.
        report: Called for every line that is there already.

    Returns:
        The lines that are still to be judged.

    Raises:
        SeedError: FOREIGN_OUTPUT, ILLEGAL_COMBINATION.
    """
    valid_bytes = 0
    for number, line in enumerate(iter(written.readline, b""), start=1):
        source = next(lines, None)
        if source is None:
            raise _foreign(out, f"the input has no line {number}")
        heading, _ = parsed(source, rule)
        if not line.endswith(b"\n"):
            if not _is_beginning(line, heading):
                why = "is not the beginning of a judgement of that input line"
                raise _foreign(out, f"line {number}, the last, {why}")
            written.truncate(valid_bytes)
            written.seek(valid_bytes)
            return chain([source], lines)
        judgement = _read_back(line, heading)
        if judgement is None:
            why = "is no judgement of that input line by this verifier"
            raise _foreign(out, f"line {number} {why}")
        if judgement.verdict.isolation and not heading.verifier:
            check_isolation(isolation, judgement.verdict.isolation, f"line {number} of {out}")
        valid_bytes += len(line)
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
    """Open an input for reading.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        file = path.open("rb")
    except OSError as failure:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {failure.strerror}") from None
    with file:
        yield file


@contextmanager
def appended(out: Path, resume: bool) -> Iterator[BinaryIO]:
    """Open an output that grows line by line, for this process alone.

    It is created if it does not exist.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE.
    """
    try:
        # Appended by the system: Python's buffer of the file is only read from.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (0 if resume else os.O_EXCL)
        descriptor = os.open(out, flags, 0o666)
    except FileExistsError:
        line = f"{out} exists; choose another --out, or continue it with --resume"
        raise SeedError(Reason.FILE_EXISTS, line) from None
    except OSError as failure:
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: {failure.strerror}") from None
    with os.fdopen(descriptor, "r+b") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SeedError(Reason.UNWRITABLE_FILE, f"{out} is no file; choose another --out")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            line = f"{out} is being written by another process"
            raise SeedError(Reason.UNWRITABLE_FILE, line) from None
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
        for block in blocks:
            count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


def _read_back(line: bytes, heading: Heading) -> Judgement | None:
    """The judgement of a line; None if it is not exactly what is written for that input line."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    judgement = judgement_of(fields) if isinstance(fields, dict) else None
    return judgement if judgement and output_line(heading, judgement) == line else None


def _is_beginning(line: bytes, heading: Heading) -> bool:
    fields = {"id": heading.id, "domain": heading.domain, "verdict": ""}
    start = json.dumps(fields).removesuffix('"}').encode("ascii")
    return line.startswith(start) or start.startswith(line)


def _foreign(out: Path, why: str) -> SeedError:
    return SeedError(Reason.FOREIGN_OUTPUT, f"{out} was not written from this input: {why}")
