"""The streaming rollout scheduler (SRS): which worker decodes which sample, and when.

It is a state machine over events. The life of a sample::

    submitted -> waiting -> running -> finished -> consumed | dropped
                    ^          |
                    +- preempted (keeps its tokens)

A step trains on N samples out of more than N in flight:

- in flight: O = N min(1 / srs_alpha, 1 + max_staleness) samples at the start of a step
- batch: N finished samples, ceil(srs_alpha N) of them drawn from the newest weights alone
- the other O - N samples continue in the next step; every token keeps its policy version and its
  log-probability
- staleness: policy versions between the oldest token of a sample and the batch that consumes it,
  at most max_staleness

So a step waits until the share srs_alpha of its samples has finished under the newest weights
(report 5.2, the batch completion reading). With srs_alpha = 1 it submits N samples and waits for
all of them. The next step starts with O - N old samples and N new ones, enough new ones to fill any
share: the wait always ends.

``Scheduler.decisions`` depends on earlier events alone, so a log of events can be replayed.
"""

from collections.abc import Iterable, Sequence

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
from seed.reference.rollouts.placement import placements
from seed.reference.rollouts.rules import Rules
from seed.reference.rollouts.schedule_state import Sample, ScheduleState


class Scheduler:
    """Rules, and the state that the events so far have led to.

    Formula: ``O = N min(1 / srs_alpha, 1 + max_staleness)`` in flight; a batch is N finished ones,
    ``ceil(srs_alpha N)`` of them on-policy.
    Source: report 5.2, the batch completion reading.
    """

    def __init__(self, rules: Rules, state: ScheduleState | None = None) -> None:
        self.rules = rules
        self.state = state or ScheduleState()

    def apply(self, event: Event) -> None:
        """Update the state by one event.

        Raises:
            ValueError: The event is impossible in this state.
        """
        state = self.state
        match event:
            case Submitted(atomic_group, numbers, prompt):
                is_new = not state.samples.keys() & set(numbers)
                _require(len(numbers) == self.rules.atomic_group and is_new, event)
                state.samples |= {n: Sample(n, atomic_group, prompt) for n in numbers}
                state.submitted += len(numbers)
            case Published(policy_version):
                _require(policy_version == state.newest + 1, event)
                state.newest = policy_version
            case Requested(size):
                is_whole = size > 0 and size % self.rules.atomic_group == 0
                _require(not state.wanted and is_whole, event)
                state.wanted = size
            case Scheduled(number, worker, policy_version):
                sample = state.samples[number]
                is_waiting = sample.worker < 0 and not sample.finished
                _require(is_waiting and worker not in state.lost_workers, event)
                sample.worker, sample.policy_version = worker, policy_version
                sample.kept = sample.tokens, sample.oldest, sample.newest
            case PreemptRequested(number):
                state.samples[number].preempt_requested = True
            case Advanced(numbers, tokens):
                for sample in (state.samples[number] for number in numbers):
                    _require(sample.worker >= 0, event)
                    sample.grow_to(sample.tokens + tokens)
            case Finished(number, tokens) | Preempted(number, tokens):
                sample = state.samples[number]
                _require(sample.worker >= 0 and tokens >= sample.tokens, event)
                sample.grow_to(tokens)
                sample.worker, sample.preempt_requested = -1, False
                sample.finished = isinstance(event, Finished)
            case WeightsUpdated(worker, policy_version):
                _require(policy_version <= state.newest, event)
                for sample in state.running(worker):
                    sample.policy_version = max(policy_version, sample.policy_version)
            case WorkerLost(worker):
                for sample in state.running(worker):
                    sample.tokens, sample.oldest, sample.newest = sample.kept
                    sample.worker, sample.preempt_requested = -1, False
                state.lost_workers.append(worker)
            case WorkerJoined(worker):
                state.lost_workers.remove(worker)
            case Dropped(number, _):
                _require(state.samples.pop(number).worker < 0, event)
                state.dropped += 1
            case Consumed(numbers):
                _require(len(numbers) == state.wanted, event)
                _require(all(state.samples[number].finished for number in numbers), event)
                for number in numbers:
                    del state.samples[number]
                state.wanted, state.consumed = 0, state.consumed + len(numbers)

    def prompts_needed(self) -> int:
        """Prompts to submit at the start of a step, with all samples of each."""
        return max(self.rules.in_flight - len(self.state.samples), 0) // self.rules.group

    def decisions(self) -> list[Event]:
        """Decisions that follow from the events so far, to be applied and executed in order.

        Drops come first, then the batch, then preemptions, then placements. An empty list means:
        wait for the next report.
        """
        stale = self.stale()
        occupied = {sample.atomic_group for sample in stale if sample.worker >= 0}
        if dropped := [sample.number for sample in stale if sample.atomic_group not in occupied]:
            return [Dropped(number, STALE) for number in dropped]
        if (batch := self.batch()) is not None:
            return [Consumed(batch)]
        to_preempt = dict.fromkeys(
            sample.number
            for sample in (*stale, *self.overflow())
            if sample.worker >= 0 and not sample.preempt_requested
        )
        if to_preempt:
            return [PreemptRequested(number) for number in to_preempt]
        return list(placements(self.rules, self.state))

    def tokens_drawn(self, event: Event) -> int:
        """Tokens that an event adds, before it is applied."""
        match event:
            case Advanced(numbers, tokens):
                return tokens * len(numbers)
            case Finished(number, tokens) | Preempted(number, tokens):
                return tokens - self.state.samples[number].tokens
            case _:
                return 0

    def stale(self) -> list[Sample]:
        """Samples over the staleness bound, and the rest of their atomic groups."""
        samples, bound = self.state.samples.values(), self.state.newest - self.rules.max_staleness
        over = {sample.atomic_group for sample in samples if 0 <= sample.oldest < bound}
        return [sample for sample in samples if sample.atomic_group in over] if over else []

    def batch(self) -> tuple[int, ...] | None:
        """The batch in order of submission, filled with the oldest samples first; None: wait."""
        state, rules, wanted = self.state, self.rules, self.state.wanted
        allowed_old = rules.allowed_old(wanted)
        # This runs at every decision, so a cheap count comes before grouping and sorting.
        finished = [s for s in state.samples.values() if s.finished] if wanted else []
        fresh_count = sum(not state.is_old(sample) for sample in finished)
        if not wanted or len(finished) < wanted or fresh_count < wanted - allowed_old:
            return None
        groups: dict[int, list[Sample]] = {}
        for sample in state.samples.values():
            groups.setdefault(sample.atomic_group, []).append(sample)
        ages = {number: max(map(state.age, group)) for number, group in groups.items()}
        old = [n for n in groups if 0 < ages[n] <= rules.max_staleness]
        old.sort(key=lambda number: min(map(state.rank, groups[number])))
        most_old = allowed_old // rules.atomic_group
        # Groups that would be over the bound in the next step.
        last_chance = [n for n in old if ages[n] == rules.max_staleness][:most_old]
        if rules.at_bound == "wait" and not all(_is_finished(groups[n]) for n in last_chance):
            return None
        chosen = [n for n in old if _is_finished(groups[n])][:most_old]
        fresh = [n for n in groups if ages[n] == 0 and _is_finished(groups[n])]
        chosen += fresh[: wanted // rules.atomic_group - len(chosen)]
        if len(chosen) * rules.atomic_group < wanted:
            return None
        return tuple(sorted(sample.number for n in chosen for sample in groups[n]))

    def overflow(self) -> list[Sample]:
        """Running samples that exceed the memory of their worker, lowest priority first."""
        leaving: list[Sample] = []
        for worker, spec in enumerate(self.rules.workers):
            if not spec.memory:
                continue
            here = [s for s in self.state.running(worker) if not s.preempt_requested]
            here.sort(key=self.state.rank)
            while len(here) > 1 and sum(sample.positions for sample in here) > spec.memory:
                leaving.append(here.pop())
        return leaving


def _is_finished(group: Sequence[Sample]) -> bool:
    return all(sample.finished for sample in group)


def _require(is_possible: bool, event: Event) -> None:
    if not is_possible:
        raise ValueError(f"the schedule cannot have {event} now")


def replay(rules: Rules, log: Iterable[Event]) -> list[tuple[int, ...]]:
    """Derive every decision of a log again.

    Returns:
        The batches.

    Raises:
        ValueError: A decision in the log does not follow from the events before it.
    """
    scheduler = Scheduler(rules)
    batches: list[tuple[int, ...]] = []
    expected: list[Event] = []
    for event in log:
        is_end = isinstance(event, Dropped) and event.reason == ENDED
        if isinstance(event, Decided) and not is_end:
            expected = expected or scheduler.decisions()
            _require(bool(expected) and expected.pop(0) == event, event)
        scheduler.apply(event)
        if isinstance(event, Consumed):
            batches.append(event.samples)
    return batches
