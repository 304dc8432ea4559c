"""From requests to finished rollouts through the scheduler: the books of a run, and the units of
one program.

    requests -> Opened, Requested -> decisions (schedule.py) -> units decode -> Taken -> rollouts of
    mixed versions

``Streaming`` owns the log and the pool of partial rollouts; an ``Engine`` owns the units. Between
two steps no unit beside the trainer holds anything: what is unfinished lies in the pool, so a
checkpoint has it all, and no cached prefix outlives the weights that it was read with (field law
P21).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from reference.rollouts.events import (
    ENDED,
    Admitted,
    Advanced,
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
    Taken,
)
from reference.rollouts.scheduler import Rules, Scheduler, ScheduleState, Unit
from spec.backend import Backend
from spec.backend import Unit as DecodingUnit
from spec.config import Config
from spec.datatypes import Request, Rollout, Sampling, unanswered
from spec.errors import Reason, SeedError

State = TypeVar("State")
Told = tuple[Event, list[Rollout]]
"""An event of the world, and the rollouts as they are after it."""


@dataclass
class Books:
    """What a run must remember of its rollouts between two steps; plain values for a checkpoint.

    Attributes:
        schedule: State of the scheduler.
        pool: Rollouts under way by sample number, with everything sampled so far.
        version: Version of the policy's weights at the newest publication.
    """

    schedule: ScheduleState = field(default_factory=ScheduleState)
    pool: dict[int, Rollout] = field(default_factory=dict)
    version: int = -1


@dataclass
class Effort:
    """What a step's rollouts cost.

    Attributes:
        decode_steps: Forward passes that drew a token.
        tokens: Tokens drawn.
        offered: Slots that could have drawn one, over all forward passes.
        evicted: Samples given up.
        ages: Staleness of every sample taken.
    """

    decode_steps: int = 0
    tokens: int = 0
    offered: int = 0
    evicted: int = 0
    ages: list[int] = field(default_factory=list)


class Engine(Protocol):
    """Units at work. Samples are known by their numbers."""

    effort: Effort

    def admit(self, decisions: Sequence[Admitted], pool: dict[int, Rollout]) -> None:
        """Put samples into slots."""
        ...

    def recall(self, numbers: Sequence[int]) -> None:
        """Ask for samples back."""
        ...

    def wait(self) -> list[Told]:
        """Decode until something has happened."""
        ...

    def pause(self) -> list[Told]:
        """The trainer needs its processors: units beside it give back all they hold."""
        ...


class Streaming:
    """The scheduler in motion."""

    def __init__(
        self,
        rules: Rules,
        books: Books,
        engine: Engine,
        note: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """Go on from what the books say.

        Args:
            rules: The scheduler's.
            books: Updated in place.
            engine: Where samples are decoded.
            note: Told every event, for the log.
        """
        self.scheduler, self.books, self.engine, self.note = (
            Scheduler(rules, books.schedule),
            books,
            engine,
            note,
        )

    def publish(self, version: int) -> int:
        """Say that the newest weights are of this version; the same version again is no news.

        Returns:
            The number of the newest publication.
        """
        if version != self.books.version:
            self.books.version = version
            self.happen(Published(self.scheduler.state.newest + 1))
        return self.scheduler.state.newest

    def openings(self) -> int:
        """Prompts that the next ``finish`` should bring."""
        return self.scheduler.openings()

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Open samples and wait for a batch.

        Args:
            requests: One per new sample, groups one after the other; as many prompts as
                ``openings`` says.

        Returns:
            The finished rollouts of a batch, in the order of opening.
        """
        rules, state, pool = self.scheduler.rules, self.scheduler.state, self.books.pool
        for start in range(0, len(requests), rules.bundle):
            numbers = tuple(state.opened + place for place in range(rules.bundle))
            bundle = requests[start : start + rules.bundle]
            pool |= {
                number: unanswered(request) for number, request in zip(numbers, bundle, strict=True)
            }
            self.happen(Opened(numbers[0], numbers, len(bundle[0].prompt_tokens)))
        self.happen(Requested(rules.batch))
        batch = self.wait_for_batch()
        self.listen(self.engine.pause())
        return [pool.pop(number) for number in batch]

    def wait_for_batch(self) -> tuple[int, ...]:
        """Carry out decisions and listen to the units until the trainer has what it wants."""
        while True:
            decisions = self.decide()
            if decisions and isinstance(decisions[0], Taken):
                return decisions[0].samples
            if not decisions:
                self.listen(self.engine.wait())

    def serve(self, training: Callable[[], bool]) -> None:
        """Keep the units that run beside a busy trainer at work.

        Args:
            training: Whether the trainer is still busy.
        """
        while training():
            if not self.decide():
                self.listen(self.engine.wait())

    def decide(self) -> list[Event]:
        """Carry out what follows from the events so far."""
        decisions = self.scheduler.decisions()
        for decision in decisions:
            if isinstance(decision, Taken):
                samples = self.scheduler.state.samples
                self.engine.effort.ages += [
                    self.scheduler.age(samples[number]) for number in decision.samples
                ]
            if isinstance(decision, Evicted):
                del self.books.pool[decision.sample]
                self.engine.effort.evicted += 1
            self.happen(decision)
        self.engine.admit([d for d in decisions if isinstance(d, Admitted)], self.books.pool)
        self.engine.recall([d.sample for d in decisions if isinstance(d, Recalled)])
        return decisions

    def listen(self, news: Sequence[Told]) -> None:
        """Take note of what units tell."""
        for event, rollouts in news:
            if isinstance(event, Finished | Parked):
                self.books.pool[event.sample] = rollouts[0]
            self.happen(event)

    def close(self) -> None:
        """The run is over: give up what is still under way, by name."""
        for sample in list(self.scheduler.state.samples.values()):
            del self.books.pool[sample.number]
            if sample.unit >= 0:
                self.happen(Parked(sample.number, sample.tokens))
            self.happen(Evicted(sample.number, ENDED))

    def forget_units(self) -> None:
        """After a kill: what ran on standalone units starts again from what the pool has of it."""
        for unit in sorted(
            {sample.unit for sample in self.scheduler.state.samples.values() if sample.unit >= 0}
        ):
            self.happen(Lost(unit))
        for unit in list(self.scheduler.state.lost):
            self.happen(Joined(unit))

    def happen(self, event: Event) -> None:
        """Apply an event and write it down."""
        self.engine.effort.tokens += self.scheduler.drawn(event)
        self.scheduler.apply(event)
        self.note(event)


