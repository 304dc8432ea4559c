"""Rollout workers with clocks instead of weights: the engine of the simulation.

Cost of what happens:

    k decode steps                  k floor + token for each token drawn
    samples that enter slots        admit + prefill for each token read, prompt and response so far
    new weights                     publish, then remote workers read again what they hold

A worker with samples of v policy versions makes v forward passes per step. Steps come in blocks, as
in ``rollout.block_tokens``. Whenever a worker completes a block, all workers report the whole steps
that they have completed by then, and the scheduler decides.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seed.reference.rollouts.engine import EventReport, RolloutStats, schedule_stuck
from seed.reference.rollouts.events import Advanced, Finished, Preempted, Scheduled, WeightsUpdated
from seed.reference.rollouts.rules import Rules, WorkerSpec
from seed.spec.datatypes import Finish, Request, Rollout


@dataclass(frozen=True)
class Cost:
    """Duration of everything that is simulated, in seconds.

    Attributes:
        floor: A forward pass that draws one token for every slot: reading the weights.
        token: Each token that it draws, on top.
        prefill: Each token read when a sample enters a slot; a cache does not outlive its slot.
        admit: A forward pass that reads the samples which enter a worker together.
        train: Training on one batch, before any token is counted.
        train_token: Each response token of the batch, on top.
        publish: Sending new weights to the workers; nothing is decoded meanwhile.
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
    """Decoding of one worker between two reports.

    Attributes:
        worker: Its number.
        start: Seconds.
        end: Seconds.
        fresh: Samples in its slots at the start without tokens of older policy versions.
        old: Samples in its slots at the start with such tokens.
    """

    worker: int
    start: float
    end: float
    fresh: int
    old: int


@dataclass
class SimulatedWorker:
    """One worker and its slots.

    A sample draws one token per step, so the step at which it ends is its whole state.

    Attributes:
        spec: Slots and kind of the worker.
        ready: Seconds at which it can continue decoding.
        steps: Decode steps so far.
        ends: Policy version -> sample -> the step after which the sample ends.
    """

    spec: WorkerSpec
    ready: float = 0.0
    steps: int = 0
    ends: dict[int, dict[int, int]] = field(default_factory=dict)

    @property
    def samples(self) -> dict[int, int]:
        """Samples in its slots -> the step after which they end."""
        return {sample: end for ends in self.ends.values() for sample, end in ends.items()}

    def passes(self, steps: int) -> list[int]:
        """Forward passes of each policy version in ``steps`` steps, until all its samples end."""
        return [min(steps, max(ends.values()) - self.steps) for ends in self.ends.values()]

    def after(self, steps: int, cost: Cost) -> float:
        """Seconds at which ``steps`` more steps are done; ended samples cost nothing more."""
        tokens = sum(min(end - self.steps, steps) for end in self.samples.values())
        return self.ready + (cost.floor * sum(self.passes(steps)) + cost.token * tokens)

    def remove(self, sample: int) -> int:
        """Empty the slot of a sample.

        Returns:
            Tokens that the sample still lacks.
        """
        version = next(version for version, ends in self.ends.items() if sample in ends)
        end = self.ends[version].pop(sample)
        if not self.ends[version]:
            del self.ends[version]
        # A sample that ended within the last block has an end before the worker's present step.
        return max(end - self.steps, 0)


