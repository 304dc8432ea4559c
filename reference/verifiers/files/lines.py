"""One line of a file to be verified, read into a request for a worker or an ``error``.

    {"id": "a1", "domain": "math", "problem": "1 + 1 = ?", "reference": "2", "response": "It is 2."}

=========  =====================================================================================
id         text of at most 512 characters, unique within the file
domain     math, code, puzzle or judge; any text where a custom verifier judges the line
problem    text
reference  text (math, judge)
tests      any JSON but an empty one (code)
puzzle     ``{"family": …, "instance": …}`` (puzzle)
response   text
verifier   optional: ``path.py:function``, a verifier for this line, if lines may name one
label      ``correct`` or ``wrong`` (``seed audit`` only)
=========  =====================================================================================

A line may hold any bytes. Other fields are ignored, except the one that ``--by`` names: lines are
counted by its text.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from seed.reference.verifiers.domains import NEEDS
from seed.reference.verifiers.runner.worker import Request
from seed.reference.verifiers.verdict import Judgement, error
from seed.spec.errors import Reason, SeedError
from seed.spec.verify import DOMAINS, Item

MAX_LINE_BYTES = 64 << 20
"""Longest line that is parsed.

The private tests of one LiveCodeBench problem fill tens of megabytes; parsed, a line takes up to
twenty times its bytes.
"""

MAX_NAME_CHARACTERS = 512
"""Longest id or domain: names are copied into every output line."""

DIGEST_DIGITS = 16
"""Hexadecimal digits of the digest of a line: 64 bits are enough, as forging one gains nothing."""

NO_DOMAIN = "unreadable"
"""Where lines of an unknown domain are counted."""


@dataclass(frozen=True)
class Heading:
    """What is kept of a line while a worker has its request.

    Attributes:
        id: As in the line; None if there is none.
        domain: As in the line; None if there is none.
        row: Where the line is counted: under its field ``Rule.counted_by``, or its domain, or
            ``NO_DOMAIN``.
        verifier: The custom verifier; empty for the domain's.
        line: Digest of the line's bytes, without its line end.
        problem: Digest of the problem: responses to one problem are not independent of each other.
        label: The ``label`` field as in the line, any JSON value.
    """

    id: str | None
    domain: str | None
    row: str
    verifier: str
    line: str
    problem: str
    label: Any


@dataclass(frozen=True)
class Rule:
    """Who judges: one custom verifier for all lines, or the one of each line's domain.

    A line that names a Python file has it executed, and a file of responses may come from anywhere.
    So lines may name a verifier only if the user allows it.

    Attributes:
        verifier: A custom verifier for all lines; empty for the domain's.
        lines_may_choose: Whether a line may name a custom verifier.
        counted_by: The field under whose text a line is counted; its domain where there is none.
    """

    verifier: str = ""
    lines_may_choose: bool = False
    counted_by: str = "domain"


def raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Cut a file at its line feeds, and nowhere else.

    Returns:
        The lines without line ends. Of a line longer than ``MAX_LINE_BYTES``, one byte more than
        that is kept.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        while line := file.readline(MAX_LINE_BYTES + 1):
            rest = line
            while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE_BYTES)):
                pass
            yield line.removesuffix(b"\n").removesuffix(b"\r")
    except (OSError, EOFError, zlib.error) as failure:
        why = getattr(failure, "strerror", None) or str(failure)
        raise SeedError(Reason.UNREADABLE_FILE, f"{file.name}: {why}") from None


class Ids:
    """The ids of the lines of a file so far: one that stands there twice is an error."""

    def __init__(self) -> None:
        self.line_of: dict[int, int] = {}
        self.lines = 0

    def fault(self, heading: Heading) -> str:
        """Count the next line; what is wrong with its id, or the empty text."""
        self.lines += 1
        if heading.id is None:
            return ""
        # 64 bits: among a million ids two share one with probability 3e-8.
        key = int(digest(heading.id.encode("utf-8", "surrogatepass")), 16)
        first = self.line_of.setdefault(key, self.lines)
        return "" if first == self.lines else f"id must be unique, line {first} has it too"


def parsed(line: bytes, rule: Rule) -> tuple[Heading, Request | Judgement]:
    """Read a line without its end: its heading, and the request or an ``error`` with its fault."""
    fields, fault = fields_of(line)
    identity, domain = _name(fields, "id"), _name(fields, "domain")
    named_by_line = fields.get("verifier", "")
    may_choose = rule.lines_may_choose and isinstance(named_by_line, str)
    verifier = (named_by_line if may_choose else "") or rule.verifier
    has_verifier = domain is not None and (domain in DOMAINS or verifier != "")
    heading = Heading(
        id=identity,
        domain=domain,
        row=(_name(fields, rule.counted_by) or domain) if has_verifier and domain else NO_DOMAIN,
        verifier=verifier,
        line=digest(line),
        problem=digest(str(fields.get("problem")).encode("utf-8", "surrogatepass")),
        label=fields.get("label"),
    )
    fault = fault or _fault(fields, heading, rule)
    return heading, error(fault) if fault else Request(_item(fields), verifier)


def digest(content: bytes) -> str:
    """Beginning of the SHA-256 in hexadecimal."""
    return sha256(content).hexdigest()[:DIGEST_DIGITS]


def fields_of(line: bytes) -> tuple[Mapping[str, Any], str]:
    """Read a line without its end as an object: its fields, or none and what is wrong with it."""
    if len(line) > MAX_LINE_BYTES:
        return {}, f"the line is longer than {MAX_LINE_BYTES >> 20} MiB"
    if not line.strip():
        return {}, "the line is empty"
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as failure:
        return {}, f"the line is not UTF-8: {failure.reason} at byte {failure.start}"
    except json.JSONDecodeError as failure:
        return {}, f"the line is not JSON: {failure.msg} at character {failure.pos}"
    except (ValueError, RecursionError) as failure:  # thousands of digits, or of brackets
        return {}, f"the line cannot be read: {failure}"
    return (fields, "") if isinstance(fields, dict) else ({}, "the line is JSON but no object")


def _fault(fields: Mapping[str, Any], heading: Heading, rule: Rule) -> str:
    """The first thing that is wrong with the fields, or the empty text."""
    if heading.id is None or heading.domain is None:
        name = "id" if heading.id is None else "domain"
        return f"{name} must be a text of 1 to {MAX_NAME_CHARACTERS} characters"
    if heading.row == NO_DOMAIN:
        return f"domain={heading.domain!r} must be one of {', '.join(DOMAINS)}"
    if fields.get("verifier") and not rule.lines_may_choose:
        return "the line names a custom verifier; allow that with --line-verifiers"
    if not isinstance(fields.get("verifier", ""), str):
        return "verifier must be text"
    for name in ("problem", "response"):
        if not isinstance(fields.get(name), str):
            return f"{name} must be text" if name in fields else f"{name} is missing"
    if not isinstance(fields.get("reference") or "", str):
        return "reference must be text"
    if not isinstance(fields.get("puzzle") or {}, dict):
        return "puzzle must be an object"
    needed = "" if heading.verifier else NEEDS[heading.domain]
    if needed and fields.get(needed) in (None, "", [], {}):
        return f"{needed} is empty" if needed in fields else f"{needed} is missing"
    return ""


def _item(fields: Mapping[str, Any]) -> Item:
    return Item(
        id=fields["id"],
        domain=fields["domain"],
        problem=fields["problem"],
        response=fields["response"],
        reference=fields.get("reference") or "",
        tests=fields.get("tests"),
        puzzle=fields.get("puzzle") or None,
    )


def _name(fields: Mapping[str, Any], field: str) -> str | None:
    name = fields.get(field)
    return name if isinstance(name, str) and 0 < len(name) <= MAX_NAME_CHARACTERS else None
