"""From requests to finished rollouts through the scheduler: the rollout_state of a run, and the workers of
one program.

    requests -> Submitted, Requested -> decisions (schedule.py) -> workers decode -> Consumed -> rollouts of
    mixed versions

``Streaming`` owns the log and the pool of partial rollouts; an ``Engine`` owns the workers. Between
two steps no worker beside the trainer holds anything: what is unfinished lies in the pool, so a
checkpoint has it all, and no cached prefix outlives the weights that it was read with (field law
P21).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from seed.reference.rollouts.events import (
    ENDED,
    Advanced,
    Consumed,
    Dropped,
    Event,
    Finished,
    Preempted,
    PreemptRequested,
    Published,
    Requested,
    Scheduled,
    Submitted,
    WorkerJoined,
    WorkerLost,
)
from seed.reference.rollouts.scheduler import Rules, Scheduler, ScheduleState, WorkerSpec
from seed.spec.backend import Backend, RolloutWorker
from seed.spec.config import Config
from seed.spec.datatypes import Request, Rollout, Sampling, unanswered
from seed.spec.errors import Reason, SeedError

State = TypeVar("State")
EventReport = tuple[Event, list[Rollout]]
"""An event of the world, and the rollouts as they are after it."""


@dataclass
class RolloutState:
    """What a run must remember of its rollouts between two steps; plain values for a checkpoint.

    Attributes:
        schedule: State of the scheduler.
        pool: Rollouts under way by sample number, with everything sampled so far.
        policy_version: Version of the policy's weights at the newest policy_version.
    """

    schedule: ScheduleState = field(default_factory=ScheduleState)
    pool: dict[int, Rollout] = field(default_factory=dict)
    optimizer_step: int = -1


@dataclass
class RolloutStats:
    """What a step's rollouts cost.

    Attributes:
        decode_steps: Forward passes that drew a token.
        tokens: Tokens drawn.
        offered: Slots that could have drawn one, over all forward passes.
        dropped: Samples given up.
        ages: Staleness of every sample taken.
    """

    decode_steps: int = 0
    tokens: int = 0
    offered: int = 0
    dropped: int = 0
    ages: list[int] = field(default_factory=list)


class Engine(Protocol):
    """Units at work. Samples are known by their numbers."""

    stats: RolloutStats

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots."""
        ...

    def preempt(self, numbers: Sequence[int]) -> None:
        """Ask for samples back."""
        ...

    def wait(self) -> list[EventReport]:
        """Decode until something has happened."""
        ...

    def pause(self) -> list[EventReport]:
        """The trainer needs its processors: workers beside it give back all they hold."""
        ...


