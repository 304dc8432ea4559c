"""Remote rollout workers as the trainers see them, over MPI or on one machine.

Under ``mpirun``, T trainers and workers of R ranks:

- trainers: ranks 0 .. T - 1, one process group; they train, and decode while they wait
- worker u: ranks T + (u - 1) R .. T + u R - 1 are supervisors, whose worker processes are one
  process group with tp, cp and ep inside, without FSDP

In one process:

- trainer: this process
- worker u: a worker process on this machine

The main process exchanges messages with the first supervisor of a worker
(``scaled.processes.mpi_mailbox``), a single trainer with its worker processes directly
(``scaled.processes.worker_handle``). Weights go out by non-blocking sends, so trainers go on at
once. A worker loads them between two blocks of tokens, computes its cache anew and reports
``WeightsUpdated``.
"""

import atexit
import pickle
import sys
import threading
import time
from collections.abc import Sequence
from typing import assert_never

from seed.reference.rollouts.messages import (
    WorkerCommand,
    WorkerFailed,
    WorkerMessage,
    WorkerReport,
)
from seed.scaled.checkpoint import State
from seed.scaled.parallel.parallelize import shards_of, wholes
from seed.scaled.processes.error_lines import print_error
from seed.scaled.processes.messages import (
    Deliver,
    Disconnected,
    GiveUp,
    ProcessFailed,
    Stop,
    Stopped,
    StoreAddress,
    TrainerMessage,
    UpdateWeights,
)
from seed.scaled.processes.mpi_mailbox import Mailbox
from seed.scaled.processes.worker_handle import SHUTDOWN_SECONDS, WorkerHandle
from seed.scaled.processes.world import World
from seed.spec.config import Config
from seed.spec.datatypes import Array
from seed.spec.errors import SeedError, exit_code_of

STOP_SECONDS = 2 * SHUTDOWN_SECONDS
"""Longest wait for workers that were told to end: each kills its processes after half of that."""

USER_ERROR = 2
"""Exit code."""

POLL_SECONDS = 0.02
"""Wait for the workers' last messages, between two checks whether all have come."""


class MpiWorkerPool:
    """The workers of an MPI job; fulfils ``spec.backend.WorkerPool``.

    Attributes:
        numbers: First rank of each worker -> the worker.
        ranks: Worker that is not given up -> its first rank.
        active: First ranks that have not sent Stopped.
        is_open: Whether workers may still be sent anything.
    """

    def __init__(self, world: World, config: Config) -> None:
        self.workers, self.is_main_process = config.parallel.rollout_workers, world.rank == 0
        self.ranks = {
            worker: world.size + (worker - 1) * config.parallel.worker_ranks
            for worker in range(1, self.workers + 1)
        }
        self.numbers = {rank: worker for worker, rank in self.ranks.items()}
        self.active, self.is_open = set(self.numbers), True
        self.mailbox, self.job = Mailbox(world.everyone), world.job
        # After a failure of the trainer, its background thread may still send during ``stop``.
        self.lock = threading.Lock()

    def publish(self, state: State, policy_version: int, precision: str) -> None:
        """Send the policy's weights to all workers. Collective among trainer ranks."""
        pickled = pickled_weights(state, policy_version, precision, self.is_main_process)
        if self.is_main_process:
            for worker in list(self.ranks):
                self._send(worker, Deliver(pickled))

    def send(self, worker: int, message: WorkerCommand) -> None:
        """Send a command to a worker."""
        self._send(worker, Deliver(pickle.dumps(message)))

    def receive(self, patience: float) -> list[tuple[int, WorkerMessage]]:
        """New messages of workers.

        Raises:
            RuntimeError: The workers were stopped; it ends a thread that still receives.
        """
        messages = self._read(patience)
        if not self.is_open:
            raise RuntimeError("the workers were stopped")
        return [
            (self.numbers[rank], message)
            for rank, message in messages
            if not isinstance(message, Stopped)
        ]

    def give_up(self, worker: int) -> None:
        """End a worker and send it nothing more but Stop."""
        _print_given_up(worker)
        self._send(worker, GiveUp())
        del self.ranks[worker]

    def stop(self) -> None:
        """Let all workers end and receive their last messages, which MPI must not lose."""
        if not self.is_main_process:
            return
        with self.lock:
            self.is_open = False
            for rank in self.numbers:
                self.mailbox.send(rank, Stop())
        deadline = time.monotonic() + STOP_SECONDS
        while self.active and time.monotonic() < deadline:
            self._read(POLL_SECONDS)
        if self.active or not self.mailbox.flush(deadline):
            self._end_without(sorted(self.active))

    def _end_without(self, silent: Sequence[int]) -> None:
        """End the whole job when this program ends: MPI itself would wait for the silent ranks."""
        failure = sys.exc_info()[1]
        code = 0 if failure is None else 1
        if isinstance(failure, KeyboardInterrupt):
            code = exit_code_of(failure)
        elif isinstance(failure, SeedError):
            code = USER_ERROR
        atexit.register(self.job.abort, code)
        names = ", ".join(f"{self.numbers[rank]} (MPI rank {rank})" for rank in silent) or "unknown"
        print_error(
            f"error: no answer within {STOP_SECONDS:g} s to the order to end, from worker {names};"
            " the job ends without it, and nothing of the run is lost"
        )

    def _send(self, worker: int, message: Deliver | GiveUp) -> None:
        with self.lock:
            if self.is_open and worker in self.ranks:
                self.mailbox.send(self.ranks[worker], message)

    def _read(self, patience: float) -> list[tuple[int, TrainerMessage]]:
        messages: list[tuple[int, TrainerMessage]] = self.mailbox.read(patience)
        self.active -= {rank for rank, message in messages if isinstance(message, Stopped)}
        return messages