def rules_of(config: Config) -> Rules:
    """The scheduler's rules for a run: unit 0 beside the trainer, then the standalone ones."""
    rollout, parallel = config.rollout, config.parallel
    batch = rollout.prompts * rollout.samples_per_prompt
    beside = Unit(parallel.rollout_slots or batch, rollout.cache_tokens)
    standalone = Unit(parallel.unit_slots or beside.slots, rollout.cache_tokens, standalone=True)
    return Rules(
        alpha=rollout.srs_alpha,
        batch=batch,
        group=rollout.samples_per_prompt,
        bundle=rollout.samples_per_prompt if config.needs_whole_groups else 1,
        max_staleness=rollout.max_staleness,
        at_bound=rollout.at_staleness_bound,
        continue_with=rollout.continue_with,
        units=(beside, *[standalone] * parallel.units),
    )


class LocalEngine(Generic[State]):
    """One unit beside the trainer, in the same program: it decodes while the trainer waits, a block
    of tokens at a time.

    Attributes:
        publications: States by publication: the newest, and the snapshots that samples may be
            continued with.
        units: The house's unit for each publication that something runs with; together they fill
            the slots of unit 0.
    """

    def __init__(
        self, backend: Backend[State], config: Config, sampling: Sampling, slots: int
    ) -> None:
        self.backend, self.config, self.sampling, self.slots = backend, config, sampling, slots
        self.effort = Effort()
        self.publications: dict[int, State] = {}
        self.units: dict[int, DecodingUnit] = {}
        self.numbers: dict[Request, int] = {}
        self.recalled: set[int] = set()

    def admit(self, decisions: Sequence[Admitted], pool: dict[int, Rollout]) -> None:
        """Put samples into slots of the unit that has their version."""
        for version in sorted({decision.version for decision in decisions}):
            if version not in self.units:
                state = self.publications[version]
                self.units[version] = self.backend.unit(
                    state, self.config, self.slots, self.sampling, "rollout"
                )
            entering = [decision.sample for decision in decisions if decision.version == version]
            self.numbers |= {pool[number].request: number for number in entering}
            self.units[version].admit([pool[number] for number in entering])

    @property
    def busy(self) -> bool:
        """Whether anything is in a slot."""
        return any(unit.running for unit in self.units.values())

    def recall(self, numbers: Sequence[int]) -> None:
        """Remember whom to give back."""
        self.recalled |= set(numbers)

    def wait(self) -> list[Told]:
        """Give back what was recalled, or else decode a block."""
        if self.recalled:
            wanted, self.recalled = self.recalled, set()
            chosen = {request for request, number in self.numbers.items() if number in wanted}
            return self._told(
                Parked,
                [rollout for unit in self.units.values() for rollout in unit.release(chosen)],
            )
        steps, busy = (
            self.config.rollout.block_tokens,
            [unit for unit in self.units.values() if unit.running],
        )
        if not busy:
            raise SeedError(
                Reason.SCHEDULE_STUCK,
                "no sample is running and none may start: the schedule cannot go on",
            )
        self.effort.decode_steps += steps * len(busy)
        self.effort.offered += steps * self.slots
        finished = [rollout for unit in busy for rollout in unit.advance(steps)]
        told = self._told(Finished, finished)
        return [*told, (Advanced(tuple(sorted(self.numbers.values())), steps), [])]

    def pause(self) -> list[Told]:
        """Empty all slots; the caches go with the weights that filled them."""
        partial = [rollout for unit in self.units.values() for rollout in unit.release(None)]
        self.units.clear()
        return self._told(Parked, partial)

    def _told(self, kind: type[Finished] | type[Parked], rollouts: Sequence[Rollout]) -> list[Told]:
        """What became of samples that leave their slots, in the order of opening: houses may tell
        it in another one.
        """
        left = sorted(
            ((self.numbers.pop(r.request), r) for r in rollouts), key=lambda pair: pair[0]
        )
        return [(kind(number, len(rollout.response_tokens)), [rollout]) for number, rollout in left]