class Streaming:
    """The scheduler in motion."""

    def __init__(
        self,
        rules: Rules,
        rollout_state: RolloutState,
        engine: Engine,
        log: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """Go on from what the rollout_state say.

        Args:
            rules: The scheduler's.
            rollout_state: Updated in place.
            engine: Where samples are decoded.
            log: EventReport every event, for the log.
        """
        self.scheduler, self.rollout_state, self.engine, self.log = (
            Scheduler(rules, rollout_state.schedule),
            rollout_state,
            engine,
            log,
        )

    def publish(self, optimizer_step: int) -> int:
        """Say that the newest weights are of this policy_version; the same policy_version again is no reports.

        Returns:
            The number of the newest policy_version.
        """
        if optimizer_step != self.rollout_state.optimizer_step:
            self.rollout_state.optimizer_step = optimizer_step
            self.apply(Published(self.scheduler.state.newest + 1))
        return self.scheduler.state.newest

    def prompts_needed(self) -> int:
        """Prompts that the next ``finish`` should bring."""
        return self.scheduler.prompts_needed()

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Open samples and wait for a batch.

        Args:
            requests: One per new sample, groups one after the other; as many prompts as
                ``prompts_needed`` says.

        Returns:
            The finished rollouts of a batch, in the order of opening.
        """
        rules, state, pool = self.scheduler.rules, self.scheduler.state, self.rollout_state.pool
        for start in range(0, len(requests), rules.atomic_group):
            numbers = tuple(state.submitted + place for place in range(rules.atomic_group))
            atomic_group = requests[start : start + rules.atomic_group]
            pool |= {
                number: unanswered(request)
                for number, request in zip(numbers, atomic_group, strict=True)
            }
            self.apply(Submitted(numbers[0], numbers, len(atomic_group[0].prompt_tokens)))
        self.apply(Requested(rules.batch))
        batch = self.wait_for_batch()
        self.handle(self.engine.pause())
        return [pool.pop(number) for number in batch]

    def wait_for_batch(self) -> tuple[int, ...]:
        """Carry out decisions and handle to the workers until the trainer has what it wants."""
        while True:
            decisions = self.decide()
            if decisions and isinstance(decisions[0], Consumed):
                return decisions[0].samples
            if not decisions:
                self.handle(self.engine.wait())

    def serve(self, training: Callable[[], bool]) -> None:
        """Keep the workers that run beside a busy trainer at work.

        Args:
            training: Whether the trainer is still busy.
        """
        while training():
            if not self.decide():
                self.handle(self.engine.wait())

    def decide(self) -> list[Event]:
        """Carry out what follows from the events so far."""
        decisions = self.scheduler.decisions()
        for decision in decisions:
            if isinstance(decision, Consumed):
                samples = self.scheduler.state.samples
                self.engine.stats.ages += [
                    self.scheduler.age(samples[number]) for number in decision.samples
                ]
            if isinstance(decision, Dropped):
                del self.rollout_state.pool[decision.sample]
                self.engine.stats.dropped += 1
            self.apply(decision)
        self.engine.start(
            [d for d in decisions if isinstance(d, Scheduled)], self.rollout_state.pool
        )
        self.engine.preempt([d.sample for d in decisions if isinstance(d, PreemptRequested)])
        return decisions

    def handle(self, reports: Sequence[EventReport]) -> None:
        """Take log of what workers send."""
        for event, rollouts in reports:
            if isinstance(event, Finished | Preempted):
                self.rollout_state.pool[event.sample] = rollouts[0]
            self.apply(event)

    def close(self) -> None:
        """The run is over: give up what is still under way, by name."""
        for sample in list(self.scheduler.state.samples.values()):
            del self.rollout_state.pool[sample.number]
            if sample.worker >= 0:
                self.apply(Preempted(sample.number, sample.tokens))
            self.apply(Dropped(sample.number, ENDED))

    def forget_workers(self) -> None:
        """After a kill: what ran on standalone workers starts again from what the pool has of it."""
        for worker in sorted(
            {
                sample.worker
                for sample in self.scheduler.state.samples.values()
                if sample.worker >= 0
            }
        ):
            self.apply(WorkerLost(worker))
        for worker in list(self.scheduler.state.lost_workers):
            self.apply(WorkerJoined(worker))

    def apply(self, event: Event) -> None:
        """Apply an event and write it down."""
        self.engine.stats.tokens += self.scheduler.drawn(event)
        self.scheduler.apply(event)
        self.log(event)


def rules_of(config: Config) -> Rules:
    """The scheduler's rules for a run: worker 0 beside the trainer, then the standalone ones."""
    rollout, parallel = config.rollout, config.parallel
    batch = rollout.prompts * rollout.samples_per_prompt
    beside = WorkerSpec(parallel.rollout_slots or batch, rollout.cache_tokens)
    standalone = WorkerSpec(
        parallel.worker_slots or beside.slots, rollout.cache_tokens, standalone=True
    )
    return Rules(
        alpha=rollout.srs_alpha,
        batch=batch,
        group=rollout.samples_per_prompt,
        atomic_group=rollout.samples_per_prompt if config.needs_whole_groups else 1,
        max_staleness=rollout.max_staleness,
        at_bound=rollout.at_staleness_bound,
        continue_with=rollout.continue_with,
        workers=(beside, *[standalone] * parallel.rollout_workers),
    )


class LocalEngine(Generic[State]):
    """One worker beside the trainer, in the same program: it decodes while the trainer waits, a block
    of tokens at a time.

    Attributes:
        policies: States by policy_version: the newest, and the snapshots that samples may be
            continued with.
        workers: The backend's worker for each policy_version that something runs with; together they fill
            the slots of worker 0.
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

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots of the worker that has their policy_version."""
        for policy_version in sorted({decision.policy_version for decision in decisions}):
            if policy_version not in self.workers:
                state = self.policies[policy_version]
                self.workers[policy_version] = self.backend.rollout_worker(
                    state, self.config, self.slots, self.sampling, "rollout"
                )
            entering = [
                decision.sample
                for decision in decisions
                if decision.policy_version == policy_version
            ]
            self.numbers |= {pool[number].request: number for number in entering}
            self.workers[policy_version].add([pool[number] for number in entering])

    @property
    def busy(self) -> bool:
        """Whether anything is in a slot."""
        return any(worker.running for worker in self.workers.values())

    def preempt(self, numbers: Sequence[int]) -> None:
        """Remember whom to give back."""
        self.preempt_requested |= set(numbers)

    def wait(self) -> list[EventReport]:
        """Give back what was preempt_requested, or else decode a block."""
        if self.preempt_requested:
            wanted, self.preempt_requested = self.preempt_requested, set()
            chosen = {request for request, number in self.numbers.items() if number in wanted}
            return self._reports(
                Preempted,
                [rollout for worker in self.workers.values() for rollout in worker.preempt(chosen)],
            )
        steps, busy = (
            self.config.rollout.block_tokens,
            [worker for worker in self.workers.values() if worker.running],
        )
        if not busy:
            raise SeedError(
                Reason.SCHEDULE_STUCK,
                "no sample is running and none may start: the schedule cannot go on",
            )
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
        """What became of samples that leave their slots, in the order of opening: backends may send
        it in another one.
        """
        left = sorted(
            ((self.numbers.pop(r.request), r) for r in rollouts), key=lambda pair: pair[0]
        )
        return [(kind(number, len(rollout.response_tokens)), [rollout]) for number, rollout in left]