class LocalWorkerPool:
    """The workers of a single trainer, each a child process; fulfils ``spec.backend.WorkerPool``.

    Attributes:
        handles: Worker that is not given up -> its process.
        is_open: Whether the workers are not stopped.
    """

    def __init__(self, config: Config) -> None:
        """Start them.

        Raises:
            SeedError: A worker refused to start.
        """
        self.workers, self.is_open = config.parallel.rollout_workers, True
        self.handles: dict[int, WorkerHandle] = {}
        try:
            for worker in range(1, self.workers + 1):
                self.handles[worker] = WorkerHandle(World(local_rank=worker, worker=worker), config)
            for handle in self.handles.values():
                handle.wait_until_ready()
        except BaseException:
            self._end(patience=0.0)
            raise

    def publish(self, state: State, policy_version: int, precision: str) -> None:
        """Send the policy's weights to all workers."""
        pickled = pickled_weights(state, policy_version, precision, is_main_process=True)
        for handle in self.handles.values():
            handle.send_pickled(pickled)

    def send(self, worker: int, message: WorkerCommand) -> None:
        """Send a command to a worker."""
        if worker in self.handles:
            self.handles[worker].send(message)

    def receive(self, patience: float) -> list[tuple[int, WorkerMessage]]:
        """New messages of workers.

        Raises:
            RuntimeError: The workers were stopped; it ends a thread that still receives.
        """
        if not self.is_open:
            raise RuntimeError("the workers were stopped")
        if not self.handles:
            time.sleep(patience)
        messages: list[tuple[int, WorkerMessage]] = []
        for worker, handle in list(self.handles.items()):
            patience_for_one = 0.0 if messages else patience / len(self.handles)
            messages += [(worker, message) for message in _received(handle, patience_for_one)]
        return messages

    def give_up(self, worker: int) -> None:
        """End a worker."""
        _print_given_up(worker)
        self.handles.pop(worker).end(0.0)

    def stop(self) -> None:
        """Let all workers end."""
        self.is_open = False
        for handle in self.handles.values():
            handle.send(Stop())
        self._end(SHUTDOWN_SECONDS)

    def _end(self, patience: float) -> None:
        while self.handles:
            self.handles.popitem()[1].end(patience)


def _received(handle: WorkerHandle, patience: float) -> list[WorkerMessage]:
    """New messages of a worker process up to its failure, which is printed."""
    messages: list[WorkerMessage] = []
    for message in handle.read(patience):
        match message:
            case WorkerReport():
                messages.append(message)
                continue
            case ProcessFailed(reason):
                pass
            case Disconnected():
                reason = handle.exit_reason()
            case StoreAddress():
                raise AssertionError("a worker of one process needs no store")
            case _:
                assert_never(message)
        print_error(f"error: {reason}")
        return [*messages, WorkerFailed()]
    return messages


def pickled_weights(
    state: State, policy_version: int, precision: str, is_main_process: bool
) -> bytes:
    """The command that updates a worker's weights; empty at the trainers that send nothing.

    Collective among trainer ranks.
    """
    weights: dict[str, Array] = {}
    for name, full in wholes(state.policy, shards_of(state.policy)):
        if is_main_process:
            weights[name] = full.cpu().numpy()
    command = UpdateWeights(policy_version, state.optimizer_step, precision, weights)
    return pickle.dumps(command, pickle.HIGHEST_PROTOCOL) if is_main_process else b""


def _print_given_up(worker: int) -> None:
    line = f"worker {worker} is given up; its samples are issued again"
    print_error(line)
