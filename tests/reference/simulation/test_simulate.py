"""Properties of the simulation: it decides as the real system does, and its clocks are right."""

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.backend import ReferenceBackend
from seed.reference.rollouts.engine import LocalEngine
from seed.reference.rollouts.events import Advanced, Dropped, Event, Finished
from seed.reference.rollouts.rules import Rules, WorkerSpec, rules_of
from seed.reference.rollouts.schedule_state import Sample
from seed.reference.rollouts.scheduler import Scheduler, replay
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.reference.simulation.engine import Cost
from seed.reference.simulation.lengths import lengths_named
from seed.reference.simulation.simulate import simulate
from seed.spec.characters import ENDS
from seed.spec.datatypes import Problem, Request, Sampling
from seed.spec.errors import Reason, SeedError
from tests.support.simulations import ALL_COSTS, FLOOR, HEAVY_TAIL, rules
from tests.support.small_runs import small_config

MANY = settings(max_examples=40)
PER_TOKEN = Cost(0.0, 1.0)


@st.composite
def settings_of_every_kind(draw: st.DrawFn) -> tuple[Rules, Cost, int]:
    """Rules, costs, tokens of a block."""
    group = draw(st.sampled_from([1, 2, 3]))
    memory = draw(st.sampled_from([0, 40, 90]))
    colocated, remote = draw(st.sampled_from([(1, 0), (2, 0), (1, 1), (1, 2), (0, 2)]))
    workers = (WorkerSpec(draw(st.integers(1, 6)), memory),) * colocated + (
        WorkerSpec(draw(st.integers(1, 6)), memory, True),
    ) * remote
    made = Rules(
        alpha=draw(st.sampled_from([0.0, 0.2, 0.5, 0.75, 1.0])),
        batch=group * draw(st.integers(1, 5)),
        group=group,
        atomic_group=draw(st.sampled_from([1, group])),
        max_staleness=draw(st.integers(0, 3)),
        at_bound=draw(st.sampled_from(["wait", "drop"])),
        continue_with=draw(st.sampled_from(["newest", "snapshot"])),
        workers=workers,
    )
    return made, draw(st.sampled_from([FLOOR, ALL_COSTS, PER_TOKEN])), draw(st.integers(1, 5))


SETTINGS = settings_of_every_kind()
LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=60)


# --- time


@given(st.lists(st.integers(1, 300), min_size=16, max_size=64), st.integers(0, 9))
@MANY
def test_a_synchronous_step_takes_its_longest_response_and_all_its_tokens(
    lengths: list[int], prompt: int
) -> None:
    outcome = simulate(rules(), lengths, ALL_COSTS, steps=3, prompt=prompt)
    for step, iteration in enumerate(outcome.iterations):
        batch = [lengths[number % len(lengths)] for number in range(16 * step, 16 * step + 16)]
        begin = ALL_COSTS.publish + ALL_COSTS.admit + 16 * prompt * ALL_COSTS.prefill
        decode = ALL_COSTS.floor * max(batch) + ALL_COSTS.token * sum(batch)
        training = ALL_COSTS.train + ALL_COSTS.train_token * sum(batch)
        assert iteration.batch_ready - iteration.start == begin + decode
        assert iteration.end - iteration.batch_ready == training
        assert iteration.stats.decode_steps == max(batch)
        assert iteration.trained == iteration.stats.tokens == sum(batch)


