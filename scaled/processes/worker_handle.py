"""A process of a remote worker, as its parent sees it: start, send, read, end.

The process runs ``scaled.processes.worker_process``. Whatever ends it is a message here, so its
parent goes on: the supervisor, or the trainer itself without MPI. Nothing here loads torch.
"""

import os
import pickle
import queue
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe

from seed.scaled.processes.channel import Channel
from seed.scaled.processes.messages import (
    Identity,
    ProcessFailed,
    Ready,
    Refused,
    StoreAddress,
    WorkerProcessCommand,
    WorkerProcessMessage,
)
from seed.scaled.processes.world import World
from seed.spec.child_process import environment_without, start_command
from seed.spec.config import Config
from seed.spec.errors import SeedError

ENTRY: tuple[str, ...] = ("seed.scaled.processes.worker_process:serve",)
"""Program of the process, and its arguments after the parent's id and the channel's descriptor."""

LAUNCHER_PREFIXES = ("PMI_", "PMIX_", "OMPI_", "PRTE_", "MPI_", "HYDI_")
"""Variables of launchers; a process that has them would take itself for a rank."""

SHUTDOWN_SECONDS = 10.0
"""How long a process may take to end after Stop: it may be decoding or loading weights."""

START_SHARE = 0.5
"""Of ``parallel.collective_timeout``: by then the process must be ready, since the trainers wait
for its supervisor meanwhile.
"""


class WorkerHandle:
    """The process, from outside."""

    def __init__(self, world: World, config: Config) -> None:
        """Start it and send its identity."""
        self.name = f"rank {world.rank} of worker {world.worker}"
        self.started = time.monotonic()
        self.start_seconds = START_SHARE * config.parallel.collective_timeout
        ours, theirs = Pipe()
        entry, *arguments = ENTRY
        with theirs:
            self.process = subprocess.Popen(
                start_command(entry, str(os.getpid()), str(theirs.fileno()), *arguments),
                pass_fds=[theirs.fileno()],
                env=environment_without(LAUNCHER_PREFIXES),
                stdin=subprocess.DEVNULL,
            )
        self.channel = Channel(ours)
        self.outbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.early: list[WorkerProcessMessage] = []
        threading.Thread(target=self._write_all, name="writer", daemon=True).start()
        itself = replace(world, job=None, peers=None, everyone=None)
        self.send(Identity(itself, config.model_dump(mode="json")))

    def wait_until_ready(self) -> None:
        """Wait until it can work; one that takes too long is killed.

        If it is dead then, ``read`` reports it later.

        Raises:
            SeedError: The process refused to start.
        """
        deadline = self.started + self.start_seconds
        try:
            first = self.channel.next(max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            self.kill()
            limit = f"{self.start_seconds:g} s ({START_SHARE:g} of parallel.collective_timeout)"
            first = ProcessFailed(f"{self.name} was not ready within {limit} and is killed")
        match first:
            case Refused(reason, line):
                raise SeedError(reason, line)
            case Ready():
                pass
            case message:
                self.early = [message]

    def send(self, message: Identity | StoreAddress | WorkerProcessCommand) -> None:
        """Send a message and return at once."""
        self.send_pickled(pickle.dumps(message))

    def send_pickled(self, pickled: bytes) -> None:
        """Send a message that is pickled already and return at once."""
        self.outbox.put(pickled)

    def read(self, patience: float) -> list[WorkerProcessMessage]:
        """All its messages; waits at most so many seconds for the first."""
        early, self.early = self.early, []
        return early or self.channel.read(patience)

    def kill(self) -> None:
        """End it; no effect if it has ended."""
        self.process.kill()

    def end(self, patience: float) -> None:
        """Wait until it has ended, and kill it after so many seconds."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def exit_reason(self) -> str:
        """How it ended, after ``Disconnected`` was read."""
        self.end(SHUTDOWN_SECONDS)  # it may have closed its channel and still run
        code = self.process.returncode
        if code >= 0:
            return f"{self.name} ended by itself, exit code {code}"
        names = {one.value: one.name for one in signal.Signals}
        return f"{self.name} was killed by {names.get(-code, f'signal {-code}')}"

    @property
    def has_ended(self) -> bool:
        """Whether it has ended and was waited for."""
        return self.process.returncode is not None

    def _write_all(self) -> None:
        with suppress(OSError):
            while True:
                self.channel.connection.send_bytes(self.outbox.get())
