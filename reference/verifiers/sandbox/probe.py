"""Which isolation is sound on this machine: found out by trying to get out of it, once per process.

    installed and supported?  ->  a probe runs inside and tries every escape
                              ->  its report is empty, the bait is unchanged

No version number and no file decides: kernels, containers and distributions switch name spaces and
Landlock off in many ways.
"""

import contextlib
import ctypes
import functools
import json
import os
import platform
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seed.reference.verifiers.sandbox import bubblewrap, escape, landlock, reach, seccomp, weak
from seed.reference.verifiers.sandbox.host import SandboxError, start
from seed.reference.verifiers.sandbox.limits import Limits

PREFERRED = ("bubblewrap", "landlock")
"""Mechanisms that can be sound, the best first.

bubblewrap hides what Landlock only refuses: metadata of files, process ids.
"""

AUTOMATIC, WEAK = "automatic", "weak"
BAIT = "untouched"
PROBE_LIMITS = replace(Limits(), wall_seconds=60.0, suite_seconds=60.0)
"""A probe takes a fifth of a second.

Its result holds for the life of this process, so a busy machine gets all the time it may need.
"""


@dataclass(frozen=True)
class Soundness:
    """Whether a mechanism holds here, and if not, why."""

    sound: bool
    why: str


def choose(isolation: str = AUTOMATIC) -> str:
    """Find the mechanism to use.

    Args:
        isolation: ``automatic`` (the best sound one), a member of ``PREFERRED``, or ``weak``, which
            is never chosen by itself.

    Returns:
        Its name.

    Raises:
        SandboxError: None is sound, the named one is not, or the system is not Linux; the message
            has the reason.
        ValueError: There is no such isolation.
    """
    if isolation not in (AUTOMATIC, *PREFERRED, WEAK):
        legal = ", ".join((AUTOMATIC, *PREFERRED, WEAK))
        raise ValueError(f"isolation={isolation!r} must be one of {legal}")
    if missing := missing_calls():
        raise SandboxError(
            f"programs run on Linux only, under any isolation: {platform.system()} has no"
            f" {', '.join(missing)}; judge code lines in a Linux container or virtual machine"
        )
    if isolation == WEAK:
        return WEAK
    faults = []
    for mechanism in PREFERRED if isolation == AUTOMATIC else (isolation,):
        checked = soundness(mechanism)
        if checked.sound:
            return mechanism
        faults.append(f"{mechanism}: {checked.why}")
    raise SandboxError(
        f"no sound isolation here ({'; '.join(faults)}); isolation=weak runs programs without any"
    )


def missing_calls() -> list[str]:
    """Calls that every isolation needs and that this system lacks."""
    missing = [name for name in ("memfd_create", "pidfd_open") if not hasattr(os, name)]
    return missing if hasattr(ctypes.CDLL(None), "prctl") else [*missing, "prctl"]


@functools.cache
def soundness(mechanism: str) -> Soundness:
    """Try to get out of a member of ``host.MECHANISMS``; kept for the life of this process."""
    if missing := _missing(mechanism):
        return Soundness(False, missing)
    try:
        escapes = attempt_escapes(mechanism)
    except SandboxError as failure:
        return Soundness(False, str(failure) + _closed_to_others())
    return Soundness(not escapes, "; ".join(f"a program inside can {name}" for name in escapes))


def attempt_escapes(mechanism: str) -> list[str]:
    """Lay out bait, run the probe inside, check both, and return what succeeded.

    Raises:
        SandboxError: The probe did not run to its end.
    """
    entry = "seed.reference.verifiers.sandbox.escape:main"
    with bait() as job, start(entry, job, mechanism, PROBE_LIMITS) as guest:
        ended = guest.wait()
        if ended.fault():
            raise SandboxError(f"the probe {ended.fault()}")
        reported: list[str] = json.loads(ended.stdout)
        if escape.ALIVE not in reported:
            raise SandboxError("the probe did not report")
        escapes = [name for name in reported if name != escape.ALIVE]
        return escapes + ["touch the bait"] * _touched(job)


@contextlib.contextmanager
def bait() -> Iterator[dict[str, Any]]:
    """Lay out what a program inside must not reach.

    Files that every user may change, a secret that every user may read, and listeners.

    Yields:
        The job of ``escape``.
    """
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seed-probe-")))
        root.chmod(0o755)
        (folder := root / "folder").mkdir(mode=0o777)
        folder.chmod(0o777)
        (file := root / "file").write_text(BAIT)
        file.chmod(0o666)
        (secret := root / "secret").write_text(BAIT)
        root.chmod(0o777)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0" + root.name)
        abstract.listen()
        yield {
            "folder": str(folder),
            "file": str(file),
            "secret": str(secret),
            "home": str(Path.home()),
            "hidden": _hidden(Path.home()),
            "process": os.getpid(),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "abstract": root.name,
            "variable": next(iter(os.environ.keys() - weak.ENVIRONMENT.keys()), "NONE"),
        }


def _closed_to_others() -> str:
    """Explain the commonest reason why nothing runs as another user than root."""
    closed = reach.closed_directory(reach.interpreter()) if os.getuid() == 0 else ""
    if not closed:
        return ""
    return f" ({closed} is closed to other users: use a Python that everybody can reach)"


def _touched(job: dict[str, Any]) -> bool:
    file = Path(job["file"])
    return not file.exists() or file.read_text() != BAIT or bool(os.listdir(job["folder"]))


def _hidden(home: Path) -> list[str]:
    below = [path for path in map(Path, reach.readable()) if path.is_relative_to(home)]
    on_the_way = {path.relative_to(home).parts[0] for path in below}
    return sorted(set(os.listdir(home)) - on_the_way)


def _missing(mechanism: str) -> str:
    if mechanism == "bubblewrap" and not bubblewrap.program():
        return "bwrap is not installed"
    if mechanism == "landlock" and not landlock.version():
        return "the kernel has no Landlock"
    if mechanism == "landlock" and not seccomp.supported():
        return f"no table of system calls for {seccomp.machine()}"
    return ""
