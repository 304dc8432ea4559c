"""The output of a file of judgements: its lines, which code wrote them, and its one writer."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seed.reference.verifiers.custom_sources import sources
from seed.reference.verifiers.files.lines import Heading, digest
from seed.reference.verifiers.verdict import Judgement, judgement_of
from seed.spec.errors import Reason, SeedError
from seed.spec.version import seed_version

LOCKS = Path("/proc/locks")
"""Linux: number, kind, mode, access, process, device:inode."""


DIGEST = "verifier_digest"
"""Field of the digest of a custom verifier's files."""


class Origins:
    """Which code judges a line now: the version, and the digest of a custom verifier."""

    def __init__(self) -> None:
        self.digests: dict[str, str] = {}

    def of(self, heading: Heading) -> dict[str, str]:
        """The origin that is written beside the judgement of a line."""
        origin = {"version": seed_version()}
        return origin | {DIGEST: self._digest(heading)} if heading.verifier else origin

    def check(self, heading: Heading, earlier: Mapping[str, str], source: str) -> None:
        """Refuse to continue what a custom verifier with another source began.

        Compared are its file and what it imports beside it, see ``custom_sources``.

        Args:
            heading: Of the line.
            earlier: The origin that the output records.
            source: Which line of the output it is.

        Raises:
            SeedError: FOREIGN_OUTPUT.
        """
        was = earlier.get(DIGEST, "")
        if was and (now := self._digest(heading)) != was:
            raise SeedError(
                Reason.FOREIGN_OUTPUT,
                f"{_file_of(heading)}, or what it imports beside it, has changed since {source} was"
                f" judged (digest {was}, now {now}); put it back, or choose another --out",
            )

    def _digest(self, heading: Heading) -> str:
        """Digest of the verifier's files as they were when it was first asked for."""
        path = _file_of(heading)
        if path not in self.digests:
            try:
                self.digests[path] = _digest_of(Path(path))
            except OSError:
                self.digests[path] = ""
        return self.digests[path]


def _digest_of(path: Path) -> str:
    """Of a file that imports nothing beside it: of its content; else of names and contents."""
    first, *others = sources(path)
    content = first.read_bytes()
    for file in others:
        theirs = file.read_bytes()
        content += f"\0{file.relative_to(path.parent)} {len(theirs)}\0".encode() + theirs
    return digest(content)


def _file_of(heading: Heading) -> str:
    return heading.verifier.rpartition(":")[0]


def output_line(heading: Heading, judgement: Judgement, origin: Mapping[str, str]) -> bytes:
    """Write one judgement down.

    As ASCII: the line is legible everywhere, whatever the response held. ``origin`` is as of
    ``Origins.of``; earlier versions wrote less of it.
    """
    fields: dict[str, Any] = {"id": heading.id, "domain": heading.domain} | judgement.as_json()
    if heading.verifier:
        fields["verifier"] = heading.verifier
    if DIGEST in origin:
        fields[DIGEST] = origin[DIGEST]
    fields["line"] = heading.line
    if "version" in origin:
        fields["version"] = origin["version"]
    return json.dumps(fields).encode("ascii") + b"\n"


def read_back(line: bytes, heading: Heading) -> tuple[Judgement | None, Mapping[str, str]]:
    """The judgement of a line and its origin.

    None if it is not exactly what is written for that input line.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None, {}
    judgement = judgement_of(fields) if isinstance(fields, dict) else None
    if judgement is None:
        return None, {}
    names = ("version", DIGEST)
    origin = {name: fields[name] for name in names if isinstance(fields.get(name), str)}
    return (judgement if output_line(heading, judgement, origin) == line else None), origin


def is_beginning(line: bytes, heading: Heading) -> bool:
    """Whether a line that was cut short may have become the judgement of that input line."""
    fields = {"id": heading.id, "domain": heading.domain, "verdict": ""}
    start = json.dumps(fields).removesuffix('"}').encode("ascii")
    return line.startswith(start) or start.startswith(line)


def lock_holder(path: Path) -> str:
    """``process N``, which holds a lock on a file; empty if none does or the system tells none."""
    try:
        status, table = path.stat(), LOCKS.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    for line in table.splitlines():
        fields = line.split()
        if len(fields) > 5 and fields[5] == f"{device}:{status.st_ino}":
            return f"process {fields[4]}" if int(fields[4]) > 0 else "another process"
    return ""
