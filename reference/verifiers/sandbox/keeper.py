"""The keeper: starts sandboxed processes for the host, watches each one, and leaves nothing of it
behind.

    host  --(request, descriptors)-->  keeper  --fork-->  guard  --fork-->  guest
          <------------- status ---------------------------'

The keeper is small, has one thread, holds no secret and has imported what guests need, so that
forking it is the quickest safe way to a fresh interpreter. A guard watches one guest until it ends,
its time is up, or the host lets go of the lifeline; then it kills what is left, waits until the
last descendant is gone (orphans come to it, PR_SET_CHILD_SUBREAPER), and only then reports. When
the host dies, lifelines and the request socket close, and everything ends by itself.

The descriptors of a request: 0 lifeline, 1 status, 2 the claim of the uid if it has one (``users``:
held until the guard ends), then the guest's own (see ``guest``), which become 0, 1, 2, ...
"""

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from seed.reference.verifiers.sandbox import bubblewrap, guest, weak
from seed.reference.verifiers.sandbox.descendants import descendants
from seed.reference.verifiers.sandbox.limits import Limits

REQUEST_BYTES = 1 << 16
MOST_DESCRIPTORS = 32
SET_CHILD_SUBREAPER, SET_DEATH_SIGNAL = 36, 1
OUT_OF_THE_WAY = 64
"""Descriptors are first moved above this number, then to their places, so that no place is taken
when its turn comes.
"""

PAUSE_SECONDS = 0.001
"""Between two looks at what is left: a killed process needs about this long to go."""

INTERPRETER_OPTIONS = ("-S", "-s", "-P", "-B", "-X", "utf8")
"""No site packages but those of the path added, no user packages, no current directory, nothing
written, one encoding.
"""

PRELOADED = (
    *(
        "collections",
        "itertools",
        "functools",
        "math",
        "cmath",
        "random",
        "re",
        "string",
        "copy",
        "heapq",
        "bisect",
    ),
    *(
        "typing",
        "operator",
        "datetime",
        "decimal",
        "fractions",
        "statistics",
        "threading",
        "ast",
        "traceback",
        "hashlib",
    ),
    *(
        "io",
        "json",
        "atexit",
        "abc",
        "enum",
        "dataclasses",
        "textwrap",
        "queue",
        "array",
        "struct",
        "linecache",
    ),
)
"""What programs usually import: loaded once, shared by all guests."""


def serve(requests: socket.socket) -> None:
    """Start a guard for every request until the host is gone.

    Args:
        requests: A socket that keeps messages apart; a request comes with its descriptors.
    """
    for module in PRELOADED:
        importlib.import_module(module)
    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # guards report to the host: the kernel may forget them
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, MOST_DESCRIPTORS)
        if not message:
            return
        request = json.loads(message)
        with contextlib.suppress(
            ImportError
        ):  # the guest will say so; here it is only about loading it once
            importlib.import_module(request["run"]["entry"].partition(":")[0])
        if os.fork() == 0:
            requests.close()
            try:
                guard(request, descriptors)
            except BaseException as failure:
                os.write(
                    descriptors[1],
                    json.dumps({"fault": f"{type(failure).__name__}: {failure}"[:300]}).encode(),
                )
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def guard(request: dict[str, Any], descriptors: list[int]) -> None:
    """Watch over one guest from its start until nothing is left of it.

    Args:
        request: ``run`` (what ``guest.run`` takes), ``path`` (added for imports), ``uid`` (None:
            keep), ``seconds`` by the clock.
        descriptors: See the module.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    lifeline, status, *own = descriptors
    if request["uid"] is not None:
        own.pop(0)  # the claim stays open in the guard, and only there, until it has ended
    watching, ready = os.pipe()
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        try:
            library.prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
            become_guest(request, [*own[: guest.READY], ready, *own[guest.READY :]])
        except BaseException as failure:
            os.write(2, f"{type(failure).__name__}: {failure}".encode()[:1000])
        finally:
            os._exit(guest.SETUP_FAILED)
    for descriptor in (ready, *own):
        os.close(descriptor)
    ended = _ended(process, lifeline, started + request["seconds"])
    late = not ended and time.monotonic() >= started + request["seconds"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    _, how, use = os.wait4(process, 0)
    bury_the_rest(request["uid"])
    report = {
        # A host may let go of a guest that has only just been started: then it has not failed.
        "ready": os.read(watching, 1) == b"1" or (not ended and not late),
        "late": late,
        "status": os.waitstatus_to_exitcode(how),
        "cpu_seconds": use.ru_utime + use.ru_stime,
        "wall_seconds": time.monotonic() - started,
        "peak_bytes": use.ru_maxrss << 10,
    }
    os.write(status, json.dumps(report).encode())


def become_guest(request: dict[str, Any], descriptors: list[int]) -> None:
    """Turn a fork of the guard into the guest; comes back only by an exception."""
    os.setsid()
    _place(descriptors)
    os.chdir("/")
    if request["uid"] is not None:
        os.setgroups([])
        os.setresgid(*[request["uid"]] * 3)
        os.setresuid(*[request["uid"]] * 3)
        # The kernel forgets it when the uid changes.
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    run = request["run"]
    if run["mechanism"] == "bubblewrap":
        inside = [
            sys.executable,
            *INTERPRETER_OPTIONS,
            guest.__file__,
            json.dumps({**run, "path": request["path"]}),
        ]
        command = bubblewrap.command(run["readable"], Limits(**run["limits"]), inside)
        os.execve(command[0], command, weak.ENVIRONMENT)
    guest.run(**run)


def bury_the_rest(uid: int | None) -> None:
    """Kill every descendant and wait until the last one is gone.

    Only ``weak`` isolation lets a guest have children of its own: in the others this loop ends at
    once, or as soon as bubblewrap's name space of processes has collapsed.

    Args:
        uid: The guest's own uid, under which nothing else runs; None if it shares ours.
    """
    while _have_children():
        if uid is not None:
            _kill_all_of(uid)
        for child in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        time.sleep(PAUSE_SECONDS)


def _have_children() -> bool:
    """Reap whoever has ended; tell whether anybody is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _kill_all_of(uid: int) -> None:
    """Kill all processes of a uid in one call of the kernel, which no fork can outrun; -1 spares
    the caller.
    """
    if (killer := os.fork()) == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(killer, 0)


def _ended(process: int, lifeline: int, deadline: float) -> bool:
    """Wait until the guest ends (True), or its time is up or the host lets go (False)."""
    descriptor = os.pidfd_open(process)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    events = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    os.close(descriptor)
    return any(number == descriptor for number, _ in events)


def _place(descriptors: list[int]) -> None:
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, OUT_OF_THE_WAY) for descriptor in descriptors]
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number, inheritable=True)
    os.closerange(len(descriptors), os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    """Run as a script by ``host``: the argument says what guests may read and run."""
    from seed.reference.verifiers.sandbox import reach

    setup = json.loads(sys.argv[1])
    if os.getuid() == 0:
        with contextlib.suppress(
            OSError
        ):  # where it is not permitted, the probe finds out whether it was needed
            reach.open_closed_directories(setup["readable"])
    serve(socket.socket(fileno=setup["socket"]))
