"""Laws of the simulation: it decides as the real system does, keeps the rollout_state of time, and says
what is wrong with a setting.
"""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.cli.main import seed
from seed.cli.report.srs_plots import slots_used
from seed.cli.srs import verdict
from seed.reference.backend import ReferenceBackend
from seed.reference.rollouts.events import Advanced, Dropped, Event, Finished, line_of
from seed.reference.rollouts.scheduler import Rules, Sample, Scheduler, WorkerSpec, replay
from seed.reference.rollouts.streaming import LocalEngine, RolloutState, Streaming, rules_of
from seed.reference.simulation.lengths import lengths_named
from seed.reference.simulation.simulate import Cost, simulate
from seed.reference.simulation.sweep import Figures, Point, World, pays_until, sweep
from seed.reference.training.run_directory import SCHEDULE, RunDirectory
from seed.spec.config_files import load_config
from seed.spec.datatypes import Problem, Request, Sampling
from seed.spec.errors import Reason, SeedError
from tests.reference.training.test_trainer import SMALL

many = settings(max_examples=40)
HEAVY = lengths_named("lognormal:mean=200,sigma=1,max=1600").sample(1, 4000)
FLOOR = Cost(floor=1.0)
EVERYTHING = Cost(
    floor=0.5, token=0.25, prefill=0.125, admit=2.0, train=64.0, train_token=0.0625, publish=8.0
)
"""Binary fractions: sums of these are exact, so clocks can be compared for equality. Here tokens
count, more than the floor.
"""
BOUND_BY_MEMORY = replace(EVERYTHING, token=1 / 256, prefill=1 / 1024)


def rules(
    alpha: float = 1.0, batch: int = 16, standalone: int = 0, beside: int = 1, slots: int = 0
) -> Rules:
    """A scheduler's rules; the slots of all workers hold a batch unless said."""
    worker = WorkerSpec(slots or batch // (beside + standalone))
    workers = (worker,) * beside + (replace(worker, standalone=True),) * standalone
    return Rules(alpha, batch, 4, 1, 3, "wait", "newest", workers)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Rules, Cost, int]:
    """Rules of every kind, costs, tokens of a block."""
    group = draw(st.sampled_from([1, 2, 3]))
    memory = draw(st.sampled_from([0, 40, 90]))
    beside, standalone = draw(st.sampled_from([(1, 0), (2, 0), (1, 1), (1, 2), (0, 2)]))
    workers = (WorkerSpec(draw(st.integers(1, 6)), memory),) * beside + (
        WorkerSpec(draw(st.integers(1, 6)), memory, True),
    ) * standalone
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
    return made, draw(st.sampled_from([FLOOR, EVERYTHING, Cost(0.0, 1.0)])), draw(st.integers(1, 5))


lengths_lists = st.lists(st.integers(1, 40), min_size=1, max_size=60)


# Time


@given(st.lists(st.integers(1, 300), min_size=16, max_size=64), st.integers(0, 9))
@many
def test_a_synchronous_step_takes_the_longest_of_its_batch_and_every_token_of_it(
    lengths: list[int], prompt: int
) -> None:
    outcome = simulate(rules(), lengths, EVERYTHING, steps=3, prompt=prompt)
    for step, iteration in enumerate(outcome.iterations):
        batch = [lengths[number % len(lengths)] for number in range(16 * step, 16 * step + 16)]
        reading = EVERYTHING.publish + EVERYTHING.admit + 16 * prompt * EVERYTHING.prefill
        assert iteration.taken - iteration.start == reading + EVERYTHING.floor * max(
            batch
        ) + EVERYTHING.token * sum(batch)
        assert iteration.end - iteration.taken == EVERYTHING.train + EVERYTHING.train_token * sum(
            batch
        )
        assert iteration.stats.decode_steps == max(batch)
        assert iteration.trained == iteration.stats.tokens == sum(batch)


