"""From requests to finished rollouts: the scheduler, an engine, and the pool between them.

    requests -> Submitted, Requested -> decisions -> engine decodes -> Consumed -> rollouts

``Streaming`` owns the log and the pool of partial rollouts; an ``Engine`` owns the workers. Between
two steps a colocated worker holds nothing: unfinished rollouts lie in the pool. So a checkpoint has
all of them, and no cached prefix outlives the weights that computed it (known bug P21).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seed.reference.rollouts.engine import Engine, EventReport
from seed.reference.rollouts.events import (
    ENDED,
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
from seed.reference.rollouts.rules import Rules
from seed.reference.rollouts.schedule_state import ScheduleState
from seed.reference.rollouts.scheduler import Scheduler
from seed.spec.datatypes import Request, Rollout, unanswered


@dataclass
class RolloutState:
    """What a checkpoint stores about rollouts; plain values.

    Attributes:
        schedule: State of the scheduler.
        pool: Rollouts in flight by sample number, with everything sampled so far.
        optimizer_step: Optimizer step of the newest policy version.
    """

    schedule: ScheduleState = field(default_factory=ScheduleState)
    pool: dict[int, Rollout] = field(default_factory=dict)
    optimizer_step: int = -1


class Streaming:
    """Runs the scheduler: executes its decisions and applies what the engine reports."""

    def __init__(
        self,
        rules: Rules,
        rollout_state: RolloutState,
        engine: Engine,
        log: Callable[[Event], None] = lambda event: None,
        ended: Callable[[Rollout], None] = lambda rollout: None,
        dropped: Callable[[Rollout], None] = lambda rollout: None,
    ) -> None:
        """Continue from a state.

        Args:
            rules: Settings of the scheduler.
            rollout_state: Updated in place.
            engine: Decodes samples.
            log: Called with every event after it was applied.
            ended: Called with every rollout as soon as it ends, while others still decode.
            dropped: Called with every rollout that is given up, ended or not.
        """
        self.scheduler = Scheduler(rules, rollout_state.schedule)
        self.rollout_state, self.engine, self.log = rollout_state, engine, log
        self.ended, self.dropped = ended, dropped

    def publish(self, optimizer_step: int) -> int:
        """Make weights the newest policy version, unless they are already.

        Returns:
            The newest policy version.
        """
        if optimizer_step != self.rollout_state.optimizer_step:
            self.rollout_state.optimizer_step = optimizer_step
            self.apply(Published(self.scheduler.state.newest + 1))
        return self.scheduler.state.newest

    def prompts_needed(self) -> int:
        """Prompts that the next ``finish`` needs."""
        return self.scheduler.prompts_needed()

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Submit samples and wait for a batch.

        Args:
            requests: One per new sample, group after group, for ``prompts_needed`` prompts.

        Returns:
            The finished rollouts of a batch, in order of submission.
        """
        rules, state, pool = self.scheduler.rules, self.scheduler.state, self.rollout_state.pool
        for start in range(0, len(requests), rules.atomic_group):
            group = requests[start : start + rules.atomic_group]
            numbers = tuple(range(state.submitted, state.submitted + rules.atomic_group))
            for number, request in zip(numbers, group, strict=True):
                pool[number] = unanswered(request)
            self.apply(Submitted(numbers[0], numbers, len(group[0].prompt_tokens)))
        self.apply(Requested(rules.batch))
        batch = self.wait_for_batch()
        self.handle(self.engine.pause())
        return [pool.pop(number) for number in batch]

    def wait_for_batch(self) -> tuple[int, ...]:
        """Decide and decode until the batch is complete."""
        while True:
            decisions = self.decide()
            if decisions and isinstance(decisions[0], Consumed):
                return decisions[0].samples
            if not decisions:
                self.handle(self.engine.wait())

    def serve(self, is_training: Callable[[], bool]) -> None:
        """Keep remote workers busy for as long as the trainer trains."""
        while is_training():
            if not self.decide():
                self.handle(self.engine.wait())

    def decide(self) -> list[Event]:
        """Apply and execute the decisions that follow from the events so far."""
        state, decisions = self.scheduler.state, self.scheduler.decisions()
        for decision in decisions:
            if isinstance(decision, Consumed):
                ages = [state.age(state.samples[number]) for number in decision.samples]
                self.engine.stats.ages += ages
            if isinstance(decision, Dropped):
                self.dropped(self.rollout_state.pool.pop(decision.sample))
                self.engine.stats.dropped += 1
            self.apply(decision)
        scheduled = [d for d in decisions if isinstance(d, Scheduled)]
        self.engine.start(scheduled, self.rollout_state.pool)
        self.engine.preempt([d.sample for d in decisions if isinstance(d, PreemptRequested)])
        return decisions

    def handle(self, reports: Sequence[EventReport]) -> None:
        """Apply what workers report."""
        for event, rollouts in reports:
            if isinstance(event, Finished | Preempted):
                self.rollout_state.pool[event.sample] = rollouts[0]
            if isinstance(event, Finished):
                self.ended(rollouts[0])
            self.apply(event)

    def close(self) -> None:
        """End the run: drop each sample that is still in flight."""
        for sample in list(self.scheduler.state.samples.values()):
            del self.rollout_state.pool[sample.number]
            if sample.worker >= 0:
                self.apply(Preempted(sample.number, sample.tokens))
            self.apply(Dropped(sample.number, ENDED))

    def forget_workers(self) -> None:
        """After a kill: samples that remote workers ran continue from what the pool has."""
        state = self.scheduler.state
        for worker in sorted({sample.worker for sample in state.samples.values()} - {-1}):
            self.apply(WorkerLost(worker))
        for worker in list(state.lost_workers):
            self.apply(WorkerJoined(worker))

    def apply(self, event: Event) -> None:
        """Apply an event, count its tokens and log it."""
        self.engine.stats.tokens += self.scheduler.tokens_drawn(event)
        self.scheduler.apply(event)
        self.log(event)
