"""Outside the sandbox: start a sandboxed process, wait for it, read what it wrote.

    with start("package.module:function", job, "landlock", Limits()) as guest:
        ended = guest.wait()

Standard input is a file in memory that ends where the data ends; standard output and error are
files in memory whose length RLIMIT_FSIZE bounds. So no reader is needed while the process runs, and
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

from seed.reference.verifiers.sandbox import fork_server, reach, users, weak
from seed.reference.verifiers.sandbox.limits import Limits
from seed.spec.child_process import start_command

MECHANISMS = ("bubblewrap", "landlock", "weak")

GRACE_SECONDS = 10.0
"""How much longer than a guest's own time its monitor may take to report.

This is for a busy machine; a hostile program cannot delay the monitor.
"""

STATUS_BYTES = 4096
FORK_SERVER = "seed.reference.verifiers.sandbox.fork_server:main"

SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL

_start_lock = threading.Lock()
_fork_servers: dict[int, tuple[socket.socket, "subprocess.Popen[bytes]"]] = {}
"""The fork server of this process, by its process id: after a fork the child starts another one."""


class SandboxError(Exception):
    """The sandbox itself failed; the program is not judged."""


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
        """Why this was no normal end, in a few words; empty if it was one."""
        if self.late:
            return f"ran out of time after {self.wall_seconds:.1f} s"
        if self.status < 0:
            name = Signals(-self.status).name
            return f"was killed by {name} after {self.cpu_seconds:.1f} s of processor time"
        if self.status > 0:
            last = self.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            return f"ended with status {self.status}" + (f": {last[:200]}" if last else "")
        return ""


class Guest:
    """A running sandboxed process.

    A context manager: leaving it kills the process if it still runs.
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
        """Have the monitor kill the process and all its descendants.

        ``wait`` then returns when they have ended.
        """
        with suppress(BrokenPipeError):
            os.write(self.descriptors[0], b"k")

    def wait(self) -> Ended:
        """Wait until nothing is left of the process.

        Raises:
            SandboxError: It could not be confined, so it was never run; or its monitor does not
                report. A process that was killed before it was confined has not failed.
        """
        _, status, stdout, stderr = self.descriptors
        poll = select.poll()
        poll.register(status, select.POLLIN)
        if not poll.poll((self.seconds + GRACE_SECONDS) * 1000):
            raise SandboxError("the monitor of a sandboxed process does not report")
        message = os.read(status, STATUS_BYTES)
        written = _contents(stderr)
        report = json.loads(message or '{"fault": "no report"}')
        if "fault" in report:
            raise SandboxError(f"the monitor of a sandboxed process died: {report['fault']}")
        if not report.pop("ready"):
            why = written[:300].decode("utf-8", "replace").strip()
            why = why or Ended(stdout=b"", stderr=b"", **report).fault()
            raise SandboxError(f"the process could not be confined: {why}")
        return Ended(stdout=_contents(stdout), stderr=written, **report)

    def close(self) -> None:
        """Close the lifeline: the monitor kills the process if it still runs."""
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
        mechanism: A member of ``MECHANISMS``; ``probe`` finds out whether it is sound here.
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
    null = os.open(os.devnull, os.O_WRONLY)
    input_file, job_file = _sealed(stdin), _sealed(json.dumps(job).encode())
    guest_descriptors = [input_file, null if quiet else stdout, stderr, job_file, *descriptors]
    guest = Guest(lifeline, status, stdout, stderr, limits.wall_seconds)
    try:
        _send(json.dumps(request).encode(), [lifeline_end, status_end, *claims, *guest_descriptors])
    except OSError as failure:
        guest.close()
        raise SandboxError(f"no process could be started: {failure}") from failure
    finally:
        for descriptor in (lifeline_end, status_end, null, *claims, input_file, job_file):
            os.close(descriptor)
    return guest


def _own_uid() -> tuple[int | None, list[int]]:
    """Claim a uid if this process is root; the monitor holds the claim as long as it runs."""
    if os.getuid() != 0:
        return None, []
    uid, claimed = users.claim()
    return uid, [claimed.detach()]


def _send(message: bytes, descriptors: list[int]) -> None:
    try:
        socket.send_fds(_fork_server(), [message], descriptors)
    except ConnectionError:  # the fork server was killed from outside: start another, once
        _stop_fork_server()
        socket.send_fds(_fork_server(), [message], descriptors)


def _fork_server() -> socket.socket:
    with _start_lock:
        if os.getpid() not in _fork_servers:
            _fork_servers[os.getpid()] = _start_fork_server()
        return _fork_servers[os.getpid()][0]


def _start_fork_server() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    connection, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    setup = json.dumps({"socket": server_end.fileno(), "readable": reach.readable()})
    command = start_command(
        FORK_SERVER,
        setup,
        interpreter=reach.interpreter(),
        options=fork_server.INTERPRETER_OPTIONS,
        extra_path=_search_path(),
    )
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=weak.ENVIRONMENT,
        cwd="/",
        pass_fds=[server_end.fileno()],
        start_new_session=True,
    )
    server_end.close()
    return connection, process


@atexit.register
def _stop_fork_server() -> None:
    """End the fork server of this process, and wait for it."""
    with _start_lock:
        connection, process = _fork_servers.pop(os.getpid(), (None, None))
    if connection and process:
        connection.close()
        process.wait()


def _search_path() -> list[str]:
    """List what guests import from, besides the standard library."""
    return [*reach.packages(), str(Path(__file__).absolute().parents[4])]


def _sealed(content: bytes) -> int:
    """Make a file in memory that nobody can change any more, to be read from its start."""
    descriptor = os.memfd_create("given", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)
    return descriptor


def _contents(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