@given(worlds(), lengths_lists)
@many
def test_without_a_floor_one_unit_takes_the_time_of_all_tokens_drawn(
    world: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made = replace(world[0], workers=world[0].workers[:1])
    outcome = simulate(
        replace(made, workers=(replace(made.workers[0], standalone=False),)),
        lengths,
        Cost(0.0, 1.0),
        4,
    )
    assert outcome.seconds == sum(iteration.stats.tokens for iteration in outcome.iterations)


@pytest.mark.parametrize("alpha", [0.8, 0.5, 0.2])
def test_with_lengths_all_alike_nothing_is_gained_without_overlap(alpha: float) -> None:
    synchronous, streaming = (simulate(rules(share), [50], EVERYTHING, 6) for share in (1.0, alpha))
    assert streaming.seconds == synchronous.seconds


def test_samples_that_enter_a_unit_at_one_look_share_a_pass_and_later_ones_have_their_own() -> None:
    """Two slots, three samples of 2, 3 and 4 tokens: one pass reads two of them, another the third
    after two steps.
    """
    made = Rules(1.0, 3, 1, 1, 3, "wait", "newest", (WorkerSpec(2),))
    (iteration,) = simulate(made, [2, 3, 4], Cost(1.0, admit=16.0), 1).iterations
    assert iteration.taken == 16 + 2 + 16 + 4


@pytest.mark.parametrize("standalone", [0, 1])
@pytest.mark.parametrize("alpha", [0.9, 0.5, 0.2])
def test_with_heavy_tails_streaming_is_faster(alpha: float, standalone: int) -> None:
    _, point = sweep(
        rules(standalone=standalone), [alpha], World(HEAVY, BOUND_BY_MEMORY, 15, 5, 10, 4)
    )
    assert point.speed_up > 1.2
    assert point.speed_up == pytest.approx(point.refilling * point.overlap)
    assert (point.overlap == 1.0) if not standalone else (point.overlap > 1.0)


def test_where_tokens_cost_more_than_steps_streaming_gains_nothing_and_reading_again_can_cost_more_than_it_saves() -> (
    None
):
    world = World(HEAVY, Cost(0.0, 1.0), 30, 10, 0, 4)
    _, point = sweep(rules(), [0.5], world)
    per_token = [
        figures.seconds / figures.trained
        for figures in (sweep(rules(), [], world)[0].figures, point.figures)
    ]
    assert per_token[1] == pytest.approx(per_token[0], rel=0.1)
    _, dear = sweep(rules(), [0.2], replace(world, cost=Cost(0.0, 1.0, prefill=0.5)))
    assert dear.speed_up < 1.0


@given(worlds(), lengths_lists)
@many
def test_clocks_only_go_forward_and_no_unit_is_in_two_places(
    world: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made, cost, block = world
    outcome = simulate(made, lengths, cost, 4, prompt=3, block=block)
    for before, after in pairwise(outcome.iterations):
        assert before.start <= before.taken <= before.end == after.start
    for number, plan in enumerate(made.workers):
        spans = [span for span in outcome.spans if span.worker == number]
        assert all(before.end <= after.start + 1e-9 for before, after in pairwise(spans))
        assert all(
            span.start < span.end and 0 < span.fresh + span.old <= plan.slots for span in spans
        )


def test_standalone_units_decode_during_the_training_and_the_others_never() -> None:
    outcome = simulate(rules(0.5, standalone=1), HEAVY, EVERYTHING, 8, prompt=10, block=4)
    training = [(iteration.taken, iteration.end) for iteration in outcome.iterations]

    def inside(worker: int) -> float:
        spans = [span for span in outcome.spans if span.worker == worker]
        return sum(
            max(0.0, min(s.end, end) - max(s.start, start))
            for s in spans
            for start, end in training
        )

    assert inside(0) == 0.0
    assert inside(1) > 0.3 * sum(end - start for start, end in training)


@pytest.mark.parametrize(
    ("continue_with", "reading", "passes"), [("newest", 17, 1), ("snapshot", 0, 2)]
)
def test_a_unit_that_goes_on_reads_what_it_holds_again_or_makes_a_pass_for_every_version(
    continue_with: Literal["newest", "snapshot"], reading: int, passes: int
) -> None:
    """Prompts of 3 tokens, 10 steps until the batch of one is there, 4 more while the trainer
    trains: 17 tokens are held then.

    A pass that reads takes 8: for the first two, for what is held where it is read again, and for
    the one that enters then.
    """
    made = Rules(0.5, 1, 1, 1, 3, "wait", continue_with, (WorkerSpec(2, standalone=True),))
    first, second = simulate(
        made, [10, 1000, 10, 10], Cost(1.0, prefill=1.0, admit=8.0, train=4.0), 2, prompt=3
    ).iterations
    assert (first.taken, first.end) == (8 + 3 + 3 + 10, 28)
    assert second.taken == 28 + (8 + reading if reading else 0) + 8 + 3 + 10 * passes


def test_a_unit_that_was_idle_begins_when_it_gets_something() -> None:
    """Standalone, it draws 2 tokens of the first sample, 3 of the last, rests from 5 to 10, then
    goes on with what is parked.
    """
    made = Rules(
        0.75, 3, 1, 1, 3, "wait", "newest", (WorkerSpec(2), WorkerSpec(1, standalone=True))
    )
    (iteration,) = simulate(made, [2, 10, 1000, 3], Cost(1.0, train=4.0), 1).iterations
    assert (iteration.taken, iteration.stats.tokens) == (10, 2 + 3 + 10 + 10 + 4)


# Decisions


@given(worlds(), lengths_lists)
@many
def test_the_log_of_a_simulation_replays_and_no_token_is_lost(
    world: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made, cost, block = world
    outcome = simulate(made, lengths, cost, 4, prompt=3, block=block)
    batches = replay(made, outcome.log)
    assert [len(batch) for batch in batches] == [made.batch] * 4
    ended = {event.sample: event.tokens for event in outcome.log if isinstance(event, Finished)}
    for batch, iteration in zip(batches, outcome.iterations, strict=True):
        assert all(ended[number] == lengths[number % len(lengths)] for number in batch)
        assert iteration.trained == sum(ended[number] for number in batch)
        assert max(iteration.stats.ages) <= made.max_staleness
        assert iteration.stats.tokens <= iteration.stats.offered


@given(worlds(), lengths_lists)
@many
def test_equal_settings_give_equal_simulations(
    world: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made, cost, block = world
    assert simulate(made, lengths, cost, 3, 3, block) == simulate(made, lengths, cost, 3, 3, block)


@pytest.mark.parametrize("continue_with", ["newest", "snapshot"])
@pytest.mark.parametrize(("block", "slots"), [(1, 8), (3, 5)])
def test_the_simulation_writes_the_log_of_the_real_system(
    block: int, slots: int, continue_with: str
) -> None:
    """Event by event, for one worker beside the trainer whose responses are forced to the same
    lengths.
    """
    changes = (
        f"rollout.block_tokens={block}",
        f"parallel.rollout_slots={slots}",
        f"rollout.continue_with={continue_with}",
    )
    config = load_config(
        "tiny", "vapo", (*SMALL, *changes, "rollout.srs_alpha=0.5", "rollout.prompts=2")
    )
    lengths = lengths_named("lognormal:mean=6,sigma=1,max=20").sample(3, 100)
    made, steps, prompt = rules_of(config), 5, 4
    backend, log = ReferenceBackend(), list[Event]()
    state = backend.initial_state(config)
    engine: LocalEngine[object] = LocalEngine(backend, config, Sampling(1.0, 1.0, 20), slots)  # type: ignore[arg-type]
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


@given(worlds(), lengths_lists)
@many
def test_spans_count_fresh_and_old_as_the_scheduler_does(
    world: tuple[Rules, Cost, int], lengths: list[int]
) -> None:
    made, cost, block = world
    outcome = simulate(made, lengths, cost, 4, prompt=3, block=block)
    scheduler, counts = Scheduler(made), list[tuple[int, int, int]]()
    ended: list[Sample] = []
    for event in outcome.log:
        if isinstance(event, Finished):
            # a copy: the event about to apply takes it out of its worker
            ended.append(replace(scheduler.state.samples[event.sample]))
        if isinstance(event, Advanced):
            here = [*ended, *(scheduler.state.samples[number] for number in event.samples)]
            # Asked before the event counts: the first token of a sample is of the version that it
            # runs with.
            old = sum(
                scheduler.is_old(sample) or sample.policy_version < scheduler.state.newest
                for sample in here
            )
            counts.append((here[0].worker, len(here) - old, old))
            ended.clear()
        scheduler.apply(event)
    assert counts == [(span.worker, span.fresh, span.old) for span in outcome.spans]


def test_an_eviction_at_the_bound_is_counted() -> None:
    outcome = simulate(
        replace(rules(0.2, standalone=1), at_bound="drop"), HEAVY, EVERYTHING, 9, 5, 4
    )
    dropped = sum(isinstance(event, Dropped) for event in outcome.log)
    assert dropped == sum(iteration.stats.dropped for iteration in outcome.iterations) > 0


def test_a_scheduler_that_nobody_serves_is_refused_by_name() -> None:
    nobody = replace(rules(), workers=())
    with pytest.raises(SeedError) as refusal:
        simulate(nobody, [3], FLOOR, 1)
    assert refusal.value.reason is Reason.SCHEDULE_STUCK


# Sweep


def test_a_sweep_begins_with_the_synchronous_system_and_speeds_are_against_it() -> None:
    points = sweep(rules(), [0.5, 0.75], World(HEAVY, FLOOR, 9, 3, 0, 4))
    assert [point.alpha for point in points] == [1.0, 0.75, 0.5]
    assert points[0].speed_up == points[0].refilling == points[0].overlap == 1.0
    for point in points:
        assert point.speed_up == points[0].figures.seconds / point.figures.seconds
        assert point.figures.on_policy >= point.alpha
        assert sum(point.figures.staleness_counts.values()) == 6 * 16


def points_of(seconds: list[float]) -> list[Point]:
    """A sweep from srs_alpha = 1 down in steps of 0.1, with these iteration times and nothing else
    of interest.
    """
    outcome = simulate(rules(), [1], FLOOR, 1)
    figures = [Figures(s, s, 0, 0, 0, 0, 0, 1, 0, 0, {0: 16}, 0) for s in seconds]
    return [
        Point(1 - i / 10, f, seconds[0] / f.seconds, 1, 1, outcome) for i, f in enumerate(figures)
    ]


@pytest.mark.parametrize(
    ("seconds", "stops"), [([10, 8, 7.9, 4], 1), ([10, 9.6], 0), ([10, 9, 8], 2), ([10], 0)]
)
def test_speed_stops_paying_where_the_next_step_gains_less_than_five_percent(
    seconds: list[float], stops: int
) -> None:
    points = points_of(seconds)
    assert pays_until(points) is points[stops]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([10.0], "only the synchronous"),
        ([10.0, 9.9], "does not pay"),
        ([10.0, 5.0], "still pays at the smallest srs_alpha=0.9: 2.00 times"),
        ([10.0, 5.0, 4.9], "stops paying at srs_alpha=0.9: 2.00 times"),
    ],
)
def test_the_verdict_claims_no_more_than_the_sweep_shows(seconds: list[float], words: str) -> None:
    assert words in verdict(points_of(seconds))


def test_slots_over_time_add_up_to_the_time_that_samples_spent_in_them() -> None:
    outcome = simulate(rules(0.5, standalone=1), HEAVY, EVERYTHING, 6, prompt=10, block=4)
    edges = np.linspace(0.0, outcome.seconds, 77)
    for worker in (0, 1):
        for kind in ("fresh", "old"):
            spent = sum(
                (span.end - span.start) * getattr(span, kind)
                for span in outcome.spans
                if span.worker == worker
            )
            assert (
                slots_used(outcome, worker, kind, edges) * np.diff(edges)
            ).sum() == pytest.approx(spent)


# Lengths


def test_lengths_follow_their_distribution_and_more_of_them_begin_with_the_same() -> None:
    named = lengths_named("lognormal:mean=1000,sigma=0.5,max=100000")
    many = named.sample(7, 20000)
    assert many[:50] == named.sample(7, 50) != named.sample(8, 50)
    assert np.mean(many) == pytest.approx(1000, rel=0.02)
    assert np.std(np.log(many)) == pytest.approx(0.5, rel=0.03)
    assert max(lengths_named("lognormal:mean=1000,sigma=2,max=1500").sample(1, 1000)) == 1500
    assert set(lengths_named("constant:tokens=12").sample(1, 9)) == {12}


def test_measured_lengths_are_drawn_from_the_file_and_from_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "lengths.jsonl"
    file.write_text('{"tokens": 3}\n\n{"tokens": 7, "id": "x"}\n', encoding="utf-8")
    named = lengths_named(str(file))
    assert set(named.sample(1, 100)) == {3, 7}
    assert named.sample(1, 100)[:30] == named.sample(1, 30)


@pytest.mark.parametrize(
    "line", ["{}", "[3]", '{"tokens": 0}', '{"tokens": true}', '{"tokens": 2.5}', "tokens", ""]
)
def test_a_file_with_a_line_that_is_no_length_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "lengths.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(SeedError) as refusal:
        lengths_named(str(file))
    assert refusal.value.reason is Reason.UNREADABLE_FILE
    assert str(file) in refusal.value.line


# Command line

QUICK = (
    "--lengths",
    "lognormal:mean=40,sigma=1,max=300",
    "--prompts",
    "2",
    "--samples",
    "4",
    "--steps",
    "6",
)


def srs(*arguments: str) -> Result:
    """Run ``seed srs``."""
    return CliRunner().invoke(seed, ["srs", *arguments])


def refused(done: Result, *words: str) -> None:
    """Exit code 2 and one line with the words."""
    assert done.exit_code == 2, done.output
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert all(word in line for word in words), line


def test_a_simulation_leaves_a_table_its_figures_and_a_report_that_needs_nothing(
    tmp_path: Path,
) -> None:
    out = tmp_path / "new" / "simulation"
    done = srs("simulate", *QUICK, "--alpha", "0.5", "--alpha", "0.75", "--out", str(out))
    assert done.exit_code == 0, done.output
    firsts = [line.split()[0] for line in done.stdout.splitlines()[2:5]]
    assert firsts == ["1", "0.75", "0.5"]
    assert {path.name for path in out.iterdir()} == {"simulation.json", "report.html"}
    found = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert [point["srs_alpha"] for point in found["sweep"]] == [1.0, 0.75, 0.5]
    assert found["speed_stops_paying_at"] in (1.0, 0.75, 0.5)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "http:" not in page
    assert "<script" not in page
    assert page.count("<svg") == page.count("</svg>") == page.count("<figure") == 6
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    before = (out / "report.html").read_bytes()
    refused(srs("simulate", *QUICK, "--out", str(out)), "file-exists", str(out), "--out")
    assert (out / "report.html").read_bytes() == before
    again = srs(
        "simulate", *QUICK, "--alpha", "0.5", "--alpha", "0.75", "--out", str(tmp_path / "again")
    )
    assert again.exit_code == 0
    assert (tmp_path / "again" / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--lengths", "lognormal:mean=5,sigma=1"),
            ("--lengths=lognormal:mean=5,sigma=1", "lognormal:mean=M,sigma=S,max=L"),
        ),
        (("--lengths", "lognormal:mean=5,sigma=0,max=9"), ("0 < S <= 5",)),
        (("--lengths", "lognormal:mean=nan,sigma=1,max=9"), ("1 <= M <= L",)),
        (("--lengths", "lognormal:mean=5,sigma=1,max=inf"), ("1 <= M <= L",)),
        (("--lengths", "constant:tokens=2.5"), ("constant:tokens=N",)),
        (("--lengths", "normal:mean=5"), ("--lengths=normal:mean=5", "no such file")),
        (("--floor-ms", "nan"), ("--floor-ms=nan", "finite")),
        (("--train-us", "inf"), ("--train-us=inf", "finite")),
        (("--alpha", "nan"), ("--alpha=nan", "between 0 and 1")),
        (("--alpha", "1.5"), ("--alpha=1.5", "at least 0.0 and at most 1.0")),
        (("--floor-ms", "0", "--token-us", "0"), ("--floor-ms=0", "--token-us=0")),
        (("--trainers", "0", "--standalone", "0"), ("--trainers=0", "--standalone=0")),
        (("--steps", "2"), ("--steps=2", "at least 3")),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(
    tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(srs("simulate", *options, "--out", str(tmp_path / "out")), *words)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    """A run that has only its configuration and the log that its schedule would have."""
    config = load_config("tiny", "vapo", (*SMALL, "rollout.srs_alpha=0.5"))
    directory = RunDirectory.create(tmp_path / "run", config)
    log = simulate(rules_of(config), HEAVY, FLOOR, 5, 3).log
    directory.append_all(SCHEDULE, [{"step": 1} | line_of(event) for event in log])
    return directory.path


def test_the_log_of_a_run_replays(run_directory: Path) -> None:
    count = len((run_directory / SCHEDULE).read_text(encoding="utf-8").splitlines())
    done = srs("replay", str(run_directory))
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{count} events, 5 batches: every decision follows from the log\n"


@pytest.mark.parametrize("kind", ["scheduled", "consumed", "finished"])
def test_a_log_that_was_changed_is_told_with_its_first_wrong_line(
    run_directory: Path, kind: str
) -> None:
    file = run_directory / SCHEDULE
    lines = file.read_text(encoding="utf-8").splitlines()
    place = [number for number, line in enumerate(lines) if json.loads(line)["event"] == kind][
        3 if kind != "consumed" else 1
    ]
    changed = json.loads(lines[place])
    if kind == "consumed":
        changed["samples"] = changed["samples"][::-1]
    else:
        changed["sample"] = 9999
    lines[place] = json.dumps(changed)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = srs("replay", str(run_directory))
    assert done.exit_code == 1
    assert f"line {place + 1} does not follow" in done.stdout


def test_what_has_no_log_or_a_broken_one_cannot_be_replayed(
    run_directory: Path, tmp_path: Path
) -> None:
    refused(srs("replay", str(tmp_path)), "not-a-run-directory")
    (run_directory / SCHEDULE).write_text('{"event": "scheduled", "sample": 1}\n', encoding="utf-8")
    refused(srs("replay", str(run_directory)), "unreadable-file", "line 1")
    (run_directory / SCHEDULE).unlink()
    refused(srs("replay", str(run_directory)), "unreadable-file", SCHEDULE)
