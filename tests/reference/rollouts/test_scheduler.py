"""Laws of the streaming scheduler, in worlds whose workers decode, switch versions, forget and die in
random order.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

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
from seed.reference.rollouts.scheduler import Rules, Scheduler, ScheduleState, WorkerSpec, replay
from seed.reference.rollouts.streaming import EventReport, RolloutState, RolloutStats, Streaming
from seed.spec.datatypes import Finish, Problem, Request, Rollout

MANY = settings(max_examples=120)
BATCHES = 6


class RandomWorld:
    """Units that send what they like in any order; a token says who drew it: version and place."""

    def __init__(self, rules: Rules, seed: int, deaths: bool) -> None:
        self.rules, self.random, self.deaths = rules, np.random.default_rng(seed), deaths
        self.stats = RolloutStats()
        self.running: dict[int, tuple[int, int, Rollout]] = {}
        self.preempt_requested: set[int] = set()
        self.newest = 0
        self.dead: set[int] = set()

    def length(self, number: int) -> int:
        """Heavy-tailed, the same whoever asks."""
        return 1 + int(np.random.default_rng(number).lognormal(1.0, 1.2))

    def start(self, decisions: Sequence[Scheduled], pool: dict[int, Rollout]) -> None:
        for decision in decisions:
            assert decision.worker not in self.dead and decision.sample not in self.running
            self.running[decision.sample] = (
                decision.worker,
                decision.policy_version,
                pool[decision.sample],
            )

    def preempt(self, numbers: Sequence[int]) -> None:
        self.preempt_requested |= set(numbers)

    def wait(self) -> list[EventReport]:
        busy = sorted({worker for worker, _, _ in self.running.values()})
        assert busy, "nobody runs and nothing is decided: the schedule is stuck"
        worker = int(self.random.choice(busy))
        standalone = self.rules.workers[worker].standalone
        if self.deaths and standalone and self.random.random() < 0.05:
            self.dead.add(worker)
            self.running = {number: run for number, run in self.running.items() if run[0] != worker}
            return [(WorkerLost(worker), [])]
        if standalone and self.random.random() < 0.3 and self.rules.continue_with == "newest":
            for number, (where, _, rollout) in self.running.items():
                if where == worker:
                    self.running[number] = where, self.newest, rollout
            return [(WeightsUpdated(worker, self.newest), [])]
        if back := [
            number
            for number, run in self.running.items()
            if run[0] == worker and number in self.preempt_requested
        ]:
            self.preempt_requested -= set(back)
            return [self.leave(Preempted, number) for number in back]
        return self.decode(worker, int(self.random.integers(1, 4)))

    def decode(self, worker: int, steps: int) -> list[EventReport]:
        reports: list[EventReport] = []
        for number, (where, version, rollout) in list(self.running.items()):
            if where == worker:
                length = min(self.length(number), len(rollout.response_tokens) + steps)
                self.running[number] = where, version, grown(rollout, length, version)
                if length == self.length(number):
                    reports.append(self.leave(Finished, number))
        return [
            *reports,
            (
                Advanced(
                    tuple(number for number, run in self.running.items() if run[0] == worker), steps
                ),
                [],
            ),
        ]

    def pause(self) -> list[EventReport]:
        return [
            self.leave(Preempted, number)
            for number in list(self.running)
            if not self.standalone(number)
        ]

    def standalone(self, number: int) -> bool:
        return self.rules.workers[self.running[number][0]].standalone

    def leave(self, kind: type[Finished] | type[Preempted], number: int) -> EventReport:
        _, _, rollout = self.running.pop(number)
        return kind(number, len(rollout.response_tokens)), [rollout]


def grown(rollout: Rollout, length: int, version: int) -> Rollout:
    """More tokens of one version behind those that are there."""
    new = range(len(rollout.response_tokens), length)
    return replace(
        rollout,
        response_tokens=(*rollout.response_tokens, *(1000 * version + place for place in new)),
        log_probs=(*rollout.log_probs, *(-float(version) for _ in new)),
        weight_versions=(*rollout.weight_versions, *(version for _ in new)),
        finish=Finish.EOS,
    )


@st.composite
def all_rules(draw: st.DrawFn) -> Rules:
    """Any rules that a configuration can lead to."""
    group = draw(st.integers(1, 3))
    workers = tuple(
        WorkerSpec(draw(st.integers(1, 6)), draw(st.sampled_from([0, 0, 12, 40])), standalone)
        for standalone in (False, *draw(st.lists(st.just(True), max_size=2)))
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
    """Answer ``number`` to a problem of its own."""
    return Request(Problem(f"p{number}", "", 1, "", {}, "", ""), (1, 2), 0, number)


def lived(rules: Rules, seed: int, deaths: bool = True) -> tuple[list[Event], list[list[Rollout]]]:
    """The log of a life of some batches, and the batches."""
    log: list[Event] = []
    rollout_state, world = RolloutState(), RandomWorld(rules, seed, deaths)
    streaming = Streaming(rules, rollout_state, world, log.append)
    batches = []
    for version in range(BATCHES):
        world.newest = version
        streaming.publish(version)
        first = rollout_state.schedule.submitted
        opened = rules.group * streaming.prompts_needed()
        batches.append(streaming.finish([request(first + place) for place in range(opened)]))
    for number in list(world.running):
        streaming.handle([world.leave(Preempted, number)])
    streaming.close()
    assert not rollout_state.pool and not rollout_state.schedule.samples
    return log, batches


SEEDS = st.integers(0, 10_000)


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_every_sample_ends_once_trained_or_evicted_with_a_reason(rules: Rules, seed: int) -> None:
    log, batches = lived(rules, seed)
    opened = [number for event in log if isinstance(event, Submitted) for number in event.samples]
    taken = [number for event in log if isinstance(event, Consumed) for number in event.samples]
    dropped = [event.sample for event in log if isinstance(event, Dropped)]
    assert sorted(taken + dropped) == opened
    assert {event.reason for event in log if isinstance(event, Dropped)} <= {STALE, ENDED}
    assert [len(batch) for batch in batches] == [rules.batch] * BATCHES


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_every_batch_is_on_policy_and_fresh_enough(rules: Rules, seed: int) -> None:
    _, batches = lived(rules, seed)
    for newest, batch in enumerate(batches):
        ages = [newest - min(rollout.weight_versions) for rollout in batch]
        assert sum(age == 0 for age in ages) >= rules.alpha * rules.batch - 1e-9
        assert max(ages) <= rules.max_staleness


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_p21_no_token_changes_after_the_fact_and_versions_only_rise(
    rules: Rules, seed: int
) -> None:
    _, batches = lived(rules, seed)
    for rollout in (rollout for batch in batches for rollout in batch):
        versions = list(rollout.weight_versions)
        assert versions == sorted(versions)
        assert rollout.response_tokens == tuple(
            1000 * version + place for place, version in enumerate(versions)
        )
        assert rollout.log_probs == tuple(-float(version) for version in versions)
        assert rules.continue_with == "newest" or len(set(versions)) == 1


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_a_log_replays_to_the_same_batches_also_from_its_lines(rules: Rules, seed: int) -> None:
    log, _ = lived(rules, seed)
    again = [event_of(json.loads(json.dumps(line_of(event)))) for event in log]
    assert again == log
    assert replay(rules, again) == [event.samples for event in log if isinstance(event, Consumed)]


@given(rules=all_rules(), seed=SEEDS, cut=st.floats(0.0, 1.0))
@MANY
def test_p23_killed_at_any_event_the_schedule_goes_on_as_if_nothing_had_happened(
    rules: Rules, seed: int, cut: float
) -> None:
    log, _ = lived(rules, seed)
    place = int(cut * len(log))
    adapter = TypeAdapter(ScheduleState)
    before, whole = Scheduler(rules), Scheduler(rules)
    for event in log[:place]:
        before.apply(event)
        whole.apply(event)
    resumed = Scheduler(rules, adapter.validate_json(adapter.dump_json(before.state)))
    assert resumed.state == whole.state
    for event in log[place:]:
        assert resumed.decisions() == whole.decisions()
        resumed.apply(event)
        whole.apply(event)
    assert adapter.dump_json(resumed.state) == adapter.dump_json(whole.state)


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_nobody_starves(rules: Rules, seed: int) -> None:
    log, _ = lived(rules, seed)
    patience = -(-rules.in_flight // rules.batch) + rules.max_staleness + 1
    opened: dict[int, int] = {}
    batches = 0
    for event in log:
        if isinstance(event, Submitted):
            opened |= dict.fromkeys(event.samples, batches)
        elif isinstance(event, Consumed):
            batches += 1
            assert all(batches - opened.pop(number) <= patience for number in event.samples)
            assert all(batches - since <= patience for since in opened.values())
        elif isinstance(event, Dropped):
            del opened[event.sample]


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_slots_and_memory_hold_what_they_are_given(rules: Rules, seed: int) -> None:
    log, _ = lived(rules, seed)
    scheduler = Scheduler(rules)
    for event in log:
        scheduler.apply(event)
        for number, worker in enumerate(rules.workers):
            here = scheduler.running(number)
            assert len(here) <= worker.slots
            if (
                isinstance(event, Scheduled)
                and worker.memory
                and len(here) > 1
                and event.worker == number
            ):
                assert sum(sample.prompt + sample.tokens for sample in here) <= worker.memory


@given(rules=all_rules(), seed=SEEDS)
@MANY
def test_alpha_1_is_the_synchronous_run(rules: Rules, seed: int) -> None:
    _, batches = lived(replace(rules, alpha=1.0), seed)
    for step, batch in enumerate(batches):
        numbers = [rollout.request.draw for rollout in batch]
        assert numbers == list(range(step * rules.batch, (step + 1) * rules.batch))
        assert {version for rollout in batch for version in rollout.weight_versions} == {step}


def test_of_two_old_samples_the_older_goes_first_then_the_longer() -> None:
    rules = Rules(0.5, 2, 1, 1, 8, "wait", "newest", (WorkerSpec(4),))
    scheduler = Scheduler(rules)
    events: list[Event] = [Published(0), *(Submitted(n, (n,), 3) for n in range(4)), Requested(2)]
    events += [Scheduled(n, 0, 0) for n in range(3)]
    events += [
        Advanced((0, 1, 2), 2),
        Preempted(0, 2),
        Preempted(1, 5),
        Preempted(2, 2),
        Published(1),
    ]
    events += [Scheduled(3, 0, 1), Preempted(3, 1), Published(2)]
    for event in events:
        scheduler.apply(event)
    assert [placed.sample for placed in scheduler.placements()] == [1, 0, 2, 3]


def test_samples_go_where_the_cache_holds_least_for_each_slot_and_old_ones_to_standalone_units_first() -> (
    None
):
    workers = (WorkerSpec(4), WorkerSpec(2, standalone=True), WorkerSpec(4, standalone=True))
    scheduler = Scheduler(Rules(0.5, 8, 1, 1, 8, "wait", "newest", workers))
    events: list[Event] = [Published(0), *(Submitted(n, (n,), 3) for n in range(8)), Requested(8)]
    for event in events:
        scheduler.apply(event)
    assert [placed.worker for placed in scheduler.placements()] == [0, 1, 2, 0, 2, 0, 1, 2]
    events = [
        Scheduled(0, 0, 0),
        Scheduled(1, 0, 0),
        Advanced((0, 1), 5),
        Preempted(0, 5),
        Preempted(1, 5),
        Published(1),
    ]
    for event in events:
        scheduler.apply(event)
    placed = [(placed.sample, placed.worker) for placed in scheduler.placements()]
    assert placed == [(0, 1), (1, 2), (2, 0), (3, 0), (4, 0), (5, 2), (6, 0), (7, 2)]


def test_a_lost_unit_gives_its_samples_back_as_they_were_when_it_got_them() -> None:
    rules = Rules(
        0.5, 2, 1, 1, 8, "wait", "newest", (WorkerSpec(4), WorkerSpec(4, standalone=True))
    )
    scheduler = Scheduler(rules)
    events: list[Event] = [
        Published(0),
        Submitted(0, (0,), 3),
        Scheduled(0, 1, 0),
        Advanced((0,), 2),
        Preempted(0, 2),
        Published(1),
    ]
    events += [Scheduled(0, 1, 1), Advanced((0,), 7), WorkerLost(1)]
    for event in events:
        scheduler.apply(event)
    sample = scheduler.state.samples[0]
    assert (sample.tokens, sample.oldest, sample.newest, sample.worker) == (2, 0, 0, -1)
    with pytest.raises(ValueError, match="cannot have"):
        scheduler.apply(Scheduled(0, 1, 1))


def test_an_event_that_cannot_happen_is_refused() -> None:
    rules = Rules(0.5, 2, 1, 1, 8, "wait", "newest", (WorkerSpec(4),))
    for impossible in (Published(3), Consumed((0, 1)), Requested(0)):
        with pytest.raises(ValueError, match="cannot have"):
            Scheduler(rules).apply(impossible)


def test_a_log_with_another_decision_is_no_replay() -> None:
    rules = Rules(0.5, 1, 1, 1, 8, "wait", "newest", (WorkerSpec(1),))
    log: list[Event] = [
        Published(0),
        Submitted(0, (0,), 3),
        Submitted(1, (1,), 3),
        Requested(1),
        Scheduled(1, 0, 0),
    ]
    with pytest.raises(ValueError, match="cannot have"):
        replay(rules, log)
