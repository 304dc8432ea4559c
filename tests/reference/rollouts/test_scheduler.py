"""Properties of the streaming scheduler, with workers that act and fail in random order."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from seed.reference.rollouts.engine import EventReport, RolloutStats
from seed.reference.rollouts.events import (
    ENDED,
    STALE,
    Advanced,
    Consumed,
    Dropped,
    Event,
    Finished,
    Preempted,
    Published,
    Requested,
    Scheduled,
    Submitted,
    WeightsUpdated,
    WorkerLost,
    event_of,
    line_of,
)
from seed.reference.rollouts.placement import placements
from seed.reference.rollouts.rules import Rules, WorkerSpec
from seed.reference.rollouts.schedule_state import ScheduleState
from seed.reference.rollouts.scheduler import Scheduler, replay
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.spec.datatypes import Finish, Problem, Request, Rollout

MANY = settings(max_examples=120)
BATCHES = 6


class RandomEngine:
    """Workers that report in random order; a token encodes its policy version and its position."""

    def __init__(self, rules: Rules, seed: int, failures: bool) -> None:
        self.rules, self.random, self.failures = rules, np.random.default_rng(seed), failures
        self.stats = RolloutStats()
        self.running: dict[int, tuple[int, int, Rollout]] = {}
        self.preempt_requested: set[int] = set()
        self.newest = 0
        self.lost: set[int] = set()

    def length(self, number: int) -> int:
        """Response length of a sample, heavy-tailed."""
        return 1 + int(np.random.default_rng(number).lognormal(1.0, 1.2))

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        for decision in decisions:
            assert decision.worker not in self.lost and decision.sample not in self.running
            self.running[decision.sample] = (
                decision.worker,
                decision.policy_version,
                pool[decision.sample],
            )

    def preempt(self, numbers: Sequence[int]) -> None:
        self.preempt_requested |= set(numbers)

    def wait(self) -> list[EventReport]:
        busy = sorted({worker for worker, _, _ in self.running.values()})
        assert busy, "nothing runs and nothing is decided: the schedule is stuck"
        worker = int(self.random.choice(busy))
        remote = self.rules.workers[worker].remote
        if self.failures and remote and self.random.random() < 0.05:
            self.lost.add(worker)
            self.running = {number: run for number, run in self.running.items() if run[0] != worker}
            return [(WorkerLost(worker), [])]
        if remote and self.random.random() < 0.3 and self.rules.continue_with == "newest":
            for number, (runs_on, _, rollout) in self.running.items():
                if runs_on == worker:
                    self.running[number] = runs_on, self.newest, rollout
            return [(WeightsUpdated(worker, self.newest), [])]
        if leaving := [n for n in self.on(worker) if n in self.preempt_requested]:
            self.preempt_requested -= set(leaving)
            return [self.leave(Preempted, number) for number in leaving]
        return self.decode(worker, int(self.random.integers(1, 4)))

    def decode(self, worker: int, steps: int) -> list[EventReport]:
        reports: list[EventReport] = []
        for number in self.on(worker):
            _, version, rollout = self.running[number]
            length = min(self.length(number), len(rollout.response_tokens) + steps)
            self.running[number] = worker, version, grown(rollout, length, version)
            if length == self.length(number):
                reports.append(self.leave(Finished, number))
        return [*reports, (Advanced(tuple(self.on(worker)), steps), [])]

    def pause(self) -> list[EventReport]:
        colocated = [w for w, spec in enumerate(self.rules.workers) if not spec.remote]
        leaving = [n for n, (worker, _, _) in self.running.items() if worker in colocated]
        return [self.leave(Preempted, number) for number in leaving]

    def on(self, worker: int) -> list[int]:
        return [number for number, run in self.running.items() if run[0] == worker]

    def leave(self, kind: type[Finished] | type[Preempted], number: int) -> EventReport:
        _, _, rollout = self.running.pop(number)
        return kind(number, len(rollout.response_tokens)), [rollout]


def grown(rollout: Rollout, length: int, version: int) -> Rollout:
    """The rollout with more tokens, all of one policy version, up to a length."""
    new = range(len(rollout.response_tokens), length)
    return replace(
        rollout,
        response_tokens=rollout.response_tokens + tuple(1000 * version + at for at in new),
        log_probs=rollout.log_probs + (-float(version),) * len(new),
        weight_versions=rollout.weight_versions + (version,) * len(new),
        finish=Finish.EOS,
    )


@st.composite
def all_rules(draw: st.DrawFn) -> Rules:
    """Any rules that a configuration may have."""
    group = draw(st.integers(1, 3))
    workers = tuple(
        WorkerSpec(draw(st.integers(1, 6)), draw(st.sampled_from([0, 0, 12, 40])), remote)
        for remote in (False, *draw(st.lists(st.just(True), max_size=2)))
    )
    return Rules(
        alpha=draw(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.75, 0.9, 1.0])),
        batch=group * draw(st.integers(1, 4)),
        group=group,
        atomic_group=draw(st.sampled_from([1, group])),
        max_staleness=draw(st.integers(0, 4)),
        at_bound=draw(st.sampled_from(["wait", "drop"])),
        continue_with=draw(st.sampled_from(["newest", "snapshot"])),
        workers=workers,
    )


def request(number: int) -> Request:
    """A request for a problem of its own."""
    return Request(Problem(f"p{number}", "", 1, "", {}, "", ""), (1, 2), 0, number)


def streamed(
    rules: Rules, seed: int, failures: bool = True
) -> tuple[list[Event], list[list[Rollout]]]:
    """The log of a run of some batches, and the batches."""
    log: list[Event] = []
    rollout_state, engine = RolloutState(), RandomEngine(rules, seed, failures)
    streaming = Streaming(rules, rollout_state, engine, log.append)
    batches = []
    for version in range(BATCHES):
        engine.newest = version
        streaming.publish(version)
        first = rollout_state.schedule.submitted
        count = rules.group * streaming.prompts_needed()
        batches.append(streaming.finish([request(first + number) for number in range(count)]))
    for number in list(engine.running):
        streaming.handle([engine.leave(Preempted, number)])
    streaming.close()
    assert not rollout_state.pool and not rollout_state.schedule.samples
    return log, batches


def placed_by(scheduler: Scheduler) -> list[tuple[int, int]]:
    """Sample and worker of each placement."""
    decisions = placements(scheduler.rules, scheduler.state)
    return [(decision.sample, decision.worker) for decision in decisions]


SEEDS = st.integers(0, 10_000)


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_every_sample_is_consumed_or_dropped_once(rules: Rules, seed: int) -> None:
    log, batches = streamed(rules, seed)
    submitted = [n for event in log if isinstance(event, Submitted) for n in event.samples]
    consumed = [n for event in log if isinstance(event, Consumed) for n in event.samples]
    dropped = [event.sample for event in log if isinstance(event, Dropped)]
    assert sorted(consumed + dropped) == submitted
    assert {event.reason for event in log if isinstance(event, Dropped)} <= {STALE, ENDED}
    assert [len(batch) for batch in batches] == [rules.batch] * BATCHES


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_every_batch_is_on_policy_and_fresh_enough(rules: Rules, seed: int) -> None:
    _, batches = streamed(rules, seed)
    for newest, batch in enumerate(batches):
        ages = [newest - min(rollout.weight_versions) for rollout in batch]
        assert sum(age == 0 for age in ages) >= rules.alpha * rules.batch - 1e-9
        assert max(ages) <= rules.max_staleness


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_p21_tokens_never_change_and_policy_versions_never_fall(rules: Rules, seed: int) -> None:
    _, batches = streamed(rules, seed)
    for rollout in (rollout for batch in batches for rollout in batch):
        versions = list(rollout.weight_versions)
        assert versions == sorted(versions)
        assert rollout.response_tokens == tuple(
            1000 * version + position for position, version in enumerate(versions)
        )
        assert rollout.log_probs == tuple(-float(version) for version in versions)
        assert rules.continue_with == "newest" or len(set(versions)) == 1


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_a_log_written_and_read_replays_to_the_same_batches(rules: Rules, seed: int) -> None:
    log, _ = streamed(rules, seed)
    restored = [event_of(json.loads(json.dumps(line_of(event)))) for event in log]
    assert restored == log
    assert replay(rules, restored) == [
        event.samples for event in log if isinstance(event, Consumed)
    ]


@given(rules=all_rules(), seed=SEEDS, cut=st.floats(0.0, 1.0))
@MANY
def test_p23_a_schedule_restored_at_any_event_continues_the_same(
    rules: Rules, seed: int, cut: float
) -> None:
    log, _ = streamed(rules, seed)
    position = int(cut * len(log))
    adapter = TypeAdapter(ScheduleState)
    whole = Scheduler(rules)
    for event in log[:position]:
        whole.apply(event)
    resumed = Scheduler(rules, adapter.validate_json(adapter.dump_json(whole.state)))
    assert resumed.state == whole.state
    for event in log[position:]:
        assert resumed.decisions() == whole.decisions()
        resumed.apply(event)
        whole.apply(event)
    assert adapter.dump_json(resumed.state) == adapter.dump_json(whole.state)


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_no_sample_starves(rules: Rules, seed: int) -> None:
    log, _ = streamed(rules, seed)
    patience = -(-rules.in_flight // rules.batch) + rules.max_staleness + 1
    submitted: dict[int, int] = {}
    batches = 0
    for event in log:
        if isinstance(event, Submitted):
            submitted |= dict.fromkeys(event.samples, batches)
        elif isinstance(event, Consumed):
            batches += 1
            assert all(batches - submitted.pop(number) <= patience for number in event.samples)
            assert all(batches - since <= patience for since in submitted.values())
        elif isinstance(event, Dropped):
            del submitted[event.sample]


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_no_worker_exceeds_its_slots_or_its_memory(rules: Rules, seed: int) -> None:
    log, _ = streamed(rules, seed)
    scheduler = Scheduler(rules)
    for event in log:
        scheduler.apply(event)
        for number, worker in enumerate(rules.workers):
            here = scheduler.state.running(number)
            assert len(here) <= worker.slots
            scheduled_here = isinstance(event, Scheduled) and event.worker == number
            if scheduled_here and worker.memory and len(here) > 1:
                assert sum(sample.prompt + sample.tokens for sample in here) <= worker.memory


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_alpha_1_is_synchronous(rules: Rules, seed: int) -> None:
    _, batches = streamed(replace(rules, alpha=1.0), seed)
    for step, batch in enumerate(batches):
        numbers = [rollout.request.draw for rollout in batch]
        assert numbers == list(range(step * rules.batch, (step + 1) * rules.batch))
        assert {version for rollout in batch for version in rollout.weight_versions} == {step}


def test_older_samples_are_scheduled_first_then_longer_ones() -> None:
    rules = Rules(0.5, 2, 1, 1, 8, "wait", "newest", (WorkerSpec(4),))
    scheduler = Scheduler(rules)
    events: list[Event] = [Published(0), *(Submitted(n, (n,), 3) for n in range(4)), Requested(2)]
    events += [Scheduled(n, 0, 0) for n in range(3)]
    events += [Advanced((0, 1, 2), 2), Preempted(0, 2), Preempted(1, 5), Preempted(2, 2)]
    events += [Published(1), Scheduled(3, 0, 1), Preempted(3, 1), Published(2)]
    for event in events:
        scheduler.apply(event)
    assert [sample for sample, _ in placed_by(scheduler)] == [1, 0, 2, 3]


def test_samples_go_where_the_cache_holds_least_per_slot_and_old_ones_to_remote_workers() -> None:
    workers = (WorkerSpec(4), WorkerSpec(2, remote=True), WorkerSpec(4, remote=True))
    scheduler = Scheduler(Rules(0.5, 8, 1, 1, 8, "wait", "newest", workers))
    events: list[Event] = [Published(0), *(Submitted(n, (n,), 3) for n in range(8)), Requested(8)]
    for event in events:
        scheduler.apply(event)
    assert [worker for _, worker in placed_by(scheduler)] == [0, 1, 2, 0, 2, 0, 1, 2]
    events = [Scheduled(0, 0, 0), Scheduled(1, 0, 0), Advanced((0, 1), 5)]
    events += [Preempted(0, 5), Preempted(1, 5), Published(1)]
    for event in events:
        scheduler.apply(event)
    expected = [(0, 1), (1, 2), (2, 0), (3, 0), (4, 0), (5, 2), (6, 0), (7, 2)]
    assert placed_by(scheduler) == expected


def test_samples_of_a_lost_worker_return_to_their_state_at_scheduling() -> None:
    rules = Rules(0.5, 2, 1, 1, 8, "wait", "newest", (WorkerSpec(4), WorkerSpec(4, remote=True)))
    scheduler = Scheduler(rules)
    events: list[Event] = [Published(0), Submitted(0, (0,), 3), Scheduled(0, 1, 0)]
    events += [
        Advanced((0,), 2),
        Preempted(0, 2),
        Published(1),
        Scheduled(0, 1, 1),
        Advanced((0,), 7),
        WorkerLost(1),
    ]
    for event in events:
        scheduler.apply(event)
    sample = scheduler.state.samples[0]
    assert (sample.tokens, sample.oldest, sample.newest, sample.worker) == (2, 0, 0, -1)
    with pytest.raises(ValueError, match="cannot have"):
        scheduler.apply(Scheduled(0, 1, 1))


def test_an_impossible_event_is_an_error() -> None:
    rules = Rules(0.5, 2, 1, 1, 8, "wait", "newest", (WorkerSpec(4),))
    for impossible in (Published(3), Consumed((0, 1)), Requested(0)):
        with pytest.raises(ValueError, match="cannot have"):
            Scheduler(rules).apply(impossible)


def test_a_log_with_a_wrong_decision_does_not_replay() -> None:
    rules = Rules(0.5, 1, 1, 1, 8, "wait", "newest", (WorkerSpec(1),))
    log: list[Event] = [Published(0), Submitted(0, (0,), 3), Submitted(1, (1,), 3)]
    log += [Requested(1), Scheduled(1, 0, 0)]
    with pytest.raises(ValueError, match="cannot have"):
        replay(rules, log)
