"""Standalone workers: how the is_main_process reaches them, and the loop that a worker lives in.

    under mpirun      trainers   ranks 0 .. T - 1       one process group: they train, and decode while they wait
                      worker u     ranks T + (u - 1) R .. R supervisors, whose children are one process group: tp, cp and ep
                                                        inside, no FSDP
    in one process    trainer    this process
                      worker u     a child process on this machine

Rank 0 and the first supervisor of a worker exchange messages over MPI (``scaled.processes.mailbox``),
a single trainer and its children directly; the worker's work is done by the children
(``scaled.processes.worker_handle``). Weights go out by non-blocking sends, so trainers go on at
once; a worker takes them up between two blocks of tokens, reads what it holds again, and says so
(``WeightsUpdated``).
"""

import pickle
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from seed.reference.rollouts.events import Preempted, Scheduled, WeightsUpdated
from seed.reference.rollouts.streaming import EventReport, LocalEngine, rules_of
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State
from seed.scaled.optimizer import OptimizerState
from seed.scaled.parallel.collectives import gather_objects
from seed.scaled.parallel.parallelize import build, fill, shards_of, wholes
from seed.scaled.processes.connection import GONE, Line
from seed.scaled.processes.launch import World
from seed.scaled.processes.mailbox import COORDINATOR, END, LOST, STOP, STOPPED, Mailbox
from seed.scaled.processes.worker_handle import SHUTDOWN_SECONDS, Child
from seed.spec.config import Config
from seed.spec.datatypes import Array, Rollout, Sampling

LISTEN_SECONDS = 0.02
"""How long to handle where there is nothing to decode: less than a block of tokens takes on any
real model.
"""


class MpiWorkerPool:
    """The workers as the trainers see them; fulfils ``spec.backend.WorkerPool``.

    Attributes:
        numbers: First rank of each worker -> the worker.
        ranks: WorkerSpec that is not given up -> its first rank.
        active: First ranks that have not said that they stopped.
        is_open: Whether workers may still be reports anything.
    """

    def __init__(self, world: World, config: Config) -> None:
        self.workers, self.is_coordinator = (
            config.parallel.rollout_workers,
            world.rank == COORDINATOR,
        )
        self.ranks = {
            worker: world.size + (worker - 1) * config.parallel.worker_ranks
            for worker in range(1, self.workers + 1)
        }
        self.numbers = {rank: worker for worker, rank in self.ranks.items()}
        self.active, self.is_open = set(self.numbers), True
        self.mailbox = Mailbox(world.everyone)
        # Where the trainer fails the thread that serves workers is still at work while the workers are
        # stopped.
        self.lock = threading.Lock()

    def publish(self, state: State, policy_version: int, precision: str) -> None:
        """Send the policy's weights to all workers. Collective among trainer ranks."""
        letter = weights_message(state, policy_version, precision, self.is_coordinator)
        for worker in list(self.ranks) if self.is_coordinator else []:
            self._send(worker, ("letter", letter))

    def send(self, worker: int, message: Any) -> None:
        """Send plain data to a worker."""
        self._send(worker, ("letter", pickle.dumps(message)))

    def receive(self, patience: float) -> list[tuple[int, Any]]:
        """What workers have said since.

        Raises:
            RuntimeError: If they were stopped, which ends a thread that still listens.
        """
        read = self._read(patience)
        if not self.is_open:
            raise RuntimeError("the workers were stopped")
        return [(self.numbers[rank], message) for rank, message in read]

    def give_up(self, worker: int) -> None:
        """End a worker and send nothing more to it but the last word."""
        _say_given_up(worker)
        self._send(worker, END)
        del self.ranks[worker]

    def stop(self) -> None:
        """Let all workers end, and receive them out: MPI does not end while a message is on its way."""
        if not self.is_coordinator:
            return
        with self.lock:
            self.is_open = False
            for rank in self.numbers:
                self.mailbox.send(rank, STOP)
        while self.active:
            self._read(LISTEN_SECONDS)
        self.mailbox.flush()

    def _send(self, worker: int, message: Any) -> None:
        with self.lock:
            if self.is_open and worker in self.ranks:
                self.mailbox.send(self.ranks[worker], message)

    def _read(self, patience: float) -> list[tuple[int, Any]]:
        read = self.mailbox.read(patience)
        self.active -= {rank for rank, message in read if message == STOPPED}
        return read


