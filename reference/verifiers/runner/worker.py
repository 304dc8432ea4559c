"""One worker: a process that judges one response at a time and can be killed at any moment.

The process is a fresh interpreter started by exec, so nothing of a threaded or event-driven parent
is copied into it. It leads a process group and session of its own, reads nothing from the terminal,
and what it prints is dropped. The parent never waits for it without a deadline and never uses a
signal handler, an alarm or a thread: with these, verifiers of other projects hang or silently score
0 (verl 5635, AReaL 1426, known bug P25).
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from seed.reference.rewards.function import Answer, answer_of
from seed.reference.verifiers.domains import SECONDS, SECONDS_OF
from seed.reference.verifiers.frames import FrameError, Inbox, encoded
from seed.reference.verifiers.runner.worker_process import MAX_REQUEST_BYTES, OUT_OF_MEMORY
from seed.reference.verifiers.sandbox.descendants import descendants
from seed.reference.verifiers.verdict import Judgement, error, judgement_of
from seed.spec.child_process import start_command
from seed.spec.verify import Item

MAX_REPLY_BYTES = 1 << 20
"""Longest reply that is read: far above a judgement of a few thousand characters, and a bound on
the pool's memory where a worker writes garbage.
"""

LOADING_SECONDS = 120.0
"""Time limit of importing a verifier, apart from judging.

SymPy takes half a second, on a loaded machine many.
"""

GRACE_SECONDS = 1.0
"""How long a killed or ending process may take before it is left to the kernel."""

PAUSE_SECONDS = 0.005
"""Pause between looks at an ending process."""

FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Unless the user says otherwise: each thread would take its share of the limited address space."""

SAME_ORDER = {"PYTHONHASHSEED": "0"}
"""A verifier that depends on the order of a set gives the same verdict in every process and run."""


@dataclass(frozen=True)
class Limits:
    """What a verifier may take, and where it runs programs.

    Attributes:
        seconds: Time limit of one verdict; None for the domain's own, see
            ``reference.verifiers.domains``.
        memory_mebibytes: Limit of the address space of each worker, > 0.
        isolation: Where programs are run: ``automatic``, ``bubblewrap``, ``landlock`` or ``weak``.
    """

    seconds: float | None = None
    memory_mebibytes: int = 4096
    isolation: str = "automatic"

    def seconds_for(self, domain: str, verifier: str) -> float:
        """Time limit of one verdict."""
        return self.seconds or (SECONDS if verifier else SECONDS_OF.get(domain, SECONDS))


@dataclass(frozen=True)
class Request:
    """What a worker has to do.

    Attributes:
        item: The response to judge; None only loads the verifier.
        verifier: ``path.py:function``; empty for the verifier of the item's domain.
        call: What a reward function is called with, see ``reference.rewards.function.answer``; None
            for a verifier.
    """

    item: Item | None
    verifier: str = ""
    call: Mapping[str, Any] | None = None


Reply = Judgement | Answer
"""To a verifier's request a judgement, to a reward function's an answer or an ``error``."""


class WorkerLost(Exception):
    """The process has ended or has to be killed.

    ``suspect`` says that judgements before this one may have led to it.
    """

    def __init__(self, why: str, suspect: bool) -> None:
        super().__init__(why)
        self.why = why
        self.suspect = suspect


