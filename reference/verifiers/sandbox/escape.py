"""Attempts to get out, made inside a sandbox by ``probe``: each one that succeeds is named.

    job  {"folder": …, "file": …, "secret": …, "process": …, "tcp": …, "udp": …, "abstract": …,
          "variable": …, "home": …, "hidden": names in the home directory that no sandboxed process
          has to see}

Every attempt is one that a hostile program could make with the standard library alone. ``alive`` is
printed by a probe that ran to its end: an empty output is not success.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

SEIZE, PTRACE_NUMBER = 0x4206, {"x86_64": 101, "aarch64": 117}
"""PTRACE_SEIZE does not stop its target, unlike PTRACE_ATTACH; the target is the prober."""

NEW_USER = 0x10000000
ALIVE = "alive"


def main(job: dict[str, Any]) -> None:
    """Try everything and print, as JSON, what succeeded."""
    succeeded = [ALIVE]
    for name, attempt in attempts(job).items():
        with contextlib.suppress(Exception):
            if attempt():
                succeeded.append(name)
    print(json.dumps(succeeded))


def attempts(job: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """List what is tried. An attempt has failed if it raises or returns something false.

    Args:
        job: See the module; all of it belongs to the prober.

    Returns:
        Name -> function.
    """
    return {
        "write a new file": lambda: bool(open(os.path.join(job["folder"], "escaped"), "w")),
        "overwrite a file": lambda: open(job["file"], "w").write("escaped"),
        "change a file's mode": lambda: _done(os.chmod, job["file"], 0o600),
        "delete a file": lambda: _done(os.unlink, job["file"]),
        "read a foreign file": lambda: open(job["secret"]).read(),
        "list a home directory": lambda: set(os.listdir(job["home"])) & set(job["hidden"]),
        "read /etc/passwd": lambda: open("/etc/passwd").read(),
        "read /etc/shadow": lambda: open("/etc/shadow").read(),
        "set the core pattern": lambda: open("/proc/sys/kernel/core_pattern", "r+"),
        "connect by TCP": lambda: socket.create_connection(("127.0.0.1", job["tcp"]), 1),
        "send by UDP": (
            lambda: _socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(
                b"escaped", ("127.0.0.1", job["udp"])
            )
        ),
        "reach an abstract socket": lambda: _done(
            _socket(socket.AF_UNIX).connect, "\0" + job["abstract"]
        ),
        "signal a foreign process": lambda: _done(os.kill, job["process"], 0),
        # Process 1 is the sandbox's own, where processes have a name space.
        "signal the parent": (
            lambda: os.getppid() > 1 and _done(os.kill, os.getppid(), signal.SIGCONT)
        ),
        "trace a foreign process": lambda: _trace(job["process"]) == 0,
        "see a foreign process": (
            lambda: (
                os.path.exists(f"/proc/{job['process']}/environ")
                and _environment_of(job["process"])
            )
        ),
        "see the caller's environment": (
            lambda: job["variable"] in os.environ or job["variable"] in _environment_of(1)
        ),
        "be the superuser": lambda: _done(os.setuid, 0),
        "make a name space of users": lambda: ctypes.CDLL(None).unshare(NEW_USER) == 0,
        "keep a descriptor": lambda: _open_descriptors() - {0, 1, 2},
    }


def _done(function: Callable[..., None], *arguments: Any) -> bool:
    function(*arguments)
    return True


def _socket(family: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
    return socket.socket(family, kind)


def _trace(process: int) -> int:
    number = PTRACE_NUMBER[os.uname().machine]
    returned: int = ctypes.CDLL(None).syscall(number, SEIZE, process, 0, 0)
    return returned


def _environment_of(process: int) -> str:
    with open(f"/proc/{process}/environ") as stream:
        return stream.read()


def _open_descriptors() -> set[int]:
    descriptors = set()
    for number in range(256):
        with contextlib.suppress(OSError):
            os.fstat(number)
            descriptors.add(number)
    return descriptors
