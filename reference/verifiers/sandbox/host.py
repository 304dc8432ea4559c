"""The host's side: start a sandboxed process, wait for it, read what it wrote.

    with start("package.module:function", job, "landlock", Limits()) as guest:
        ended = guest.wait()

Standard input is a file in memory that ends where the data ends; standard output and error are
files in memory whose length RLIMIT_FSIZE bounds. So nobody has to read while the process runs, and
no orphan can keep a pipe open.
"""

import atexit
import fcntl
import json
import os
import select
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import Any

from seed.reference.verifiers.sandbox import keeper, reach, users, weak
from seed.reference.verifiers.sandbox.limits import Limits

MECHANISMS = ("bubblewrap", "landlock", "weak")

GRACE_SECONDS = 10.0
"""How much longer than a guest's own time its guard may take to report: a busy machine, not a
hostile program.
"""

STATUS_BYTES = 4096

SEALS = (
    fcntl.F_ADD_SEALS,
    fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL,
)

_start_lock = threading.Lock()
_keepers: dict[int, tuple[socket.socket, "subprocess.Popen[bytes]"]] = {}
"""The keeper of this process, by its own process id: after a fork the child starts its own."""


class SandboxError(Exception):
    """The sandbox itself failed: nothing is said about the program."""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: Exit status, or the negative number of the signal that killed it.
        late: Whether its time by the clock was up.
        cpu_seconds: Processor time used.
        wall_seconds: Time by the clock.
        peak_bytes: Largest resident memory.
        stdout: What it wrote to standard output.
        stderr: What it wrote to standard error.
    """

    status: int
    late: bool
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    stdout: bytes
    stderr: bytes

    def fault(self) -> str:
        """Say in a few words why this was no normal end; empty if it was one."""
        if self.late:
            return f"ran out of time after {self.wall_seconds:.1f} s"
        if self.status < 0:
            return (
                f"was killed by {Signals(-self.status).name} after {self.cpu_seconds:.1f} s of"
                " processor time"
            )
        if self.status > 0:
            last = self.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            return f"ended with status {self.status}" + (f": {last[:200]}" if last else "")
        return ""


class Guest:
    """A running sandboxed process. ``close`` kills it if it still runs; use it as a context
    manager.
    """

    def __init__(
        self, lifeline: int, status: int, stdout: int, stderr: int, seconds: float
    ) -> None:
        self.descriptors = [lifeline, status, stdout, stderr]
        self.seconds = seconds

    def __enter__(self) -> "Guest":
        """Use it while it runs."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it if it still runs."""
        self.close()

    def kill(self) -> None:
        """Have the guard kill the process and all its descendants; ``wait`` then says when they are
        gone.
        """
        with suppress(BrokenPipeError):
            os.write(self.descriptors[0], b"k")

    def wait(self) -> Ended:
        """Wait until nothing is left of the process.

        Raises:
            SandboxError: It could not be confined, so it was never run; or its guard does not
                report. A process that was killed before it was confined has not failed.
        """
        _, status, stdout, stderr = self.descriptors
        poll = select.poll()
        poll.register(status, select.POLLIN)
        if not poll.poll((self.seconds + GRACE_SECONDS) * 1000):
            raise SandboxError("the guard of a sandboxed process does not report")
        message = os.read(status, STATUS_BYTES)
        written = _contents(stderr)
        report = json.loads(message or '{"fault": "no report"}')
        if "fault" in report:
            raise SandboxError(f"the guard of a sandboxed process died: {report['fault']}")
        if not report.pop("ready"):
            why = (
                written[:300].decode("utf-8", "replace").strip()
                or Ended(stdout=b"", stderr=b"", **report).fault()
            )
            raise SandboxError(f"the process could not be confined: {why}")
        return Ended(stdout=_contents(stdout), stderr=written, **report)

    def close(self) -> None:
        """Let go: the guard kills the process if it still runs."""
        self.kill()
        while self.descriptors:
            os.close(self.descriptors.pop())


