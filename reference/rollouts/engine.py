"""Engines: they decode the samples that the scheduler places, and report events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from seed.reference.rollouts.events import Advanced, Event, Finished, Preempted, Scheduled
from seed.spec.backend import Backend, RolloutWorker
from seed.spec.config import Config
from seed.spec.datatypes import Request, Rollout, Sampling
from seed.spec.errors import Reason, SeedError

State = TypeVar("State")
EventReport = tuple[Event, list[Rollout]]
"""An event, and the rollouts as they are after it."""


@dataclass
class RolloutStats:
    """Cost of a step's rollouts.

    Attributes:
        decode_steps: Forward passes that drew a token.
        tokens: Tokens drawn.
        offered: Slots that could have drawn one, over all forward passes.
        dropped: Samples given up.
        ages: Staleness of every consumed sample.
    """

    decode_steps: int = 0
    tokens: int = 0
    offered: int = 0
    dropped: int = 0
    ages: list[int] = field(default_factory=list)


class Engine(Protocol):
    """Rollout workers at work. Samples are identified by their numbers."""

    stats: RolloutStats

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots; ``pool`` has their rollouts so far."""
        ...

    def preempt(self, numbers: Sequence[int]) -> None:
        """Request samples back; ``wait`` reports them as preempted or finished."""
        ...

    def wait(self) -> list[EventReport]:
        """Decode until there is something to report."""
        ...

    def pause(self) -> list[EventReport]:
        """Empty the slots of colocated workers: the trainer needs their processors."""
        ...


class LocalEngine(Generic[State]):
    """One colocated worker in this process, which decodes a block of tokens at a time.

    Attributes:
        policies: States by policy version: the newest, and snapshots that samples continue with.
        workers: The backend's worker for each policy version in use; together they fill the slots.
    """

    def __init__(
        self, backend: Backend[State], config: Config, sampling: Sampling, slots: int
    ) -> None:
        self.backend, self.config, self.sampling, self.slots = backend, config, sampling, slots
        self.stats = RolloutStats()
        self.policies: dict[int, State] = {}
        self.workers: dict[int, RolloutWorker] = {}
        self.numbers: dict[Request, int] = {}
        self.preempt_requested: set[int] = set()

    @property
    def busy(self) -> bool:
        """Whether any slot is filled."""
        return any(worker.running for worker in self.workers.values())

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots of the worker that has their policy version."""
        for policy_version in sorted({decision.policy_version for decision in decisions}):
            if policy_version not in self.workers:
                state = self.policies[policy_version]
                self.workers[policy_version] = self.backend.rollout_worker(
                    state, self.config, self.slots, self.sampling, "rollout"
                )
            entering = [d.sample for d in decisions if d.policy_version == policy_version]
            self.numbers |= {pool[number].request: number for number in entering}
            self.workers[policy_version].add([pool[number] for number in entering])

    def preempt(self, numbers: Sequence[int]) -> None:
        """Preempt samples at the next ``wait``; those that have finished are ignored there."""
        self.preempt_requested |= set(numbers)

    def wait(self) -> list[EventReport]:
        """Preempt what was requested, or else decode a block.

        Raises:
            SeedError: SCHEDULE_STUCK if all slots are empty.
        """
        if self.preempt_requested:
            wanted, self.preempt_requested = self.preempt_requested, set()
            chosen = {request for request, number in self.numbers.items() if number in wanted}
            preempted = [r for worker in self.workers.values() for r in worker.preempt(chosen)]
            return self._reports(Preempted, preempted)
        busy = [worker for worker in self.workers.values() if worker.running]
        if not busy:
            raise schedule_stuck()
        steps = self.config.rollout.block_tokens
        self.stats.decode_steps += steps * len(busy)
        self.stats.offered += steps * self.slots
        finished = [rollout for worker in busy for rollout in worker.decode(steps)]
        reports = self._reports(Finished, finished)
        return [*reports, (Advanced(tuple(sorted(self.numbers.values())), steps), [])]

    def pause(self) -> list[EventReport]:
        """Empty all slots; the caches go with the weights that filled them."""
        partial = [rollout for worker in self.workers.values() for rollout in worker.preempt(None)]
        self.workers.clear()
        return self._reports(Preempted, partial)

    def _reports(
        self, kind: type[Finished] | type[Preempted], rollouts: Sequence[Rollout]
    ) -> list[EventReport]:
        """Samples that leave their slots, by number: the order within a backend may differ."""
        numbered = [(self.numbers.pop(rollout.request), rollout) for rollout in rollouts]
        numbered.sort(key=lambda pair: pair[0])
        return [(kind(number, len(r.response_tokens)), [r]) for number, r in numbered]


def schedule_stuck() -> SeedError:
    """The error of a schedule that has nothing running and nothing to start."""
    return SeedError(
        Reason.SCHEDULE_STUCK, "no sample is running and none may start: the schedule cannot go on"
    )