class LocalWorkerPool:
    """The workers of a single trainer, each a child process beside it; fulfils
    ``spec.backend.WorkerPool``.

    Attributes:
        children: WorkerSpec that is not given up -> its process.
        is_open: Whether workers may still be last_message.
    """

    def __init__(self, config: Config) -> None:
        """Start them.

        Raises:
            SeedError: What one of them refuses.
        """
        self.workers, self.is_open = config.parallel.rollout_workers, True
        self.children: dict[int, Child] = {}
        try:
            for worker in range(1, self.workers + 1):
                self.children[worker] = Child(World(local_rank=worker, worker=worker), config)
            for child in self.children.values():
                child.wait_until_ready()
        except BaseException:
            self._end(patience=0.0)
            raise

    def publish(self, state: State, policy_version: int, precision: str) -> None:
        """Send the policy's weights to all workers."""
        letter = weights_message(state, policy_version, precision, is_coordinator=True)
        for child in self.children.values():
            child.write(letter)

    def send(self, worker: int, message: Any) -> None:
        """Send plain data to a worker."""
        if worker in self.children:
            self.children[worker].write(pickle.dumps(message))

    def receive(self, patience: float) -> list[tuple[int, Any]]:
        """What workers have said since.

        Raises:
            RuntimeError: If they were stopped, which ends a thread that still listens.
        """
        if not self.is_open:
            raise RuntimeError("the workers were stopped")
        if not self.children:
            time.sleep(patience)
        last_message: list[tuple[int, Any]] = []
        for worker, child in list(self.children.items()):
            for message in child.read(0.0 if last_message else patience / len(self.children)):
                if message[0] == "reports":
                    last_message.append((worker, message))
                    continue
                words = child.exit_reason() if message == GONE else message[1]
                print(f"error: {words}", file=sys.stderr, flush=True)
                last_message.append((worker, LOST))
                break
        return last_message

    def give_up(self, worker: int) -> None:
        """End a worker."""
        _say_given_up(worker)
        self.children.pop(worker).end(0.0)

    def stop(self) -> None:
        """Let all workers end."""
        self.is_open = False
        for child in self.children.values():
            child.write(pickle.dumps(STOP))
        self._end(SHUTDOWN_SECONDS)

    def _end(self, patience: float) -> None:
        while self.children:
            self.children.popitem()[1].end(patience)


def weights_message(
    state: State, policy_version: int, precision: str, is_coordinator: bool
) -> bytes:
    """The policy's weights as workers take them; empty at the trainers that send nothing. Collective
    among trainer ranks.
    """
    arrays: dict[str, Array] = {}
    for name, full in wholes(state.policy, shards_of(state.policy)):
        if is_coordinator:
            arrays[name] = full.cpu().numpy()
    message = ("weights", policy_version, state.optimizer_step, precision, arrays)
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL) if is_coordinator else b""


def _say_given_up(worker: int) -> None:
    print(f"worker {worker} is given up; its samples are issued again", file=sys.stderr, flush=True)


class Server:
    """A worker at work, on each of its children."""

    def __init__(self, world: World, config: Config, backend: ScaledBackend, line: Line) -> None:
        self.world, self.config, self.backend, self.line = world, config, backend, line
        settings = config.rollout
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        self.engine: LocalEngine[State] = LocalEngine(
            backend, config, sampling, rules_of(config).workers[-1].slots
        )

    def serve(self) -> None:
        """Read messages and decode blocks in turn."""
        while True:
            for message in self.letters(0.0 if self.engine.busy else LISTEN_SECONDS):
                if message == STOP:
                    return
                getattr(self, message[0])(*message[1:])
            if self.engine.busy:
                self.say(self.engine.wait(), self.config.rollout.block_tokens)

    def letters(self, patience: float) -> list[Any]:
        """New messages, the same on every rank of the worker."""
        mine = self.line.read(patience) if self.world.rank == 0 else []
        return list(gather_objects(mine, self.backend.mesh.world)[0])

    def say(self, reports: list[EventReport], steps: int) -> None:
        """Tell the is_main_process, from one rank."""
        if self.world.rank == 0:
            self.line.send(("reports", reports, steps))

    def weights(
        self, policy_version: int, optimizer_step: int, precision: str, arrays: Mapping[str, Array]
    ) -> None:
        """Take up new weights; where samples go on with the newest, read them again."""
        policy, nothing = build(self.config, self.backend.mesh), OptimizerState({}, {}, 0)
        fill(policy, lambda name: arrays[name])
        rollout = self.config.rollout.model_copy(update={"precision": precision})
        self.engine.config = self.config.model_copy(update={"rollout": rollout})
        self.engine.policies[policy_version] = State(
            policy, None, None, nothing, nothing, optimizer_step
        )
        if self.config.rollout.continue_with == "snapshot":
            oldest = policy_version - self.config.rollout.max_staleness - 1
            self.engine.policies = {
                n: kept for n, kept in self.engine.policies.items() if n >= oldest
            }
            return
        partial = {
            event.sample: rollouts[0]
            for event, rollouts in self.engine.pause()
            if isinstance(event, Preempted)
        }
        self.engine.policies = {policy_version: self.engine.policies[policy_version]}
        self.start([Scheduled(number, 0, policy_version) for number in partial], partial)
        self.say([(WeightsUpdated(self.world.worker or 0, policy_version), [])], 0)

    def start(self, decisions: list[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots."""
        self.engine.start(decisions, pool)

    def preempt(self, numbers: list[int]) -> None:
        """Give samples back at the next look, those that are still here."""
        self.engine.preempt(numbers)
