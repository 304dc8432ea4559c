"""Streaming with standalone workers: the coordinator decides, messages carry samples, workers decode
while the trainer trains.

    coordinator   -> worker    weights of a policy_version, samples to continue, samples to give back
    worker          -> coordinator   events with rollouts, or its last words
    coordinator   -> other trainer ranks   what the worker beside the trainer does next: all of them do it together

WorkerSpec 0 is the one beside the trainer, workers 1 and up are standalone. Only the coordinator keeps
rollout_state and talks to workers. While the trainer trains a thread goes on deciding for it; it is stopped
before the trainer's own thread decides again, so there is one voice at a time.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from seed.reference.rollouts.events import Finished, Preempted, Scheduled, WorkerLost
from seed.reference.rollouts.streaming import EventReport, LocalEngine, RolloutStats, rules_of
from seed.spec.backend import Backend, WorkerPool
from seed.spec.config import Config
from seed.spec.datatypes import Rollout
from seed.spec.errors import Reason, SeedError

State = TypeVar("State")

PATIENCE_SECONDS = 0.005
"""How long to handle for workers when there is nothing else to do; the trainer may wait that long for
its thread to end.
"""


class WorkerPoolEngine(Generic[State]):
    """A worker beside the trainer and standalone ones; fulfils
    ``reference.rollouts.streaming.Engine`` at the coordinator.

    Attributes:
        running: Standalone worker -> samples that it has.
        last_message: When each of them was last last_message, by ``time.monotonic``.
        slots, timeout: Of a standalone worker: samples side by side; seconds of silence after which
            it is given up.
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
        self.slots, self.timeout = (
            rules_of(config).workers[-1].slots,
            config.parallel.worker_timeout,
        )
        self.running: dict[int, set[int]] = {
            worker: set() for worker in range(1, worker_pool.workers + 1)
        }
        self.last_message = dict.fromkeys(self.running, time.monotonic())
        self.stats = RolloutStats()
        self.waits = False

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots here, and send the others to their workers."""
        here = [decision for decision in decisions if decision.worker == 0]
        if here:
            self.lead("start", here, {decision.sample: pool[decision.sample] for decision in here})
        for worker in {decision.worker for decision in decisions} - {0}:
            sent = [decision for decision in decisions if decision.worker == worker]
            self.last_message[worker] = (
                self.last_message[worker] if self.running[worker] else time.monotonic()
            )
            self.running[worker] |= {decision.sample for decision in sent}
            self.worker_pool.send(
                worker,
                ("start", sent, {decision.sample: pool[decision.sample] for decision in sent}),
            )

    def preempt(self, numbers: Sequence[int]) -> None:
        """Ask for samples back, here and from workers."""
        for worker, running in self.running.items():
            if asked := running & set(numbers):
                self.worker_pool.send(worker, ("preempt", sorted(asked)))
        if here := sorted(set(numbers) - set().union(*self.running.values())):
            self.lead("preempt", here)

    def wait(self) -> list[EventReport]:
        """Decode a block here, and handle to the workers.

        Raises:
            SeedError: SCHEDULE_STUCK if the trainer waits and nobody has anything to do.
        """
        reports: list[EventReport] = []
        busy = self.local.busy
        if busy:
            self.local.stats = self.stats
            reports += self.lead("wait")
        for worker, message in self.worker_pool.receive(0.0 if busy else PATIENCE_SECONDS):
            reports += self._understood(worker, message)
        for worker in list(self.running):
            reports += self._lost(worker) if self._is_silent(worker) else []
        if self.waits and not (reports or busy or any(self.running.values())):
            raise SeedError(
                Reason.SCHEDULE_STUCK,
                "no sample is running and none may start: the schedule cannot go on",
            )
        return reports

    def pause(self) -> list[EventReport]:
        """The worker beside the trainer gives back all it holds; the others go on."""
        return self.lead("pause")

    def lead(self, name: str, *arguments: Any) -> Any:
        """Have the worker beside the trainer do something, on all trainer ranks."""
        self.backend.on_rank_zero(lambda: (name, arguments))
        return getattr(self.local, name)(*arguments)

    def follow(self) -> list[Rollout]:
        """On the other trainer ranks: do what the coordinator does, until it has a batch."""
        while True:
            name, arguments = self.backend.on_rank_zero(_nothing)
            if name == "batch":
                return list(arguments)
            getattr(self.local, name)(*arguments)

    def _understood(self, worker: int, message: Any) -> list[EventReport]:
        """Events of a worker; one that was given up is not last_message any more, so nothing that it
        finished counts twice.
        """
        if worker not in self.running:
            return []
        self.last_message[worker] = time.monotonic()
        if message[0] == "lost":
            return self._lost(worker)
        _, reports, steps = message
        self.stats.decode_steps += steps
        self.stats.offered += steps * self.slots
        self.running[worker] -= {
            event.sample for event, _ in reports if isinstance(event, Finished | Preempted)
        }
        return list(reports)

    def _is_silent(self, worker: int) -> bool:
        return (
            bool(self.running[worker])
            and time.monotonic() - self.last_message[worker] > self.timeout
        )

    def _lost(self, worker: int) -> list[EventReport]:
        del self.running[worker]
        self.worker_pool.give_up(worker)
        return [(WorkerLost(worker), [])]


def _nothing() -> Any:
    """What a follower would say; nobody asks it."""


class BackgroundService:
    """A thread that serves workers while the trainer trains."""

    def __init__(self, serve: Callable[[Callable[[], bool]], None]) -> None:
        self.serve = serve
        self.thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self.wanted = False

    def begin(self) -> None:
        """Start to serve."""
        self.wanted = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Stop, and raise here what went wrong there."""
        if self.thread is None:
            return
        self.wanted = False
        self.thread.join()
        self.thread = None
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self.serve(lambda: self.wanted)
        except BaseException as failure:  # raised again in the trainer's thread
            self.failure = failure
