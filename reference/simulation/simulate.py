"""The streaming scheduler in virtual time: what a run would take on machines that nobody has bought
yet.

    k decode steps of a unit    k floor + s per drawn token       one forward pass reads all weights, whoever is in the slots
    entering slots together     a + r for each token of a text    prompt and tokens drawn so far; the whole unit waits
    training a batch            c + u per trained token           standalone units decode meanwhile, the others are empty
    publishing weights          p, and what standalone units hold is read again

A unit that runs samples of v versions makes v passes a step. Steps come in blocks, as in
``rollout.block_tokens``; whenever a unit is done with a block, all units look at the schedule, each
with the whole steps that it has done by then.

Everything that is decided is decided by ``reference.rollouts.scheduler`` through
``reference.rollouts.streaming``; here are only clocks.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from reference.rollouts.events import Admitted, Advanced, Event, Finished, Parked, Switched
from reference.rollouts.scheduler import Rules, Unit
from reference.rollouts.streaming import Books, Effort, Streaming, Told
from spec.datatypes import Finish, Problem, Request, Rollout
from spec.errors import Reason, SeedError

NOWHERE = Problem("simulated", "", 1, "", {}, "", "")
"""What simulated responses answer."""


@dataclass(frozen=True)
class Cost:
    """What things take, in seconds.

    Attributes:
        floor: One forward pass that draws a token for every slot, before any token is counted.
        token: For each token that it draws, on top.
        prefill: For each token read when a sample enters a slot; nothing cached outlives its slot.
        admit: One forward pass that reads what enters a unit at one look, before any token is
            counted.
        train: Training on one batch, before any token is counted.
        train_token: For each response token of the batch, on top.
        publish: Bringing new weights to the units; nothing is decoded meanwhile.
    """

    floor: float
    token: float = 0.0
    prefill: float = 0.0
    admit: float = 0.0
    train: float = 0.0
    train_token: float = 0.0
    publish: float = 0.0


@dataclass(frozen=True)
class Span:
    """Decoding of one unit between two looks at the schedule.

    Attributes:
        unit: Which.
        start, end: Seconds.
        fresh, old: Samples in its slots at the start: without and with tokens of older weights than
            the newest.
    """

    unit: int
    start: float
    end: float
    fresh: int
    old: int


@dataclass(frozen=True)
class Iteration:
    """One step of the trainer.

    Attributes:
        start: Seconds at which its weights were published.
        taken: Seconds at which it had its batch.
        end: Seconds at which it was trained: the start of the next.
        effort: What rollouts cost in it, those that standalone units decoded during the training
            included.
        trained: Response tokens of the batch.
    """

    start: float
    taken: float
    end: float
    effort: Effort
    trained: int


@dataclass(frozen=True)
class Outcome:
    """What a simulation saw.

    Attributes:
        rules: What the scheduler was told.
        iterations: Steps of the trainer.
        spans: What the units did.
        log: Every event; ``reference.rollouts.scheduler.replay`` decides it all again.
    """

    rules: Rules
    iterations: tuple[Iteration, ...]
    spans: tuple[Span, ...]
    log: tuple[Event, ...]

    @property
    def seconds(self) -> float:
        """Wall time of all iterations."""
        return self.iterations[-1].end

    @property
    def decode_steps(self) -> int:
        """Forward passes that drew tokens, over all units."""
        return sum(iteration.effort.decode_steps for iteration in self.iterations)


def simulate(
    rules: Rules, lengths: Sequence[int], cost: Cost, steps: int, prompt: int = 0, block: int = 1
) -> Outcome:
    """Run the scheduler for so many steps of the trainer.

    Args:
        rules: The scheduler's; ``reference.rollouts.streaming.rules_of`` has those of a run.
        lengths: Tokens of every response in the order of opening, each >= 1; begun anew when they
            run out.
        cost: What things take; a decode step must take some time.
        steps: Steps of the trainer, >= 1.
        prompt: Tokens of every prompt.
        block: Tokens that a slot decodes between two looks at the schedule, >= 1.

    Raises:
        SeedError: SCHEDULE_STUCK if no unit can run.
    """
    engine, log = SimulatedEngine(rules, cost, block), list[Event]()
    streaming = Streaming(rules, Books(), engine, log.append)
    iterations = []
    for version in range(steps):
        start, engine.effort = engine.clock, Effort()
        streaming.publish(version)
        streaming.listen(engine.load(version))
        first, count = streaming.scheduler.state.opened, streaming.openings() * rules.group
        numbers = range(first, first + count)
        batch = streaming.finish(
            [_request(number, prompt, lengths[number % len(lengths)]) for number in numbers]
        )
        taken, trained = engine.clock, sum(rollout.request.forced_length for rollout in batch)
        engine.deadline = taken + cost.train + cost.train_token * trained
        streaming.serve(lambda: engine.clock < engine.deadline)
        engine.deadline = math.inf
        iterations.append(Iteration(start, taken, engine.clock, engine.effort, trained))
    return Outcome(rules, tuple(iterations), tuple(engine.spans), tuple(log))


def _request(number: int, prompt: int, length: int) -> Request:
    return Request(NOWHERE, (0,) * prompt, 0, number, forced_length=length)


@dataclass
class SimulatedUnit:
    """A unit at work.

    Attributes:
        plan: What the scheduler knows of it.
        ready: Seconds at which it can go on decoding.
        steps: Decode steps so far.
        ends: Version -> sample -> the step after which it ends.
    """

    plan: Unit
    ready: float = 0.0
    steps: int = 0
    ends: dict[int, dict[int, int]] = field(default_factory=dict)

    @property
    def held(self) -> list[int]:
        """Samples in its slots."""
        return [sample for group in self.ends.values() for sample in group]

    def longest(self, steps: int) -> list[int]:
        """For each version, passes that so many steps take: fewer where all of them end sooner."""
        return [min(steps, max(group.values()) - self.steps) for group in self.ends.values()]

    def duration(self, steps: int, cost: Cost) -> float:
        """Seconds of so many steps; a sample that ends in between costs nothing from then on."""
        tokens = sum(
            min(end - self.steps, steps) for group in self.ends.values() for end in group.values()
        )
        return cost.floor * sum(self.longest(steps)) + cost.token * tokens

    def remove(self, sample: int) -> int:
        """Empty the slot of a sample; tokens that it still lacks."""
        for version, group in self.ends.items():
            if sample in group:
                left = group.pop(sample) - self.steps
                if not group:
                    del self.ends[version]
                return left
        raise KeyError(sample)


class SimulatedEngine:
    """Units with a clock instead of weights; fulfils ``reference.rollouts.streaming.Engine``.

    Attributes:
        clock: Seconds since the start.
        deadline: Seconds at which the trainer is done, where it trains.
        born: Publication of the first token of every sample that is not finished.
        lacking: Tokens that a sample outside of slots still lacks.
    """

    def __init__(self, rules: Rules, cost: Cost, block: int) -> None:
        self.rules, self.cost, self.block = rules, cost, block
        self.clock, self.deadline, self.newest = 0.0, math.inf, -1
        self.effort = Effort()
        self.units = [SimulatedUnit(plan) for plan in rules.units]
        self.place: dict[int, SimulatedUnit] = {}
        self.asked: dict[int, Request] = {}
        self.lacking: dict[int, int] = {}
        self.born: dict[int, int] = {}
        self.recalled: set[int] = set()
        self.spans: list[Span] = []

    def admit(self, decisions: Sequence[Admitted], pool: dict[int, Rollout]) -> None:
        """Put samples into slots; their unit reads what there is of them first, in one pass for
        each version.
        """
        passes = {(decision.unit, decision.version) for decision in decisions}
        for decision in decisions:
            unit, request = self.units[decision.unit], pool[decision.sample].request
            left = self.lacking.pop(decision.sample, request.forced_length)
            if not unit.ends:
                unit.ready = max(unit.ready, self.clock)
            if (decision.unit, decision.version) in passes:
                passes.remove((decision.unit, decision.version))
                unit.ready += self.cost.admit
            unit.ready += self.cost.prefill * (
                len(request.prompt_tokens) + request.forced_length - left
            )
            unit.ends.setdefault(decision.version, {})[decision.sample] = unit.steps + left
            self.place[decision.sample], self.asked[decision.sample] = unit, request
            if left == request.forced_length:
                self.born[decision.sample] = decision.version

    def recall(self, numbers: Sequence[int]) -> None:
        """Remember whom to give back."""
        self.recalled |= set(numbers)

    def wait(self) -> list[Told]:
        """Give back what was recalled, or else decode until a unit has done a block or the trainer
        is done.
        """
        if self.recalled:
            leaving, self.recalled = sorted(self.recalled & self.place.keys()), set()
            return self._park(leaving)
        looks = [
            unit.ready + unit.duration(self.block, self.cost) for unit in self.units if unit.ends
        ]
        look = min([*looks, self.deadline])
        if look == math.inf:
            raise SeedError(
                Reason.SCHEDULE_STUCK,
                "no sample is running and none may start: the schedule cannot go on",
            )
        self.clock = max(self.clock, look)
        return [
            told
            for number, unit in enumerate(self.units)
            if unit.ends
            for told in self._decode(number, unit)
        ]

    def pause(self) -> list[Told]:
        """Units beside the trainer give back all they hold."""
        return self._park(
            sorted(s for unit in self.units if not unit.plan.standalone for s in unit.held)
        )

    def load(self, version: int) -> list[Told]:
        """Bring new weights to all units; those that go on with what they hold read it again.

        Where samples are continued with their snapshot, a unit keeps what it holds as it is.
        """
        self.newest, told = version, list[Told]()
        for number, unit in enumerate(self.units):
            unit.ready = max(unit.ready, self.clock) + self.cost.publish
            if unit.plan.standalone and self.rules.continue_with == "newest":
                merged = {
                    sample: end for group in unit.ends.values() for sample, end in group.items()
                }
                held = sum(self._tokens(sample, end - unit.steps) for sample, end in merged.items())
                unit.ready += self.cost.admit * bool(merged) + self.cost.prefill * held
                unit.ends = {version: merged} if merged else {}
                self.born |= {
                    s: version
                    for s, end in merged.items()
                    if end - unit.steps == self.asked[s].forced_length
                }
                told.append((Switched(number, version), []))
        return told

    def _decode(self, number: int, unit: SimulatedUnit) -> list[Told]:
        """Whole steps of a unit up to now."""
        steps, end = self.block, unit.ready + unit.duration(self.block, self.cost)
        if end > self.clock:
            steps = bisect_right(
                range(1, steps), self.clock, key=lambda k: unit.ready + unit.duration(k, self.cost)
            )
            end = unit.ready + unit.duration(steps, self.cost)
        passes, held = unit.longest(steps), unit.held
        if not (steps := max(passes)):
            return []
        old = sum(self.born[sample] < self.newest for sample in held)
        self.spans.append(Span(number, unit.ready, end, len(held) - old, old))
        self.effort.decode_steps += sum(passes)
        self.effort.offered += steps * unit.plan.slots
        unit.ready, unit.steps = end, unit.steps + steps
        ended = {
            sample
            for group in unit.ends.values()
            for sample, last in group.items()
            if last <= unit.steps
        }
        told = self._leave(Finished, sorted(ended))
        return [*told, (Advanced(tuple(sorted(unit.held)), steps), [])]

    def _park(self, leaving: Sequence[int]) -> list[Told]:
        return self._leave(Parked, leaving)

    def _leave(self, kind: type[Finished] | type[Parked], leaving: Collection[int]) -> list[Told]:
        """Empty the slots of samples."""
        told: list[Told] = []
        for sample in leaving:
            unit, request = self.place.pop(sample), self.asked[sample]
            left = max(unit.remove(sample), 0)
            if kind is Parked:
                self.lacking[sample] = left
            told.append(
                (
                    kind(sample, request.forced_length - left),
                    [Rollout(request, (), (), (), Finish.UNFINISHED)],
                )
            )
        return told

    def _tokens(self, sample: int, left: int) -> int:
        """Tokens in the cache for a sample that lacks so many."""
        return len(self.asked[sample].prompt_tokens) + self.asked[sample].forced_length - left
