"""The fork server: starts sandboxed processes for the host, each with a monitor that cleans up.

    host  --(request, descriptors)-->  fork server  --fork-->  monitor  --fork-->  guest
          <------------- status -------------------------------'

The fork server is small, has one thread, holds no secret and has imported what guests need, so that
forking it is the quickest safe way to a fresh interpreter. A monitor watches one guest until it
ends, its time is up, or the host closes the lifeline. Then it kills what is left, waits until the
last descendant has ended (orphans become its children, PR_SET_CHILD_SUBREAPER), and only then
reports. When the host dies, lifelines and the request socket close, and everything ends by itself.

The descriptors of a request: 0 lifeline, 1 status, 2 the claim of the uid if it has one (``users``:
held until the monitor ends), then the guest's own (see ``guest``), which become 0, 1, 2, ...
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

from seed.reference.verifiers.sandbox import bubblewrap, guest, private_folder, scratch, weak
from seed.reference.verifiers.sandbox.descendants import descendants
from seed.reference.verifiers.sandbox.limits import Limits
from seed.spec.child_process import set_death_signal

REQUEST_BYTES = 1 << 16
MOST_DESCRIPTORS = 32
SET_CHILD_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of ``prctl`` (linux/prctl.h)."""

OUT_OF_THE_WAY = 64
"""Descriptors are first moved above this number, then to their final numbers.

So no number is in use when its turn comes.
"""

PAUSE_SECONDS = 0.001
"""Between two looks at what is left: a killed process needs about this long to end."""

INTERPRETER_OPTIONS = ("-S", "-s", "-P", "-B", "-X", "utf8")
"""Site packages only from the path that is added, no user packages, no current directory, nothing
written, one encoding.
"""

PRELOADED = (
    *("collections", "itertools", "functools", "math", "cmath", "random", "re", "string", "copy"),
    *("heapq", "bisect", "typing", "operator", "datetime", "decimal", "fractions", "statistics"),
    *("threading", "ast", "traceback", "hashlib", "io", "json", "atexit", "abc", "enum"),
    *("dataclasses", "textwrap", "queue", "array", "struct", "linecache"),
)
"""What programs usually import: loaded once, shared by all guests."""


def serve(requests: socket.socket) -> None:
    """Start a monitor for every request until the host has ended.

    Args:
        requests: A socket that keeps messages apart; a request comes with its descriptors.
    """
    for module in PRELOADED:
        importlib.import_module(module)
    private_folder.sweep()
    mounts: bool | None = None
    # Monitors report to the host, so the kernel may reap them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Without this, a collection in a child would write to, and so copy, every shared page.
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, MOST_DESCRIPTORS)
        if not message:
            return
        request = json.loads(message)
        # Loaded once for all guests; if it does not exist, the guest reports that.
        with contextlib.suppress(ImportError):
            importlib.import_module(request["run"]["entry"].partition(":")[0])
        if request["run"]["mechanism"] == "landlock" and mounts is None:
            mounts = _can_mount(request["run"]["readable"])
        if os.fork() == 0:
            requests.close()
            try:
                monitor(request, descriptors, mounts is not False)
            except BaseException as failure:
                fault = f"{type(failure).__name__}: {failure}"[:300]
                os.write(descriptors[1], json.dumps({"fault": fault}).encode())
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def _can_mount(readable: list[str]) -> bool:
    handler = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, a child has no status
    try:
        return scratch.can_make(readable)
    finally:
        signal.signal(signal.SIGCHLD, handler)


def monitor(request: dict[str, Any], descriptors: list[int], mounts: bool) -> None:
    """Watch one guest from its start until nothing is left of it, its folder included.

    Args:
        request: ``run`` (the arguments of ``guest.run``), ``path`` (added for imports), ``uid``
            (None: keep), ``seconds`` by the clock.
        descriptors: See the module.
        mounts: Whether the guest can mount a folder for itself.
    """
    folder = "" if mounts else private_folder.make(request["uid"])
    try:
        report = watched(request, descriptors, folder)
    finally:
        if folder:
            with contextlib.suppress(OSError):
                private_folder.remove(folder)
    os.write(descriptors[1], json.dumps(report).encode())


