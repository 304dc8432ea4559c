"""Who decodes what, where and when: the streaming rollout scheduler (SRS) as a state machine over
events.

    opened -> waiting -> running -> (parked: waiting again, with what it has) ... -> finished ->
    taken | dropped

A step takes the N samples it trains on out of more than N that are under way:

    under way   O = N min(1 / srs_alpha, 1 + max_staleness)         opened at the start of a step, up to this many
    batch       N finished samples, ceil(srs_alpha N) of them drawn from the newest weights alone      ends the wait
    the rest    O - N samples keep their prefix, the policy_version and the log-probability of every token    go on in the next step
    staleness   policies between a sample's oldest token and the batch that takes it, <= max_staleness

So a step waits until the share srs_alpha of its samples has finished under the newest weights
(report 5.2, the batch completion reading), and srs_alpha = 1 opens N samples and waits for all of
them. The step after has O - N old samples and N new ones, so enough new ones to fill any share: the
wait always ends.

Every decision is a function of the events before it (``Scheduler.decisions``), so a log of events
can be replayed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from seed.reference.rollouts.events import (
    ENDED,
    STALE,
    Advanced,
    Consumed,
    Decided,
    Dropped,
    Event,
    Finished,
    Preempted,
    PreemptRequested,
    Published,
    Requested,
    Scheduled,
    Submitted,
    WeightsUpdated,
    WorkerJoined,
    WorkerLost,
)


@dataclass(frozen=True)
class WorkerSpec:
    """Where samples can run.

    Attributes:
        slots: Samples decoded side by side.
        memory: Positions that its cache can hold over all slots, 0 = no limit.
        standalone: Runs while the trainer trains; a worker that is not shares the trainer's
            processors.
    """

    slots: int
    memory: int = 0
    standalone: bool = False


@dataclass(frozen=True)
class Rules:
    """What the scheduler is reports once.

    Attributes:
        alpha: srs_alpha, share of a batch that must be drawn from the newest weights alone, in [0,
            1].
        batch: Samples of a batch, N.
        group: Samples of a prompt, opened together; divides ``batch``.
        atomic_group: Samples that a batch takes together: 1, or ``group`` where statistics of whole
            groups are needed.
        max_staleness: Publications by which the oldest token of a trained sample may lag, >= 0.
        at_bound: What happens to a sample that would exceed it in the next step: the batch waits
            for it, or it is dropped.
        continue_with: Weights that a parked sample is continued with: the newest, or those of its
            own snapshot.
        workers: Where samples can run.
    """

    alpha: float
    batch: int
    group: int
    atomic_group: int
    max_staleness: int
    at_bound: Literal["wait", "drop"]
    continue_with: Literal["newest", "snapshot"]
    workers: tuple[WorkerSpec, ...]

    @property
    def in_flight(self) -> int:
        """Samples under way at the start of a step, O: whole groups."""
        factor = min(1.0 / self.alpha if self.alpha else math.inf, 1.0 + self.max_staleness)
        return self.group * math.ceil(round(self.batch * factor / self.group, 9))

    def allowed_old(self, size: int) -> int:
        """Most samples of a batch that may hold tokens of older weights."""
        return size - math.ceil(round(self.alpha * size, 9))

    def slots_for_old(self, worker: WorkerSpec) -> int:
        """Slots of a worker beside the trainer that old samples may have while fresh ones wait."""
        return worker.slots - math.floor(self.alpha * worker.slots)


@dataclass
class Sample:
    """One sample under way.

    Attributes:
        number: Order of opening.
        atomic_group: Samples of the same number are taken together.
        prompt: Tokens of the prompt.
        tokens: Tokens drawn, as far as reported.
        oldest, newest: Publication that the first and the last token were drawn from; -1 without
            tokens.
        worker: Where it runs, -1 if it does not.
        policy_version: Publication it runs with.
        preempt_requested: Whether its worker was asked to give it back.
        finished: Whether it has ended.
        kept: ``(tokens, oldest, newest)`` when it was admitted: what is left if its worker dies.
    """

    number: int
    atomic_group: int
    prompt: int
    tokens: int = 0
    oldest: int = -1
    newest: int = -1
    worker: int = -1
    policy_version: int = -1
    preempt_requested: bool = False
    finished: bool = False
    kept: tuple[int, int, int] = (0, -1, -1)

    def draw(self, tokens: int) -> None:
        """Take log that the sample has so many tokens now; new ones are of the policy_version it runs
        with.
        """
        if tokens > self.tokens:
            self.tokens, self.newest = tokens, self.policy_version
            self.oldest = self.policy_version if self.oldest < 0 else self.oldest


@dataclass
class ScheduleState:
    """Everything that decisions depend on; plain values.

    Attributes:
        newest: Number of the newest policy_version, -1 before the first.
        wanted: Samples that the trainer waits for, 0 if it does not wait.
        samples: Samples under way by number.
        lost: Units that died.
        opened, taken, dropped: Samples so far.
    """

    newest: int = -1
    wanted: int = 0
    samples: dict[int, Sample] = field(default_factory=dict)
    lost_workers: list[int] = field(default_factory=list)
    submitted: int = 0
    consumed: int = 0
    dropped: int = 0


class Scheduler:
    """Rules, and the state that the events so far have led to."""

    def __init__(self, rules: Rules, state: ScheduleState | None = None) -> None:
        self.rules = rules
        self.state = state or ScheduleState()

    # What happened

    def apply(self, event: Event) -> None:
        """Move on by one event.

        Raises:
            ValueError: The event cannot apply now.
        """
        state = self.state
        match event:
            case Submitted(atomic_group, numbers, prompt):
                _demand(
                    len(numbers) == self.rules.atomic_group
                    and not state.samples.keys() & set(numbers),
                    event,
                )
                state.samples |= {
                    number: Sample(number, atomic_group, prompt) for number in numbers
                }
                state.submitted += len(numbers)
            case Published(policy_version):
                _demand(policy_version == state.newest + 1, event)
                state.newest = policy_version
            case Requested(size):
                _demand(
                    not state.wanted and size > 0 and size % self.rules.atomic_group == 0, event
                )
                state.wanted = size
            case Scheduled(number, worker, policy_version):
                sample = state.samples[number]
                _demand(
                    sample.worker < 0 and not sample.finished and worker not in state.lost_workers,
                    event,
                )
                sample.worker, sample.policy_version = worker, policy_version
                sample.kept = sample.tokens, sample.oldest, sample.newest
            case PreemptRequested(number):
                state.samples[number].preempt_requested = True
            case Advanced(numbers, tokens):
                for sample in (state.samples[number] for number in numbers):
                    _demand(sample.worker >= 0, event)
                    sample.draw(sample.tokens + tokens)
            case Finished(number, tokens) | Preempted(number, tokens):
                sample = state.samples[number]
                _demand(sample.worker >= 0 and tokens >= sample.tokens, event)
                sample.draw(tokens)
                sample.worker, sample.preempt_requested, sample.finished = (
                    -1,
                    False,
                    isinstance(event, Finished),
                )
            case WeightsUpdated(worker, policy_version):
                _demand(policy_version <= state.newest, event)
                for sample in self.running(worker):
                    sample.policy_version = max(policy_version, sample.policy_version)
            case WorkerLost(worker):
                for sample in self.running(worker):
                    sample.tokens, sample.oldest, sample.newest = sample.kept
                    sample.worker, sample.preempt_requested = -1, False
                state.lost_workers.append(worker)
            case WorkerJoined(worker):
                state.lost_workers.remove(worker)
            case Dropped(number, _):
                _demand(state.samples.pop(number).worker < 0, event)
                state.dropped += 1
            case Consumed(numbers):
                _demand(
                    len(numbers) == state.wanted
                    and all(state.samples[n].finished for n in numbers),
                    event,
                )
                for number in numbers:
                    del state.samples[number]
                state.wanted, state.consumed = 0, state.consumed + len(numbers)

    # What to do now

    def prompts_needed(self) -> int:
        """Prompts to open at the start of a step, all samples of each."""
        return max(self.rules.in_flight - len(self.state.samples), 0) // self.rules.group

    def decisions(self) -> list[Event]:
        """What follows from the events so far, to be applied and carried out in this order; empty:
        wait for the world.
        """
        stale = self.stale()
        held = {sample.atomic_group for sample in stale if sample.worker >= 0}
        if dropped := [sample.number for sample in stale if sample.atomic_group not in held]:
            return [Dropped(number, STALE) for number in dropped]
        if (batch := self.batch()) is not None:
            return [Consumed(batch)]
        leaving = [
            sample
            for sample in (*stale, *self.overflow())
            if sample.worker >= 0 and not sample.preempt_requested
        ]
        if leaving:
            return [
                PreemptRequested(number)
                for number in dict.fromkeys(sample.number for sample in leaving)
            ]
        return list(self.placements())

    def drawn(self, event: Event) -> int:
        """Tokens that an event which is about to apply brings."""
        match event:
            case Advanced(numbers, tokens):
                return tokens * len(numbers)
            case Finished(number, tokens) | Preempted(number, tokens):
                return tokens - self.state.samples[number].tokens
            case _:
                return 0

    def running(self, worker: int) -> list[Sample]:
        """Samples in the slots of a worker."""
        return [sample for sample in self.state.samples.values() if sample.worker == worker]

    def age(self, sample: Sample) -> int:
        """Publications since the sample's oldest token."""
        return self.state.newest - sample.oldest if sample.oldest >= 0 else 0

    def is_old(self, sample: Sample) -> bool:
        """Whether some of its tokens are of older weights than the newest."""
        return 0 <= sample.oldest < self.state.newest

    def stale(self) -> list[Sample]:
        """Samples that no batch may take any more, and what shares a atomic_group with them."""
        youngest = self.state.newest - self.rules.max_staleness
        over = {s.atomic_group for s in self.state.samples.values() if 0 <= s.oldest < youngest}
        return [s for s in self.state.samples.values() if s.atomic_group in over] if over else []

    def batch(self) -> tuple[int, ...] | None:
        """The batch that the trainer waits for, oldest samples first in line, in the order of
        opening; None: go on waiting.
        """
        wanted, state = self.state.wanted, self.state
        finished = (
            [sample for sample in state.samples.values() if sample.finished] if wanted else []
        )
        # Asked at every look, so what cannot be enough is found before samples are grouped and
        # ranked.
        if not wanted or len(finished) < wanted:
            return None
        if sum(not self.is_old(sample) for sample in finished) < wanted - self.rules.allowed_old(
            wanted
        ):
            return None
        atomic_groups: dict[int, list[Sample]] = {}
        for sample in state.samples.values():
            atomic_groups.setdefault(sample.atomic_group, []).append(sample)
        ages = {
            number: max(map(self.age, atomic_group))
            for number, atomic_group in atomic_groups.items()
        }
        old = [
            atomic_group
            for number, atomic_group in atomic_groups.items()
            if 0 < ages[number] <= self.rules.max_staleness
        ]
        old.sort(key=self._atomic_group_rank)
        places = self.rules.allowed_old(wanted) // self.rules.atomic_group
        last_chance = [
            atomic_group
            for atomic_group in old
            if ages[atomic_group[0].atomic_group] == self.rules.max_staleness
        ]
        if self.rules.at_bound == "wait" and not all(map(_whole, last_chance[:places])):
            return None
        chosen = [atomic_group for atomic_group in old if _whole(atomic_group)][:places]
        fresh = [
            atomic_group
            for number, atomic_group in atomic_groups.items()
            if _whole(atomic_group) and ages[number] == 0
        ]
        chosen += fresh[: wanted // self.rules.atomic_group - len(chosen)]
        if len(chosen) * self.rules.atomic_group < wanted:
            return None
        return tuple(sorted(sample.number for atomic_group in chosen for sample in atomic_group))

    def overflow(self) -> list[Sample]:
        """Running samples that must leave so that the rest fits the memory of their worker, last in
        line first.
        """
        leaving: list[Sample] = []
        for worker, plan in enumerate(self.rules.workers):
            here = (
                sorted((s for s in self.running(worker) if not s.preempt_requested), key=self._rank)
                if plan.memory
                else []
            )
            while len(here) > 1 and sum(map(_size, here)) > plan.memory:
                leaving.append(here.pop())
        return leaving

    def placements(self) -> Iterable[Scheduled]:
        """Who enters which free slot.

        Each goes where the cache holds least for each slot, since a worker reads all of that again
        when weights come; old samples to a standalone worker as long as one has a free slot. A worker
        beside the trainer keeps the share srs_alpha of its slots for fresh samples as long as one
        waits, and the rest for old ones: both kinds are needed to fill a batch. Among old samples
        the one with the oldest token goes first, then the longest; among fresh ones the first
        opened. Who does not fit into the memory holds up all behind it. So nobody is passed for
        ever: whoever waits longer is ahead of all who came later.
        """
        plans = {
            worker: plan
            for worker, plan in enumerate(self.rules.workers)
            if plan.standalone or self.state.wanted
        }
        running = {
            worker: self.running(worker)
            for worker in plans
            if worker not in self.state.lost_workers
        }
        if all(len(here) >= plans[worker].slots for worker, here in running.items()):
            return
        seats = [
            _Seats(
                worker, plans[worker], len(here), sum(map(_size, here)), sum(map(self.is_old, here))
            )
            for worker, here in running.items()
        ]
        waiting = [s for s in self.state.samples.values() if s.worker < 0 and not s.finished]
        old = sorted((s for s in waiting if self.is_old(s)), key=self._rank, reverse=True)
        fresh = sorted((s for s in waiting if not self.is_old(s)), key=_number, reverse=True)
        while old or fresh:
            free = [worker for worker in seats if worker.count < worker.plan.slots]
            for_old = [worker for worker in free if worker.plan.standalone]
            for_old = for_old or [
                worker
                for worker in free
                if not fresh or worker.old < self.rules.slots_for_old(worker.plan)
            ]
            line, choice = (old, for_old) if old and for_old else (fresh, free)
            fitting = [worker for worker in choice if line and worker.fits(line[-1])]
            if not fitting:
                return
            sample, worker = line.pop(), min(fitting, key=_Seats.load)
            worker.take(sample, is_old=line is old)
            yield Scheduled(sample.number, worker.number, self.policy_version_for(sample))

    def policy_version_for(self, sample: Sample) -> int:
        """The policy_version that a sample is continued with."""
        snapshot = self.rules.continue_with == "snapshot" and sample.tokens > 0
        return sample.newest if snapshot else self.state.newest

    def _rank(self, sample: Sample) -> tuple[int, int, int]:
        """Place in line: oldest token, then most tokens, then order of opening."""
        return (-self.age(sample), -sample.tokens if self.is_old(sample) else 0, sample.number)

    def _atomic_group_rank(self, atomic_group: Sequence[Sample]) -> tuple[int, int, int]:
        return min(map(self._rank, atomic_group))


@dataclass
class _Seats:
    """A worker while samples are placed.

    Attributes:
        number, plan: Which, and what it can.
        count, held, old: Its samples, their positions, and how many of them are old.
    """

    number: int
    plan: WorkerSpec
    count: int
    held: int
    old: int

    def load(self) -> float:
        """Positions for each slot."""
        return self.held / self.plan.slots

    def fits(self, sample: Sample) -> bool:
        """Whether the memory has room for one more and for its next token; for the first it always
        has.
        """
        return not (self.plan.memory and self.count) or self.held + _size(sample) < self.plan.memory

    def take(self, sample: Sample, is_old: bool) -> None:
        """Seat a sample."""
        self.count, self.held, self.old = (
            self.count + 1,
            self.held + _size(sample) + 1,
            self.old + is_old,
        )


def _size(sample: Sample) -> int:
    """Positions of the cache that a sample needs so far."""
    return sample.prompt + sample.tokens


def _number(sample: Sample) -> int:
    """Place in line among fresh samples: order of opening."""
    return sample.number


def _whole(atomic_group: Sequence[Sample]) -> bool:
    return all(sample.finished for sample in atomic_group)


def _demand(possible: bool, event: Event) -> None:
    if not possible:
        raise ValueError(f"the schedule cannot have {event} now")


def replay(rules: Rules, log: Iterable[Event]) -> list[tuple[int, ...]]:
    """Decide everything again from a log.

    Returns:
        The batches.

    Raises:
        ValueError: The log holds a decision that does not follow from the events before it.
    """
    scheduler = Scheduler(rules)
    batches: list[tuple[int, ...]] = []
    due: list[Event] = []
    for event in log:
        if isinstance(event, Decided) and not (
            isinstance(event, Dropped) and event.reason == ENDED
        ):
            due = due or scheduler.decisions()
            _demand(bool(due) and due.pop(0) == event, event)
        scheduler.apply(event)
        if isinstance(event, Consumed):
            batches.append(event.samples)
    return batches
