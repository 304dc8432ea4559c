"""Who decodes what, where and when: the streaming rollout scheduler (SRS) as a state machine over
events.

    opened -> waiting -> running -> (parked: waiting again, with what it has) ... -> finished ->
    taken | evicted

A step takes the N samples it trains on out of more than N that are under way:

    under way   O = N min(1 / srs_alpha, 1 + max_staleness)         opened at the start of a step, up to this many
    batch       N finished samples, ceil(srs_alpha N) of them drawn from the newest weights alone      ends the wait
    the rest    O - N samples keep their prefix, the version and the log-probability of every token    go on in the next step
    staleness   publications between a sample's oldest token and the batch that takes it, <= max_staleness

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

from reference.rollouts.events import (
    ENDED,
    STALE,
    Admitted,
    Advanced,
    Decided,
    Event,
    Evicted,
    Finished,
    Joined,
    Lost,
    Opened,
    Parked,
    Published,
    Recalled,
    Requested,
    Switched,
    Taken,
)


@dataclass(frozen=True)
class Unit:
    """Where samples can run.

    Attributes:
        slots: Samples decoded side by side.
        memory: Positions that its cache can hold over all slots, 0 = no limit.
        standalone: Runs while the trainer trains; a unit that is not shares the trainer's
            processors.
    """

    slots: int
    memory: int = 0
    standalone: bool = False


@dataclass(frozen=True)
class Rules:
    """What the scheduler is told once.

    Attributes:
        alpha: srs_alpha, share of a batch that must be drawn from the newest weights alone, in [0,
            1].
        batch: Samples of a batch, N.
        group: Samples of a prompt, opened together; divides ``batch``.
        bundle: Samples that a batch takes together: 1, or ``group`` where statistics of whole
            groups are needed.
        max_staleness: Publications by which the oldest token of a trained sample may lag, >= 0.
        at_bound: What happens to a sample that would exceed it in the next step: the batch waits
            for it, or it is evicted.
        continue_with: Weights that a parked sample is continued with: the newest, or those of its
            own snapshot.
        units: Where samples can run.
    """

    alpha: float
    batch: int
    group: int
    bundle: int
    max_staleness: int
    at_bound: Literal["wait", "evict"]
    continue_with: Literal["newest", "snapshot"]
    units: tuple[Unit, ...]

    @property
    def under_way(self) -> int:
        """Samples under way at the start of a step, O: whole groups."""
        factor = min(1.0 / self.alpha if self.alpha else math.inf, 1.0 + self.max_staleness)
        return self.group * math.ceil(round(self.batch * factor / self.group, 9))

    def allowed_old(self, size: int) -> int:
        """Most samples of a batch that may hold tokens of older weights."""
        return size - math.ceil(round(self.alpha * size, 9))

    def slots_for_old(self, unit: Unit) -> int:
        """Slots of a unit beside the trainer that old samples may have while fresh ones wait."""
        return unit.slots - math.floor(self.alpha * unit.slots)


@dataclass
class Sample:
    """One sample under way.

    Attributes:
        number: Order of opening.
        bundle: Samples of the same number are taken together.
        prompt: Tokens of the prompt.
        tokens: Tokens drawn, as far as reported.
        oldest, newest: Publication that the first and the last token were drawn from; -1 without
            tokens.
        unit: Where it runs, -1 if it does not.
        version: Publication it runs with.
        recalled: Whether its unit was asked to give it back.
        finished: Whether it has ended.
        kept: ``(tokens, oldest, newest)`` when it was admitted: what is left if its unit dies.
    """

    number: int
    bundle: int
    prompt: int
    tokens: int = 0
    oldest: int = -1
    newest: int = -1
    unit: int = -1
    version: int = -1
    recalled: bool = False
    finished: bool = False
    kept: tuple[int, int, int] = (0, -1, -1)

    def draw(self, tokens: int) -> None:
        """Take note that the sample has so many tokens now; new ones are of the version it runs
        with.
        """
        if tokens > self.tokens:
            self.tokens, self.newest = tokens, self.version
            self.oldest = self.version if self.oldest < 0 else self.oldest


@dataclass
class ScheduleState:
    """Everything that decisions depend on; plain values.

    Attributes:
        newest: Number of the newest publication, -1 before the first.
        wanted: Samples that the trainer waits for, 0 if it does not wait.
        samples: Samples under way by number.
        lost: Units that died.
        opened, taken, evicted: Samples so far.
    """

    newest: int = -1
    wanted: int = 0
    samples: dict[int, Sample] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)
    opened: int = 0
    taken: int = 0
    evicted: int = 0


class Scheduler:
    """Rules, and the state that the events so far have led to."""

    def __init__(self, rules: Rules, state: ScheduleState | None = None) -> None:
        self.rules = rules
        self.state = state or ScheduleState()

    # What happened

    def apply(self, event: Event) -> None:
        """Move on by one event.

        Raises:
            ValueError: The event cannot happen now.
        """
        state = self.state
        match event:
            case Opened(bundle, numbers, prompt):
                _demand(
                    len(numbers) == self.rules.bundle and not state.samples.keys() & set(numbers),
                    event,
                )
                state.samples |= {number: Sample(number, bundle, prompt) for number in numbers}
                state.opened += len(numbers)
            case Published(version):
                _demand(version == state.newest + 1, event)
                state.newest = version
            case Requested(size):
                _demand(not state.wanted and size > 0 and size % self.rules.bundle == 0, event)
                state.wanted = size
            case Admitted(number, unit, version):
                sample = state.samples[number]
                _demand(sample.unit < 0 and not sample.finished and unit not in state.lost, event)
                sample.unit, sample.version = unit, version
                sample.kept = sample.tokens, sample.oldest, sample.newest
            case Recalled(number):
                state.samples[number].recalled = True
            case Advanced(numbers, tokens):
                for sample in (state.samples[number] for number in numbers):
                    _demand(sample.unit >= 0, event)
                    sample.draw(sample.tokens + tokens)
            case Finished(number, tokens) | Parked(number, tokens):
                sample = state.samples[number]
                _demand(sample.unit >= 0 and tokens >= sample.tokens, event)
                sample.draw(tokens)
                sample.unit, sample.recalled, sample.finished = (
                    -1,
                    False,
                    isinstance(event, Finished),
                )
            case Switched(unit, version):
                _demand(version <= state.newest, event)
                for sample in self.running(unit):
                    sample.version = max(version, sample.version)
            case Lost(unit):
                for sample in self.running(unit):
                    sample.tokens, sample.oldest, sample.newest = sample.kept
                    sample.unit, sample.recalled = -1, False
                state.lost.append(unit)
            case Joined(unit):
                state.lost.remove(unit)
            case Evicted(number, _):
                _demand(state.samples.pop(number).unit < 0, event)
                state.evicted += 1
            case Taken(numbers):
                _demand(
                    len(numbers) == state.wanted
                    and all(state.samples[n].finished for n in numbers),
                    event,
                )
                for number in numbers:
                    del state.samples[number]
                state.wanted, state.taken = 0, state.taken + len(numbers)

    # What to do now

    def openings(self) -> int:
        """Prompts to open at the start of a step, all samples of each."""
        return max(self.rules.under_way - len(self.state.samples), 0) // self.rules.group

    def decisions(self) -> list[Event]:
        """What follows from the events so far, to be applied and carried out in this order; empty:
        wait for the world.
        """
        stale = self.stale()
        held = {sample.bundle for sample in stale if sample.unit >= 0}
        if evicted := [sample.number for sample in stale if sample.bundle not in held]:
            return [Evicted(number, STALE) for number in evicted]
        if (batch := self.batch()) is not None:
            return [Taken(batch)]
        leaving = [
            sample
            for sample in (*stale, *self.overflow())
            if sample.unit >= 0 and not sample.recalled
        ]
        if leaving:
            return [
                Recalled(number) for number in dict.fromkeys(sample.number for sample in leaving)
            ]
        return list(self.placements())

    def drawn(self, event: Event) -> int:
        """Tokens that an event which is about to happen brings."""
        match event:
            case Advanced(numbers, tokens):
                return tokens * len(numbers)
            case Finished(number, tokens) | Parked(number, tokens):
                return tokens - self.state.samples[number].tokens
            case _:
                return 0

    def running(self, unit: int) -> list[Sample]:
        """Samples in the slots of a unit."""
        return [sample for sample in self.state.samples.values() if sample.unit == unit]

    def age(self, sample: Sample) -> int:
        """Publications since the sample's oldest token."""
        return self.state.newest - sample.oldest if sample.oldest >= 0 else 0

    def is_old(self, sample: Sample) -> bool:
        """Whether some of its tokens are of older weights than the newest."""
        return 0 <= sample.oldest < self.state.newest

    def stale(self) -> list[Sample]:
        """Samples that no batch may take any more, and what shares a bundle with them."""
        youngest = self.state.newest - self.rules.max_staleness
        over = {s.bundle for s in self.state.samples.values() if 0 <= s.oldest < youngest}
        return [s for s in self.state.samples.values() if s.bundle in over] if over else []

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
        bundles: dict[int, list[Sample]] = {}
        for sample in state.samples.values():
            bundles.setdefault(sample.bundle, []).append(sample)
        ages = {number: max(map(self.age, bundle)) for number, bundle in bundles.items()}
        old = [
            bundle
            for number, bundle in bundles.items()
            if 0 < ages[number] <= self.rules.max_staleness
        ]
        old.sort(key=self._bundle_rank)
        places = self.rules.allowed_old(wanted) // self.rules.bundle
        last_chance = [
            bundle for bundle in old if ages[bundle[0].bundle] == self.rules.max_staleness
        ]
        if self.rules.at_bound == "wait" and not all(map(_whole, last_chance[:places])):
            return None
        chosen = [bundle for bundle in old if _whole(bundle)][:places]
        fresh = [
            bundle for number, bundle in bundles.items() if _whole(bundle) and ages[number] == 0
        ]
        chosen += fresh[: wanted // self.rules.bundle - len(chosen)]
        if len(chosen) * self.rules.bundle < wanted:
            return None
        return tuple(sorted(sample.number for bundle in chosen for sample in bundle))

    def overflow(self) -> list[Sample]:
        """Running samples that must leave so that the rest fits the memory of their unit, last in
        line first.
        """
        leaving: list[Sample] = []
        for unit, plan in enumerate(self.rules.units):
            here = (
                sorted((s for s in self.running(unit) if not s.recalled), key=self._rank)
                if plan.memory
                else []
            )
            while len(here) > 1 and sum(map(_size, here)) > plan.memory:
                leaving.append(here.pop())
        return leaving

    def placements(self) -> Iterable[Admitted]:
        """Who enters which free slot.

        Each goes where the cache holds least for each slot, since a unit reads all of that again
        when weights come; old samples to a standalone unit as long as one has a free slot. A unit
        beside the trainer keeps the share srs_alpha of its slots for fresh samples as long as one
        waits, and the rest for old ones: both kinds are needed to fill a batch. Among old samples
        the one with the oldest token goes first, then the longest; among fresh ones the first
        opened. Who does not fit into the memory holds up all behind it. So nobody is passed for
        ever: whoever waits longer is ahead of all who came later.
        """
        plans = {
            unit: plan
            for unit, plan in enumerate(self.rules.units)
            if plan.standalone or self.state.wanted
        }
        running = {unit: self.running(unit) for unit in plans if unit not in self.state.lost}
        if all(len(here) >= plans[unit].slots for unit, here in running.items()):
            return
        seats = [
            _Seats(unit, plans[unit], len(here), sum(map(_size, here)), sum(map(self.is_old, here)))
            for unit, here in running.items()
        ]
        waiting = [s for s in self.state.samples.values() if s.unit < 0 and not s.finished]
        old = sorted((s for s in waiting if self.is_old(s)), key=self._rank, reverse=True)
        fresh = sorted((s for s in waiting if not self.is_old(s)), key=_number, reverse=True)
        while old or fresh:
            free = [unit for unit in seats if unit.count < unit.plan.slots]
            for_old = [unit for unit in free if unit.plan.standalone]
            for_old = for_old or [
                unit for unit in free if not fresh or unit.old < self.rules.slots_for_old(unit.plan)
            ]
            line, choice = (old, for_old) if old and for_old else (fresh, free)
            fitting = [unit for unit in choice if line and unit.fits(line[-1])]
            if not fitting:
                return
            sample, unit = line.pop(), min(fitting, key=_Seats.load)
            unit.take(sample, is_old=line is old)
            yield Admitted(sample.number, unit.number, self.version_for(sample))

    def version_for(self, sample: Sample) -> int:
        """The publication that a sample is continued with."""
        snapshot = self.rules.continue_with == "snapshot" and sample.tokens > 0
        return sample.newest if snapshot else self.state.newest

    def _rank(self, sample: Sample) -> tuple[int, int, int]:
        """Place in line: oldest token, then most tokens, then order of opening."""
        return (-self.age(sample), -sample.tokens if self.is_old(sample) else 0, sample.number)

    def _bundle_rank(self, bundle: Sequence[Sample]) -> tuple[int, int, int]:
        return min(map(self._rank, bundle))


@dataclass
class _Seats:
    """A unit while samples are placed.

    Attributes:
        number, plan: Which, and what it can.
        count, held, old: Its samples, their positions, and how many of them are old.
    """

    number: int
    plan: Unit
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


def _whole(bundle: Sequence[Sample]) -> bool:
    return all(sample.finished for sample in bundle)


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
            isinstance(event, Evicted) and event.reason == ENDED
        ):
            due = due or scheduler.decisions()
            _demand(bool(due) and due.pop(0) == event, event)
        scheduler.apply(event)
        if isinstance(event, Taken):
            batches.append(event.samples)
    return batches