class SimulatedEngine:
    """All workers and one clock; implements ``reference.rollouts.engine.Engine``.

    Attributes:
        clock: Seconds since the start.
        training_end: Seconds at which the trainer is done; infinite while it waits for a batch.
        newest: Newest policy version.
        stats: Cost of the current iteration.
        spans: Everything that was decoded.
        worker_of: Worker of each sample in a slot.
        requests: Request of each sample in a slot; ``forced_length`` is the response's length.
        lacking: Tokens that a preempted sample still lacks.
        first_version: Policy version of the first token of every sample.
        preempt_requested: Samples to give back.
    """

    def __init__(self, rules: Rules, cost: Cost, block: int) -> None:
        self.rules, self.cost, self.block = rules, cost, block
        self.clock, self.training_end, self.newest = 0.0, math.inf, -1
        self.stats = RolloutStats()
        self.workers = [SimulatedWorker(spec) for spec in rules.workers]
        self.spans: list[Span] = []
        self.worker_of: dict[int, SimulatedWorker] = {}
        self.requests: dict[int, Request] = {}
        self.lacking: dict[int, int] = {}
        self.first_version: dict[int, int] = {}
        self.preempt_requested: set[int] = set()

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        """Put samples into slots; one pass per worker and policy version reads their tokens."""
        has_pass: set[tuple[int, int]] = set()
        for decision in decisions:
            sample, version = decision.sample, decision.policy_version
            worker, request = self.workers[decision.worker], pool[sample].request
            lacking = self.lacking.pop(sample, request.forced_length)
            if not worker.ends:  # it was idle until now
                worker.ready = max(worker.ready, self.clock)
            if (decision.worker, version) not in has_pass:
                has_pass.add((decision.worker, version))
                worker.ready += self.cost.admit
            self.worker_of[sample], self.requests[sample] = worker, request
            worker.ready += self.cost.prefill * self._tokens(sample, lacking)
            worker.ends.setdefault(version, {})[sample] = worker.steps + lacking
            if lacking == request.forced_length:
                self.first_version[sample] = version

    def preempt(self, numbers: Sequence[int]) -> None:
        """Preempt samples at the next ``wait``; those that have finished are ignored there."""
        self.preempt_requested |= set(numbers)

    def wait(self) -> list[EventReport]:
        """Preempt what was requested, or else decode to the next block end or the training end.

        Raises:
            SeedError: SCHEDULE_STUCK if all slots are empty and the trainer waits.
        """
        if self.preempt_requested:
            preempted = self.preempt_requested & self.worker_of.keys()
            self.preempt_requested = set()
            return self._leave(Preempted, preempted)
        busy = [(number, worker) for number, worker in enumerate(self.workers) if worker.ends]
        block_ends = [worker.after(self.block, self.cost) for _, worker in busy]
        following = min([*block_ends, self.training_end])
        if following == math.inf:
            raise schedule_stuck()
        self.clock = max(self.clock, following)
        return [report for number, worker in busy for report in self._decode(number, worker)]

    def pause(self) -> list[EventReport]:
        """Empty the slots of colocated workers: the trainer needs their processors."""
        colocated = [worker for worker in self.workers if not worker.spec.remote]
        return self._leave(Preempted, [s for worker in colocated for s in worker.samples])

    def load(self, policy_version: int) -> list[EventReport]:
        """Send new weights to all workers.

        Colocated workers are empty. Remote workers continue what they hold: with the new weights
        after reading it again, or with its snapshot as it is.
        """
        self.newest, reports = policy_version, list[EventReport]()
        for number, worker in enumerate(self.workers):
            worker.ready = max(worker.ready, self.clock) + self.cost.publish
            if worker.spec.remote and self.rules.continue_with == "newest":
                samples = worker.samples
                lacking = {sample: end - worker.steps for sample, end in samples.items()}
                tokens = sum(self._tokens(sample, count) for sample, count in lacking.items())
                worker.ready += self.cost.admit * bool(samples) + self.cost.prefill * tokens
                worker.ends = {policy_version: samples} if samples else {}
                for sample, count in lacking.items():
                    if count == self.requests[sample].forced_length:
                        self.first_version[sample] = policy_version
                reports.append((WeightsUpdated(number, policy_version), []))
        return reports

    def _decode(self, number: int, worker: SimulatedWorker) -> list[EventReport]:
        """Advance a worker by the whole steps that it completes by now, at most a block."""
        steps = self.block
        if worker.after(steps, self.cost) > self.clock:
            # The number of step counts k = 1, 2, ... whose end has come.
            counts = range(1, steps)
            steps = bisect_right(counts, self.clock, key=lambda k: worker.after(k, self.cost))
        end, passes, samples = worker.after(steps, self.cost), worker.passes(steps), worker.samples
        steps = max(passes)  # fewer where all samples end before
        if not steps:
            return []
        old = sum(self.first_version[sample] < self.newest for sample in samples)
        self.spans.append(Span(number, worker.ready, end, len(samples) - old, old))
        self.stats.decode_steps += sum(passes)
        self.stats.offered += steps * worker.spec.slots
        worker.ready, worker.steps = end, worker.steps + steps
        finished = [sample for sample, last in samples.items() if last <= worker.steps]
        reports = self._leave(Finished, finished)
        return [*reports, (Advanced(tuple(sorted(worker.samples)), steps), [])]

    def _leave(
        self, kind: type[Finished] | type[Preempted], samples: Iterable[int]
    ) -> list[EventReport]:
        """Empty the slots of samples and report them by number."""
        reports: list[EventReport] = []
        for sample in sorted(samples):
            request, lacking = self.requests[sample], self.worker_of.pop(sample).remove(sample)
            if kind is Preempted:
                self.lacking[sample] = lacking
            rollout = Rollout(request, (), (), (), Finish.UNFINISHED)
            reports.append((kind(sample, request.forced_length - lacking), [rollout]))
        return reports

    def _tokens(self, sample: int, lacking: int) -> int:
        """Tokens in the cache for a sample that lacks ``lacking`` tokens: prompt and response."""
        request = self.requests[sample]
        return len(request.prompt_tokens) + request.forced_length - lacking
