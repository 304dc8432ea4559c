"""The process that does a standalone worker's work, seen from the one that keeps it: started, written
to, read, outlived.

It decodes in ``scaled.processes.worker_process``. Whatever ends it is reports here as a message, so
that its keeper goes on.

Nothing here loads torch.
"""

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from typing import Any

from seed.scaled.processes.connection import Line
from seed.scaled.processes.launch import World
from seed.spec.config import Config
from seed.spec.errors import SeedError

ENTRY: tuple[str, ...] = ("seed.scaled.processes.worker_process",)
"""Module whose ``serve`` is the child's program, and arguments for it behind the number of its end
of the line.
"""

START = "import sys; sys.path[:] = {path}; from {module} import serve; serve(*sys.argv[1:])"

LAUNCHER_PREFIXES = ("PMI_", "PMIX_", "OMPI_", "PRTE_", "MPI_", "HYDI_")
"""Variables by which launchers and their processes know each other; the child must not take itself
for a rank.
"""

READY = ("ready",)

SHUTDOWN_SECONDS = 10.0
"""How long a child may take to end when it is asked to: it is within a block of tokens, or takes up
weights.
"""


class Child:
    """The process, from outside."""

    def __init__(self, world: World, config: Config) -> None:
        """Start it and send it who it is."""
        self.name = f"rank {world.rank} of worker {world.worker}"
        ours, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                _command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=subprocess.DEVNULL,
            )
        self.line = Line(ours)
        self.outbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.early: list[Any] = []
        threading.Thread(target=self._write, name="writer", daemon=True).start()
        who = replace(world, communicator=None, everyone=None)
        self.outbox.put(pickle.dumps((os.getpid(), who, config.model_dump(mode="json"))))

    def wait_until_ready(self) -> None:
        """Wait until it can work; one that dies before is found later, like any other.

        Raises:
            SeedError: What it refuses.
        """
        first = self.line.next()
        if first[0] == "refused":
            raise SeedError(*first[1:])
        self.early = [] if first == READY else [first]

    def write(self, letter: bytes) -> None:
        """Pass a pickled message on, and go on at once."""
        self.outbox.put(letter)

    def read(self, patience: float) -> list[Any]:
        """All that it has said, after at most so many seconds if nothing; GONE is the last."""
        early, self.early = self.early, []
        return early or self.line.read(patience)

    def kill(self) -> None:
        """End it; nothing if it has ended."""
        self.process.kill()

    def end(self, patience: float) -> None:
        """Wait until it has ended, and end it after so many seconds."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def exit_reason(self) -> str:
        """How it ended, after GONE was read."""
        self.end(SHUTDOWN_SECONDS)  # it may have closed its line and live
        code = self.process.returncode
        if code >= 0:
            return f"{self.name} ended by itself, exit code {code}"
        known = {one.value: one.name for one in signal.Signals}
        return f"{self.name} was killed by {known.get(-code, f'signal {-code}')}"

    @property
    def ended(self) -> bool:
        """Whether nothing is left of it."""
        return self.process.returncode is not None

    def _write(self) -> None:
        with suppress(OSError):
            while True:
                self.line.connection.send_bytes(self.outbox.get())


def _command(descriptor: int) -> list[str]:
    module, *arguments = ENTRY
    path = json.dumps([os.path.abspath(entry) for entry in sys.path])
    return [
        sys.executable,
        "-P",
        "-c",
        START.format(path=path, module=module),
        str(descriptor),
        *arguments,
    ]


def _environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(LAUNCHER_PREFIXES)
    }