def start(
    entry: str,
    job: Any,
    mechanism: str,
    limits: Limits,
    *,
    stdin: bytes = b"",
    descriptors: Sequence[int] = (),
    quiet: bool = False,
) -> Guest:
    """Start a process in a sandbox.

    Args:
        entry: ``module:function`` of this project; the function is called with the job, inside.
        job: Plain JSON values.
        mechanism: A member of ``MECHANISMS``; whether it is sound here is for ``probe`` to say.
        limits: What the process may use.
        stdin: Its standard input.
        descriptors: More descriptors for it, numbered from ``guest.FIRST_OWN`` on; the caller keeps
            and closes its own copies.
        quiet: Drop standard output.

    Returns:
        The running process.

    Raises:
        SandboxError: No process could be started.
    """
    run = {
        "mechanism": mechanism,
        "entry": entry,
        "limits": asdict(limits),
        "readable": reach.readable(),
        "shares_its_user": os.getuid() != 0 and mechanism != "bubblewrap",
    }
    try:
        uid, claims = _own_uid()
    except users.NoUid as failure:
        raise SandboxError(f"no process could be started: {failure}") from failure
    request = {"run": run, "path": _search_path(), "uid": uid, "seconds": limits.wall_seconds}
    lifeline_end, lifeline = os.pipe()
    status, status_end = os.pipe()
    stdout, stderr = os.memfd_create("stdout"), os.memfd_create("stderr")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    lent = [
        _sealed(stdin),
        nowhere if quiet else stdout,
        stderr,
        _sealed(json.dumps(job).encode()),
        *descriptors,
    ]
    guest = Guest(lifeline, status, stdout, stderr, limits.wall_seconds)
    try:
        _send(json.dumps(request).encode(), [lifeline_end, status_end, *claims, *lent])
    except OSError as failure:
        guest.close()
        raise SandboxError(f"no process could be started: {failure}") from failure
    finally:
        for descriptor in (lifeline_end, status_end, nowhere, *claims, lent[0], lent[3]):
            os.close(descriptor)
    return guest


def _own_uid() -> tuple[int | None, list[int]]:
    """Claim a uid if we can give one away; the guard holds the claim as long as it lives."""
    if os.getuid() != 0:
        return None, []
    uid, claimed = users.claim()
    return uid, [claimed.detach()]


def _send(message: bytes, descriptors: list[int]) -> None:
    try:
        socket.send_fds(_keeper(), [message], descriptors)
    except ConnectionError:  # the keeper was killed from outside: start another, once
        _forget_keeper()
        socket.send_fds(_keeper(), [message], descriptors)


def _keeper() -> socket.socket:
    with _start_lock:
        if os.getpid() not in _keepers:
            _keepers[os.getpid()] = _start_keeper()
        return _keepers[os.getpid()][0]


def _start_keeper() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    setup = json.dumps({"socket": theirs.fileno(), "readable": reach.readable()})
    script = (
        f"import sys; sys.path.extend({_search_path()!r}); from seed.reference.verifiers.sandbox import"
        " keeper; keeper.main()"
    )
    process = subprocess.Popen(
        [reach.interpreter(), *keeper.INTERPRETER_OPTIONS, "-c", script, setup],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=weak.ENVIRONMENT,
        cwd="/",
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()
    return ours, process


@atexit.register
def _forget_keeper() -> None:
    """Let the keeper of this process end, and wait for it."""
    with _start_lock:
        connection, process = _keepers.pop(os.getpid(), (None, None))
    if connection and process:
        connection.close()
        process.wait()


def _search_path() -> list[str]:
    """List what guests import from besides the standard library, which their interpreter finds by
    itself.
    """
    return [*reach.packages(), str(Path(__file__).absolute().parents[4])]


def _sealed(content: bytes) -> int:
    """Make a file in memory that nobody can change any more, to be read from its start."""
    descriptor = os.memfd_create("given", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, *SEALS)
    return descriptor


def _contents(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