@given(SETTINGS, LENGTHS)
@MANY
def test_without_a_floor_one_worker_takes_the_time_of_all_tokens(
    made: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    worker = replace(made[0].workers[0], remote=False)
    outcome = simulate(replace(made[0], workers=(worker,)), lengths, PER_TOKEN, 4)
    assert outcome.seconds == sum(iteration.stats.tokens for iteration in outcome.iterations)


@pytest.mark.parametrize("alpha", [0.8, 0.5, 0.2])
def test_with_equal_lengths_nothing_is_gained_without_overlap(alpha: float) -> None:
    synchronous, streaming = (simulate(rules(a), [50], ALL_COSTS, 6) for a in (1.0, alpha))
    assert streaming.seconds == synchronous.seconds


def test_samples_that_enter_a_worker_together_share_a_pass() -> None:
    """Two slots, three samples of 2, 3 and 4 tokens.

    One pass reads the first two samples. Another reads the third, after two steps.
    """
    made = Rules(1.0, 3, 1, 1, 3, "wait", "newest", (WorkerSpec(2),))
    (iteration,) = simulate(made, [2, 3, 4], Cost(1.0, admit=16.0), 1).iterations
    assert iteration.batch_ready == 16 + 2 + 16 + 4


@given(SETTINGS, LENGTHS)
@MANY
def test_clocks_only_go_forward_and_spans_of_a_worker_do_not_overlap(
    made: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made_rules, cost, block = made
    outcome = simulate(made_rules, lengths, cost, 4, prompt=3, block=block)
    for before, after in pairwise(outcome.iterations):
        assert before.start <= before.batch_ready <= before.end == after.start
    for number, spec in enumerate(made_rules.workers):
        spans = [span for span in outcome.spans if span.worker == number]
        assert all(before.end <= after.start + 1e-9 for before, after in pairwise(spans))
        for span in spans:
            assert span.start < span.end
            assert 0 < span.fresh + span.old <= spec.slots


def test_remote_workers_decode_during_the_training_and_colocated_ones_never() -> None:
    outcome = simulate(rules(0.5, remote=1), HEAVY_TAIL, ALL_COSTS, 8, prompt=10, block=4)
    trainings = [(iteration.batch_ready, iteration.end) for iteration in outcome.iterations]

    def seconds_in_training(worker: int) -> float:
        spans = [span for span in outcome.spans if span.worker == worker]
        return sum(
            max(0.0, min(span.end, end) - max(span.start, start))
            for span in spans
            for start, end in trainings
        )

    assert seconds_in_training(0) == 0.0
    assert seconds_in_training(1) > 0.3 * sum(end - start for start, end in trainings)


@pytest.mark.parametrize(
    ("continue_with", "reading", "passes"), [("newest", 17, 1), ("snapshot", 0, 2)]
)
def test_a_worker_that_continues_reads_again_or_makes_a_pass_per_version(
    continue_with: Literal["newest", "snapshot"], reading: int, passes: int
) -> None:
    """Prompts of 3 tokens: 10 steps until the batch of one is complete, 4 more during the training.

    The worker then holds 17 tokens. A pass that reads takes 8: for the first two samples, for what
    is held where it is read again, and for the sample that enters then.
    """
    made = Rules(0.5, 1, 1, 1, 3, "wait", continue_with, (WorkerSpec(2, remote=True),))
    cost = Cost(1.0, prefill=1.0, admit=8.0, train=4.0)
    first, second = simulate(made, [10, 1000, 10, 10], cost, 2, prompt=3).iterations
    assert (first.batch_ready, first.end) == (8 + 3 + 3 + 10, 28)
    assert second.batch_ready == 28 + (8 + reading if reading else 0) + 8 + 3 + 10 * passes


def test_an_idle_worker_begins_when_a_sample_enters() -> None:
    """The remote worker draws 2 tokens of the first sample and 3 of the last.

    It is idle from 5 to 10 and continues with the preempted sample then.
    """
    workers = (WorkerSpec(2), WorkerSpec(1, remote=True))
    made = Rules(0.75, 3, 1, 1, 3, "wait", "newest", workers)
    (iteration,) = simulate(made, [2, 10, 1000, 3], Cost(1.0, train=4.0), 1).iterations
    assert (iteration.batch_ready, iteration.stats.tokens) == (10, 2 + 3 + 10 + 10 + 4)


# --- decisions


@given(SETTINGS, LENGTHS)
@MANY
def test_the_log_of_a_simulation_replays_and_no_token_is_lost(
    made: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made_rules, cost, block = made
    outcome = simulate(made_rules, lengths, cost, 4, prompt=3, block=block)
    batches = replay(made_rules, outcome.log)
    assert [len(batch) for batch in batches] == [made_rules.batch] * 4
    tokens = {event.sample: event.tokens for event in outcome.log if isinstance(event, Finished)}
    for batch, iteration in zip(batches, outcome.iterations, strict=True):
        assert all(tokens[number] == lengths[number % len(lengths)] for number in batch)
        assert iteration.trained == sum(tokens[number] for number in batch)
        assert max(iteration.stats.ages) <= made_rules.max_staleness
        assert iteration.stats.tokens <= iteration.stats.offered


@given(SETTINGS, LENGTHS)
@MANY
def test_equal_settings_give_equal_simulations(
    made: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made_rules, cost, block = made
    first, second = (simulate(made_rules, lengths, cost, 3, 3, block) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("continue_with", ["newest", "snapshot"])
@pytest.mark.parametrize(("block", "slots"), [(1, 8), (3, 5)])
def test_the_simulation_writes_the_log_of_the_real_system(
    block: int, slots: int, continue_with: str
) -> None:
    """Event by event, for one colocated worker whose responses have the same forced lengths."""
    config = small_config(
        "vapo",
        f"rollout.block_tokens={block}",
        f"parallel.rollout_slots={slots}",
        f"rollout.continue_with={continue_with}",
        "rollout.srs_alpha=0.5",
        "rollout.prompts=2",
    )
    lengths = lengths_named("lognormal:mean=6,sigma=1,max=20").sample(3, 100)
    made, steps, prompt = rules_of(config), 5, 4
    backend, log = ReferenceBackend(), list[Event]()
    state = backend.initial_state(config)
    engine = LocalEngine(backend, config, Sampling(1.0, 1.0, 20, ENDS), slots)
    streaming = Streaming(made, RolloutState(), engine, log.append)
    problem = Problem("p", "", 1, "", {}, "", "")
    for version in range(steps):
        streaming.publish(version)
        engine.policies[version] = state
        first, count = streaming.scheduler.state.submitted, streaming.prompts_needed() * made.group
        numbers = range(first, first + count)
        streaming.finish(
            [Request(problem, (3,) * prompt, 0, n, forced_length=lengths[n]) for n in numbers]
        )
    outcome = simulate(made, lengths, FLOOR, steps, prompt, block)
    assert list(outcome.log) == log
    assert len(log) > 100
    if block == 1:
        assert outcome.decode_steps == engine.stats.decode_steps


@given(SETTINGS, LENGTHS)
@MANY
def test_spans_count_fresh_and_old_as_the_scheduler_does(
    made: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made_rules, cost, block = made
    outcome = simulate(made_rules, lengths, cost, 4, prompt=3, block=block)
    scheduler, counts = Scheduler(made_rules), list[tuple[int, int, int]]()
    finished: list[Sample] = []
    for event in outcome.log:
        if isinstance(event, Finished):
            # A copy: applying the event takes the sample out of its worker.
            finished.append(replace(scheduler.state.samples[event.sample]))
        if isinstance(event, Advanced):
            samples = [*finished, *(scheduler.state.samples[number] for number in event.samples)]
            # Counted before the event is applied: the first token of a sample is of the policy
            # version that the sample runs with.
            state = scheduler.state
            old = sum(s.policy_version < state.newest or state.is_old(s) for s in samples)
            counts.append((samples[0].worker, len(samples) - old, old))
            finished.clear()
        scheduler.apply(event)
    assert counts == [(span.worker, span.fresh, span.old) for span in outcome.spans]


def test_samples_dropped_at_the_bound_are_counted() -> None:
    made = replace(rules(0.2, remote=1), at_bound="drop")
    outcome = simulate(made, HEAVY_TAIL, ALL_COSTS, 9, 5, 4)
    dropped = sum(isinstance(event, Dropped) for event in outcome.log)
    assert dropped == sum(iteration.stats.dropped for iteration in outcome.iterations) > 0


def test_a_schedule_without_workers_is_an_error() -> None:
    with pytest.raises(SeedError) as error:
        simulate(replace(rules(), workers=()), [3], FLOOR, 1)
    assert error.value.reason is Reason.SCHEDULE_STUCK