class Worker:
    """A process and the one request it is busy with."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        request_end, self.requests = os.pipe()
        self.replies, reply_end = os.pipe()
        lifeline_end, self.lifeline = os.pipe()
        child_ends = (request_end, reply_end, lifeline_end)
        arguments = [*map(str, child_ends), str(limits.memory_mebibytes << 20), limits.isolation]
        try:
            self.process = subprocess.Popen(
                start_command("seed.reference.verifiers.runner.worker_process:main", *arguments),
                pass_fds=child_ends,
                env=FEW_THREADS | dict(os.environ) | SAME_ORDER,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            for descriptor in child_ends:
                os.close(descriptor)
        for descriptor in (self.requests, self.replies):
            os.set_blocking(descriptor, False)
        self.inbox = Inbox(self.replies, MAX_REPLY_BYTES)
        self.outgoing = memoryview(b"")
        self.request: Request | None = None
        self.loaded: set[str] = set()
        self.serial = 0
        self.began, self.limit, self.deadline = 0.0, 0.0, 0.0

    def submit(self, request: Request) -> Judgement | None:
        """Hand over a request; the reply comes from ``poll``.

        Returns:
            None, or at once an ``error`` if the request cannot be written down.
        """
        item = None if request.item is None else vars(request.item)
        loaded = _key(request) in self.loaded
        self.serial += 1
        message = {"serial": self.serial, "verifier": request.verifier, "item": item}
        message["call"] = request.call
        self.began = monotonic()
        try:
            content = encoded(message | {"announce": not loaded}, MAX_REQUEST_BYTES)
        except (FrameError, TypeError, ValueError, RecursionError) as failure:
            why = f"{type(failure).__name__}: {failure}"
            return error(f"the line cannot be handed to a verifier: {why}")
        self.outgoing, self.request = memoryview(content), request
        self.limit, self.deadline = 0.0, monotonic() + LOADING_SECONDS
        if loaded:
            self._start_time_limit(request)
        return None

    def poll(self) -> Reply | None:
        """Write and read what can be written and read without waiting.

        Returns:
            The reply once it is there.

        Raises:
            WorkerLost: The time limit is over, or the process has ended. Call ``kill``.
        """
        # Looked up first, so that what it wrote before it ended is read below.
        has_ended = self._status() is not None
        self._write()
        try:
            for message in self.inbox.messages():
                if not isinstance(message, dict):
                    raise FrameError("no object")
                if (reply := self._read(message)) is not None:
                    return reply
        except (FrameError, ValueError, TypeError, KeyError):
            why = "the worker sent something that is no verdict"
            raise WorkerLost(why, suspect=self.serial > 1) from None
        if has_ended or self.inbox.closed:
            raise WorkerLost(self._exit_reason(), suspect=self.serial > 1)
        if monotonic() > self.deadline:
            why = f"loading took more than {LOADING_SECONDS:g} s"
            if self.limit:
                why = f"time limit of {self.limit:g} s"
            raise WorkerLost(why, suspect=False)
        return None

    def kill(self) -> None:
        """End the process, its group and its descendants at once, and reap it."""
        survivors = descendants(self.process.pid)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for survivor in survivors:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(survivor, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_SECONDS)
        for descriptor in (self.requests, self.replies, self.lifeline):
            os.close(descriptor)

    def _write(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):
            while self.outgoing:
                self.outgoing = self.outgoing[os.write(self.requests, self.outgoing) :]

    def _read(self, message: Mapping[str, Any]) -> Reply | None:
        if message.get("serial") != self.serial or self.request is None:
            return None  # left over from an earlier request
        if "loaded" in message:
            self.loaded.add(_key(self.request))
            self._start_time_limit(self.request)
            return None
        is_answer = self.request.call is not None and "scores" in message
        self.request = None
        return answer_of(message) if is_answer else judgement_of(message)

    def _start_time_limit(self, request: Request) -> None:
        domain = request.item.domain if request.item else ""
        self.limit = self.limits.seconds_for(domain, request.verifier)
        self.deadline = monotonic() + self.limit

    def _status(self) -> int | None:
        """Exit status, or minus the signal that killed it, or None while it runs.

        Does not reap where the system allows that: until it is reaped, no other process or group
        can have its number.
        """
        if not hasattr(os, "waitid"):
            return self.process.poll()
        try:
            ended = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # the program around us ignores SIGCHLD: there is no status
            return 0
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def _exit_reason(self) -> str:
        deadline = monotonic() + GRACE_SECONDS
        while (status := self._status()) is None:
            if monotonic() > deadline:
                return "the verifier closed the worker's pipe"
            sleep(PAUSE_SECONDS)  # the kernel closes its pipes a moment before it has ended
        if status == OUT_OF_MEMORY:
            return f"memory limit of {self.limits.memory_mebibytes} MiB"
        if status < 0:
            return f"worker died: signal {-status}"
        return f"worker exited with status {status}"


def _key(request: Request) -> str:
    """What has to be imported for a request: the user's function, or the domain's verifier."""
    return request.verifier or (request.item.domain if request.item else "")
