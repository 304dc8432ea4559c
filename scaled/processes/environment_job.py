"""A job whose processes find each other by their environment, as torchrun sets it.

    RANK, WORLD_SIZE, LOCAL_RANK     who this process is
    MASTER_ADDR, MASTER_PORT         where the store is, a server of keys and values

torchrun holds the store itself (TORCHELASTIC_USE_AGENT_STORE); without torchrun rank 0 does. All
that MPI does for a job goes through it: values are keys of the store, and the order to end is a key
that a thread of every process looks at. torchrun also ends all processes when one has failed.
"""

import atexit
import contextlib
import functools
import os
import pickle
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from seed.scaled.processes.device import torch_required
from seed.scaled.processes.error_lines import print_error
from seed.scaled.processes.job import FLUSH_SECONDS
from seed.scaled.processes.launcher import ENVIRONMENT, number
from seed.scaled.processes.world import LOOPBACK, World
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError

STORE_SECONDS = 300.0
"""Longest wait for the store, and for what another process writes there."""

ABORT = "abort"
"""Key of the exit code with which all end."""

LISTEN_SECONDS = 0.25
"""Time between two looks at that key."""

LEAVE_SECONDS = 60.0
"""Longest wait of rank 0, which holds the stores, for the others when the program has ended."""


class EnvironmentJob:
    """All processes of the launch; fulfils ``job.Job``.

    The store is opened, and torch loaded, when it is first needed.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read the environment.

        Raises:
            SeedError: BACKEND_MISSING if a part of it is missing.
        """
        missing = [name for name in ENVIRONMENT if not environ.get(name)]
        if missing:
            raise SeedError(
                Reason.BACKEND_MISSING,
                f"WORLD_SIZE={environ.get('WORLD_SIZE')} says that there are other processes, but"
                f" {', '.join(missing)} is not set; legal: torchrun, mpirun, or none of RANK and"
                " WORLD_SIZE",
            )
        self.rank, self.size = number(environ, "RANK", 0), number(environ, "WORLD_SIZE", 1)
        self.local_rank = number(environ, "LOCAL_RANK", 0)
        self.local_size = number(environ, "LOCAL_WORLD_SIZE", 1)
        self.address = environ["MASTER_ADDR"], number(environ, "MASTER_PORT", 0)
        self.has_agent = environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
        # A restart by torchrun finds the keys of the attempt before.
        self.prefix = f"seed/{environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
        self.messages, self.has_left = 0, threading.Event()

    def trainers(self, parallel: ParallelConfig) -> int:
        """All processes.

        Raises:
            SeedError: ILLEGAL_COMBINATION with remote workers, which need MPI's messages.
        """
        if parallel.rollout_workers:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"parallel.rollout_workers={parallel.rollout_workers} must be 0 under torchrun:"
                f" remote workers need MPI; with them: mpirun -n"
                f" {self.size + parallel.remote_worker_ranks}",
            )
        return self.size

    def world(self, parallel: ParallelConfig) -> World:
        """All processes."""
        host = LOOPBACK if self.local_size == self.size else self.address[0]
        return World(
            rank=self.rank,
            size=self.size,
            local_rank=self.local_rank,
            local_size=self.local_size,
            host=host,
            job=self,
            peers=self,
        )

    def allgather(self, value: Any) -> list[Any]:
        """The values of all processes, pickled in the store."""
        key = self._next_key()
        self.store.set(f"{key}/{self.rank}", pickle.dumps(value))
        return [pickle.loads(self.store.get(f"{key}/{rank}")) for rank in range(self.size)]

    def broadcast(self, value: Any) -> Any:
        """The value of rank 0."""
        key = self._next_key()
        if self.rank == 0:
            self.store.set(key, pickle.dumps(value))
        return pickle.loads(self.store.get(key))

    def abort(self, code: int) -> NoReturn:
        """Write the order to end, give the others time to read it, and end."""

        def write() -> None:
            self.store.set(ABORT, str(code))

        # A call of a store whose process is suspended never returns.
        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        thread.join(FLUSH_SECONDS)
        time.sleep(FLUSH_SECONDS)
        os._exit(code)

    @functools.cached_property
    def store(self) -> Any:
        """This process's connection to the store; the listener for the order to end begins too.

        Raises:
            SeedError: BACKEND_MISSING without torch.
        """
        store = self._connect(opens=self.rank == 0 and not self.has_agent)
        listener = threading.Thread(target=self._listen, name="listener", daemon=True)
        listener.start()
        atexit.register(self._leave, listener)
        return store

    def _connect(self, opens: bool) -> Any:
        with torch_required():
            import torch.distributed as dist
        seconds = timedelta(seconds=STORE_SECONDS)
        store = dist.TCPStore(*self.address, None, opens, seconds, wait_for_workers=False)  # type: ignore[attr-defined]  # exported, but not by name
        return dist.PrefixStore(self.prefix, store)  # type: ignore[attr-defined]

    def _next_key(self) -> str:
        self.messages += 1
        return f"message/{self.messages}"

    def _listen(self) -> None:
        """End this process when another one says so, or when torchrun has ended."""
        store = self._connect(opens=False)  # of its own: a connection serves one call at a time
        with contextlib.suppress(Exception):  # the store has ended
            while not store.check([ABORT]):
                if self.has_left.wait(LISTEN_SECONDS):
                    return
            os._exit(int(store.get(ABORT)))
        if self.has_agent and not self.has_left.is_set():
            if self.rank == 0:
                print_error("error: torchrun has ended")
            os._exit(1)

    def _leave(self, listener: threading.Thread) -> None:
        """At the end of the program: rank 0 waits for all others, as the end of MPI does.

        The listener ends first: a thread that calls torch while Python ends aborts the process.
        """
        with contextlib.suppress(Exception):  # torchrun ends the processes
            self.store.add("left", 1)
            deadline = time.monotonic() + LEAVE_SECONDS
            while self.rank == 0 and self.store.add("left", 0) < self.size:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        self.has_left.set()
        listener.join()
