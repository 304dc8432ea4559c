"""The streaming scheduler in virtual time: what a run would take on machines that nobody has bought
yet.

    k decode steps of a worker    k floor + s per drawn token       one forward pass reads all weights, whoever is in the slots
    entering slots together     a + r for each token of a text    prompt and tokens drawn so far; the whole worker waits
    training a batch            c + u per trained token           standalone workers decode meanwhile, the others are empty
    publishing weights          p, and what standalone workers hold is read again

A worker that runs samples of v versions makes v passes a step. Steps come in blocks, as in
``rollout.block_tokens``; whenever a worker is done with a block, all workers look at the schedule, each
with the whole steps that it has done by then.

Everything that is decided is decided by ``reference.rollouts.scheduler`` through
``reference.rollouts.streaming``; here are only clocks.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from seed.reference.rollouts.events import (
    Advanced,
    Event,
    Finished,
    Preempted,
    Scheduled,
    WeightsUpdated,
)
from seed.reference.rollouts.scheduler import Rules, WorkerSpec
from seed.reference.rollouts.streaming import EventReport, RolloutState, RolloutStats, Streaming
from seed.spec.datatypes import Finish, Problem, Request, Rollout
from seed.spec.errors import Reason, SeedError

NOWHERE = Problem("simulated", "", 1, "", {}, "", "")
"""What simulated responses answer."""


@dataclass(frozen=True)
class Cost:
    """What things take, in seconds.

    Attributes:
        floor: One forward pass that draws a token for every slot, before any token is counted.
        token: For each token that it draws, on top.
        prefill: For each token read when a sample enters a slot; nothing cached outlives its slot.
        admit: One forward pass that reads what enters a worker at one look, before any token is
            counted.
        train: Training on one batch, before any token is counted.
        train_token: For each response token of the batch, on top.
        publish: Bringing new weights to the workers; nothing is decoded meanwhile.
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
    """Decoding of one worker between two looks at the schedule.

    Attributes:
        worker: Which.
        start, end: Seconds.
        fresh, old: Samples in its slots at the start: without and with tokens of older weights than
            the newest.
    """

    worker: int
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
        stats: What rollouts cost in it, those that standalone workers decoded during the training
            included.
        trained: Response tokens of the batch.
    """

    start: float
    taken: float
    end: float
    stats: RolloutStats
    trained: int


@dataclass(frozen=True)
class Outcome:
    """What a simulation saw.

    Attributes:
        rules: What the scheduler was reports.
        iterations: Steps of the trainer.
        spans: What the workers did.
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
        """Forward passes that drew tokens, over all workers."""
        return sum(iteration.stats.decode_steps for iteration in self.iterations)


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
        SeedError: SCHEDULE_STUCK if no worker can run.
    """
    engine, log = SimulatedEngine(rules, cost, block), list[Event]()
    streaming = Streaming(rules, RolloutState(), engine, log.append)
    iterations = []
    for policy_version in range(steps):
        start, engine.stats = engine.clock, RolloutStats()
        streaming.publish(policy_version)
        streaming.handle(engine.load(policy_version))
        first, count = streaming.scheduler.state.submitted, streaming.prompts_needed() * rules.group
        numbers = range(first, first + count)
        batch = streaming.finish(
            [_request(number, prompt, lengths[number % len(lengths)]) for number in numbers]
        )
        taken, trained = engine.clock, sum(rollout.request.forced_length for rollout in batch)
        engine.deadline = taken + cost.train + cost.train_token * trained
        streaming.serve(lambda: engine.clock < engine.deadline)
        engine.deadline = math.inf
        iterations.append(Iteration(start, taken, engine.clock, engine.stats, trained))
    return Outcome(rules, tuple(iterations), tuple(engine.spans), tuple(log))


def _request(number: int, prompt: int, length: int) -> Request:
    return Request(NOWHERE, (0,) * prompt, 0, number, forced_length=length)


@dataclass
class SimulatedWorker:
    """A worker at work.

    Attributes:
        plan: What the scheduler knows of it.
        ready: Seconds at which it can go on decoding.
        steps: Decode steps so far.
        ends: Version -> sample -> the step after which it ends.
    """

    plan: WorkerSpec
    ready: float = 0.0
    steps: int = 0
    ends: dict[int, dict[int, int]] = field(default_factory=dict)

    @property
    def held(self) -> list[int]:
        """Samples in its slots."""
        return [sample for group in self.ends.values() for sample in group]

    def longest(self, steps: int) -> list[int]:
        """For each policy_version, passes that so many steps take: fewer where all of them end sooner."""
        return [min(steps, max(group.values()) - self.steps) for group in self.ends.values()]

    def duration(self, steps: int, cost: Cost) -> float:
        """Seconds of so many steps; a sample that ends in between costs nothing from then on."""
        tokens = sum(
            min(end - self.steps, steps) for group in self.ends.values() for end in group.values()
        )
        return cost.floor * sum(self.longest(steps)) + cost.token * tokens

    def remove(self, sample: int) -> int:
        """Empty the slot of a sample; tokens that it still lacks."""
        for policy_version, group in self.ends.items():
            if sample in group:
                left = group.pop(sample) - self.steps
                if not group:
                    del self.ends[policy_version]
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
        self.stats = RolloutStats()
        self.workers = [SimulatedWorker(plan) for plan in rules.workers]
        self.place: dict[int, SimulatedWorker] = {}
        self.asked: dict[int, Request] = {}
        self.lacking: dict[int, int] = {}
        self.born: dict[int, int] = {}
        self.preempt_requested: set[int] = set()
        self.spans: list[Span] = []

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots; their worker reads what there is of them first, in one pass for
        each policy_version.
        """
        passes = {(decision.worker, decision.policy_version) for decision in decisions}
        for decision in decisions:
            worker, request = self.workers[decision.worker], pool[decision.sample].request
            left = self.lacking.pop(decision.sample, request.forced_length)
            if not worker.ends:
                worker.ready = max(worker.ready, self.clock)
            if (decision.worker, decision.policy_version) in passes:
                passes.remove((decision.worker, decision.policy_version))
                worker.ready += self.cost.admit
            worker.ready += self.cost.prefill * (
                len(request.prompt_tokens) + request.forced_length - left
            )
            worker.ends.setdefault(decision.policy_version, {})[decision.sample] = (
                worker.steps + left
            )
            self.place[decision.sample], self.asked[decision.sample] = worker, request
            if left == request.forced_length:
                self.born[decision.sample] = decision.policy_version

    def preempt(self, numbers: Sequence[int]) -> None:
        """Remember whom to give back."""
        self.preempt_requested |= set(numbers)

    def wait(self) -> list[EventReport]:
        """Give back what was preempt_requested, or else decode until a worker has done a block or the trainer
        is done.
        """
        if self.preempt_requested:
            leaving, self.preempt_requested = (
                sorted(self.preempt_requested & self.place.keys()),
                set(),
            )
            return self._park(leaving)
        looks = [
            worker.ready + worker.duration(self.block, self.cost)
            for worker in self.workers
            if worker.ends
        ]
        look = min([*looks, self.deadline])
        if look == math.inf:
            raise SeedError(
                Reason.SCHEDULE_STUCK,
                "no sample is running and none may start: the schedule cannot go on",
            )
        self.clock = max(self.clock, look)
        return [
            reports
            for number, worker in enumerate(self.workers)
            if worker.ends
            for reports in self._decode(number, worker)
        ]

    def pause(self) -> list[EventReport]:
        """Units beside the trainer give back all they hold."""
        return self._park(
            sorted(s for worker in self.workers if not worker.plan.standalone for s in worker.held)
        )

    def load(self, policy_version: int) -> list[EventReport]:
        """Bring new weights to all workers; those that go on with what they hold read it again.

        Where samples are continued with their snapshot, a worker keeps what it holds as it is.
        """
        self.newest, reports = policy_version, list[EventReport]()
        for number, worker in enumerate(self.workers):
            worker.ready = max(worker.ready, self.clock) + self.cost.publish
            if worker.plan.standalone and self.rules.continue_with == "newest":
                merged = {
                    sample: end for group in worker.ends.values() for sample, end in group.items()
                }
                held = sum(
                    self._tokens(sample, end - worker.steps) for sample, end in merged.items()
                )
                worker.ready += self.cost.admit * bool(merged) + self.cost.prefill * held
                worker.ends = {policy_version: merged} if merged else {}
                self.born |= {
                    s: policy_version
                    for s, end in merged.items()
                    if end - worker.steps == self.asked[s].forced_length
                }
                reports.append((WeightsUpdated(number, policy_version), []))
        return reports

    def _decode(self, number: int, worker: SimulatedWorker) -> list[EventReport]:
        """Whole steps of a worker up to now."""
        steps, end = self.block, worker.ready + worker.duration(self.block, self.cost)
        if end > self.clock:
            steps = bisect_right(
                range(1, steps),
                self.clock,
                key=lambda k: worker.ready + worker.duration(k, self.cost),
            )
            end = worker.ready + worker.duration(steps, self.cost)
        passes, held = worker.longest(steps), worker.held
        if not (steps := max(passes)):
            return []
        old = sum(self.born[sample] < self.newest for sample in held)
        self.spans.append(Span(number, worker.ready, end, len(held) - old, old))
        self.stats.decode_steps += sum(passes)
        self.stats.offered += steps * worker.plan.slots
        worker.ready, worker.steps = end, worker.steps + steps
        ended = {
            sample
            for group in worker.ends.values()
            for sample, last in group.items()
            if last <= worker.steps
        }
        reports = self._leave(Finished, sorted(ended))
        return [*reports, (Advanced(tuple(sorted(worker.held)), steps), [])]

    def _park(self, leaving: Sequence[int]) -> list[EventReport]:
        return self._leave(Preempted, leaving)

    def _leave(
        self, kind: type[Finished] | type[Preempted], leaving: Collection[int]
    ) -> list[EventReport]:
        """Empty the slots of samples."""
        reports: list[EventReport] = []
        for sample in leaving:
            worker, request = self.place.pop(sample), self.asked[sample]
            left = max(worker.remove(sample), 0)
            if kind is Preempted:
                self.lacking[sample] = left
            reports.append(
                (
                    kind(sample, request.forced_length - left),
                    [Rollout(request, (), (), (), Finish.UNFINISHED)],
                )
            )
        return reports

    def _tokens(self, sample: int, left: int) -> int:
        """Tokens in the cache for a sample that lacks so many."""
        return len(self.asked[sample].prompt_tokens) + self.asked[sample].forced_length - left