def watched(request: dict[str, Any], descriptors: list[int], folder: str) -> dict[str, Any]:
    """Run a guest to its end; arguments as for ``monitor``, and the folder that was made for it.

    Returns:
        What the host is told.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    lifeline, _, *own = descriptors
    if request["uid"] is not None:
        own.pop(0)  # the claim stays open in the monitor, and only there, until it has ended
    ready_reader, ready = os.pipe()
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        try:
            set_death_signal()
            become_guest(request, [*own[: guest.READY], ready, *own[guest.READY :]], folder)
        except BaseException as failure:
            os.write(2, f"{type(failure).__name__}: {failure}".encode()[:1000])
        finally:
            os._exit(guest.SETUP_FAILED)
    for descriptor in (ready, *own):
        os.close(descriptor)
    deadline, size = started + request["seconds"], request["run"]["limits"]["scratch_bytes"]
    ended = _ended(process, lifeline, deadline, folder, size)
    late = not ended and time.monotonic() >= deadline
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    _, wait_status, usage = os.wait4(process, 0)
    kill_descendants(request["uid"])
    return {
        # A host may close the lifeline of a guest that has only just been started: no failure.
        "ready": os.read(ready_reader, 1) == b"1" or (not ended and not late),
        "late": late,
        "status": os.waitstatus_to_exitcode(wait_status),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "wall_seconds": time.monotonic() - started,
        "peak_bytes": usage.ru_maxrss << 10,
    }


def become_guest(request: dict[str, Any], descriptors: list[int], writable: str) -> None:
    """Turn a fork of the monitor into the guest; returns only by an exception."""
    os.setsid()
    _place(descriptors)
    os.chdir("/")
    run = request["run"]
    if run["mechanism"] == "landlock" and not writable:
        size = Limits(**run["limits"]).scratch_bytes
        writable = scratch.make(run["readable"], size, request["uid"])
    if request["uid"] is not None:
        os.setgroups([])
        os.setresgid(*[request["uid"]] * 3)
        os.setresuid(*[request["uid"]] * 3)
        set_death_signal()  # once more: the kernel clears it when the uid changes
    if run["mechanism"] == "bubblewrap":
        argument = json.dumps({**run, "path": request["path"]})
        inside = [sys.executable, *INTERPRETER_OPTIONS, guest.__file__, argument]
        command = bubblewrap.command(run["readable"], Limits(**run["limits"]), inside)
        os.execve(command[0], command, weak.ENVIRONMENT)
    if writable:
        scratch.settle(writable)
    guest.run(**run, writable=writable)


def kill_descendants(uid: int | None) -> None:
    """Kill every descendant and wait until the last one has ended.

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
    """Reap the children that have ended; return whether any is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _kill_all_of(uid: int) -> None:
    """Kill all processes of a uid in one call of the kernel, which no fork can outrun.

    The pid -1 means all of them but the caller.
    """
    if (killer := os.fork()) == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(killer, 0)


def _ended(process: int, lifeline: int, deadline: float, folder: str, size: int) -> bool:
    """Wait until the guest has ended.

    Args:
        process: The guest.
        lifeline: The host closes it, or writes to it, to end the guest.
        deadline: By ``time.monotonic``.
        folder: On a disk, where the guest may write; empty if there is none.
        size: Bytes that the folder may hold.

    Returns:
        False if its time is up, the host has enough or the folder is full.
    """
    descriptor = os.pidfd_open(process)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    events: list[tuple[int, int]] = []
    while not events and (left := deadline - time.monotonic()) > 0:
        if folder and private_folder.is_full(folder, size):
            break
        events = poll.poll((min(left, private_folder.LOOK_SECONDS) if folder else left) * 1000)
    os.close(descriptor)
    return any(number == descriptor for number, _ in events)


def _place(descriptors: list[int]) -> None:
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, OUT_OF_THE_WAY) for descriptor in descriptors]
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number, inheritable=True)
    os.closerange(len(descriptors), os.sysconf("SC_OPEN_MAX"))


def main(setup_text: str) -> None:
    """Run as the program of the process that ``host`` starts.

    Args:
        setup_text: JSON: ``socket``, the descriptor of the requests, and ``readable``, what guests
            may read.
    """
    from seed.reference.verifiers.sandbox import reach

    setup = json.loads(setup_text)
    if os.getuid() == 0:
        # Where mounting is not permitted, the probe finds out whether it was needed.
        with contextlib.suppress(OSError):
            reach.open_closed_directories(setup["readable"])
    serve(socket.socket(fileno=setup["socket"]))
