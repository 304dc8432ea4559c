"""Streaming with remote workers, which decode while the trainer trains.

Worker 0 is colocated with the trainer, workers 1 and up are remote. Only the main process decides,
keeps the rollout state and exchanges messages with workers (``reference.rollouts.messages``); the
other trainer ranks follow its commands to the colocated worker.

While the trainer trains, a background thread continues to decide. It is stopped before the
trainer's own thread decides again, so that two threads never decide at once.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, assert_never

from seed.reference.rollouts.engine import EventReport, LocalEngine, RolloutStats, schedule_stuck
from seed.reference.rollouts.events import Finished, Preempted, Scheduled, WorkerLost
from seed.reference.rollouts.messages import (
    ColocatedCommand,
    DecodeBlock,
    Pause,
    Preempt,
    ReturnBatch,
    Start,
    WorkerFailed,
    WorkerMessage,
    WorkerReport,
)
from seed.reference.rollouts.rules import rules_of
from seed.spec.backend import Backend, WorkerPool
from seed.spec.config import Config
from seed.spec.datatypes import Rollout

State = TypeVar("State")

POLL_SECONDS = 0.005
"""Wait for messages when nothing else is to do; the trainer may wait that long for the thread."""


class WorkerPoolEngine(Generic[State]):
    """A colocated worker and remote ones; the main process's ``Engine``.

    Attributes:
        running: Remote worker -> samples that it has; a failed worker has no entry.
        last_message: Time of each remote worker's last message, by ``time.monotonic``.
        slots, timeout: Of a remote worker: samples side by side; seconds of silence that are too
            long.
        waits: Whether the trainer waits for a batch.
    """

    def __init__(
        self,
        backend: Backend[State],
        local: LocalEngine[State],
        worker_pool: WorkerPool,
        config: Config,
    ) -> None:
        self.backend, self.local, self.worker_pool = backend, local, worker_pool
        self.slots = rules_of(config).workers[-1].slots
        self.timeout = config.parallel.worker_timeout
        self.running: dict[int, set[int]] = {
            worker: set() for worker in range(1, worker_pool.workers + 1)
        }
        self.last_message = dict.fromkeys(self.running, time.monotonic())
        self.stats = RolloutStats()
        self.waits = False

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into the slots of their workers."""
        for worker in sorted({decision.worker for decision in decisions}):
            entering = [decision for decision in decisions if decision.worker == worker]
            numbers = [decision.sample for decision in entering]
            command = Start(entering, {number: pool[number] for number in numbers})
            if worker == 0:
                self.lead(command)
                continue
            if not self.running[worker]:  # an idle worker was silent because it had nothing to do
                self.last_message[worker] = time.monotonic()
            self.running[worker].update(numbers)
            self.worker_pool.send(worker, command)

    def preempt(self, numbers: Sequence[int]) -> None:
        """Request samples back from their workers."""
        local = set(numbers)
        for worker, running in self.running.items():
            if chosen := running.intersection(numbers):
                self.worker_pool.send(worker, Preempt(sorted(chosen)))
            local -= running
        if local:
            self.lead(Preempt(sorted(local)))

    def wait(self) -> list[EventReport]:
        """Decode a block here and collect what remote workers report.

        Raises:
            SeedError: SCHEDULE_STUCK if the trainer waits and no worker has anything to do.
        """
        reports: list[EventReport] = []
        busy = self.local.busy
        if busy:
            self.local.stats = self.stats
            reports += self.lead(DecodeBlock())
        for worker, message in self.worker_pool.receive(0.0 if busy else POLL_SECONDS):
            reports += self._handle(worker, message)
        for worker in [worker for worker in self.running if self._is_silent(worker)]:
            reports += self._lose(worker)
        if self.waits and not (reports or busy or any(self.running.values())):
            raise schedule_stuck()
        return reports

    def pause(self) -> list[EventReport]:
        """Empty the slots of the colocated worker; remote workers go on."""
        return self.lead(Pause())

    def lead(self, command: ColocatedCommand) -> list[EventReport]:
        """Execute a command of the colocated worker on all trainer ranks."""
        self.backend.on_rank_zero(lambda: command)
        return execute(self.local, command)

    def follow(self) -> list[Rollout]:
        """On the other trainer ranks: execute the main process's commands until it has a batch."""
        while True:
            match self.backend.on_rank_zero(_no_command):
                case ReturnBatch(rollouts):
                    return rollouts
                case command:
                    execute(self.local, command)

    def end_following(self, batch: list[Rollout]) -> None:
        """Hand the batch to the other trainer ranks."""
        self.backend.on_rank_zero(lambda: ReturnBatch(batch))

    def _handle(self, worker: int, message: WorkerMessage) -> list[EventReport]:
        """Events of a message."""
        if worker not in self.running:  # a late message of a lost worker, whose samples run again
            return []
        self.last_message[worker] = time.monotonic()
        match message:
            case WorkerFailed():
                return self._lose(worker)
            case WorkerReport(reports, decode_steps):
                self.stats.decode_steps += decode_steps
                self.stats.offered += decode_steps * self.slots
                self.running[worker] -= {
                    event.sample for event, _ in reports if isinstance(event, Finished | Preempted)
                }
                return reports
            case _:
                assert_never(message)

    def _is_silent(self, worker: int) -> bool:
        silence = time.monotonic() - self.last_message[worker]
        return bool(self.running[worker]) and silence > self.timeout

    def _lose(self, worker: int) -> list[EventReport]:
        del self.running[worker]
        self.worker_pool.give_up(worker)
        return [(WorkerLost(worker), [])]


def execute(engine: LocalEngine[State], command: ColocatedCommand) -> list[EventReport]:
    """Execute a command on a worker in this process."""
    match command:
        case Start(decisions, pool):
            engine.start(decisions, pool)
        case Preempt(samples):
            engine.preempt(samples)
        case DecodeBlock():
            return engine.wait()
        case Pause():
            return engine.pause()
        case _:
            assert_never(command)
    return []


def _no_command() -> ColocatedCommand | ReturnBatch:
    """Argument of ``on_rank_zero`` on ranks other than 0, which do not call it."""
    raise AssertionError


class BackgroundService:
    """A thread that serves workers while the trainer trains."""

    def __init__(self, serve: Callable[[Callable[[], bool]], None]) -> None:
        self.serve = serve
        self.thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self.is_wanted = False

    def begin(self) -> None:
        """Start to serve."""
        self.is_wanted = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Stop the thread and raise its exception here, if it had one."""
        if self.thread is None:
            return
        self.is_wanted = False
        self.thread.join()
        self.thread = None
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self.serve(lambda: self.is_wanted)
        except BaseException as failure:  # raised again by ``end``, in the trainer's thread
            self.failure = failure
