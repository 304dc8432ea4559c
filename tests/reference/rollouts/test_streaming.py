"""Properties of streaming runs with real weights: the log replays, and a kill changes no byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.loss import truncated_importance
from seed.reference.objective import step_weights
from seed.reference.rollouts.engine import LocalEngine
from seed.reference.rollouts.events import Consumed, Dropped, Event, Submitted, event_of
from seed.reference.rollouts.rules import rules_of
from seed.reference.rollouts.scheduler import replay
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.reference.tasks.problems import training_problem
from seed.reference.training import trainer
from seed.reference.training.batch import rollout_batch
from seed.reference.training.rollout_manager import Rollouts
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory, needed_snapshots
from seed.spec.characters import ENDS, encode
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.datatypes import (
    Finish,
    Outcome,
    Request,
    Rollout,
    Sampling,
    ScoredRollout,
    Verdict,
    unanswered,
)
from seed.spec.errors import SeedError
from tests.support.small_runs import Killed, lasting_bytes, metrics_of, new_run, small_config

BACKEND = ReferenceBackend()
STREAMING = ("rollout.srs_alpha=0.5", "rollout.max_response_tokens=12", "parallel.rollout_slots=6")


def requests(config: Config, prompts: int, samples: int = 4) -> list[Request]:
    """Several samples for each of some training problems."""
    data = config.data
    problems = [training_problem(data.families, data.difficulties, n, 1) for n in range(prompts)]
    return [
        Request(problem, encode(problem.prompt), sample, n)
        for n, problem in enumerate(problems)
        for sample in range(samples)
    ]


def log_of(path: Path) -> list[Event]:
    """The events of a run."""
    lines = RunDirectory(path).read("schedule.jsonl")
    return [event_of({key: line[key] for key in line if key != "step"}) for line in lines]


def lasting(path: Path) -> dict[str, bytes]:
    """All bytes that must not depend on kills, including the log."""
    return lasting_bytes(path) | {"schedule.jsonl": (path / "schedule.jsonl").read_bytes()}


def test_alpha_1_returns_what_generate_returns() -> None:
    config = small_config("vapo", "precision=float64")
    state = BACKEND.initial_state(config)
    sampling = Sampling(1.0, 1.0, 12, ENDS)
    engine = LocalEngine(BACKEND, config, sampling, 16)
    engine.policies = {0: state}
    streaming = Streaming(rules_of(config), RolloutState(), engine)
    streaming.publish(0)
    submitted = requests(config, 4)
    expected = BACKEND.generate(state, config, submitted, sampling, "rollout")
    assert streaming.finish(submitted) == expected


@pytest.mark.parametrize(
    "switch",
    ["rollout.continue_with=snapshot", "rollout.cache_tokens=90", "algorithm.importance_cap=2.0"],
)
def test_the_log_of_a_streaming_run_replays(tmp_path: Path, switch: str) -> None:
    config = small_config("vapo", *STREAMING, switch, "rollout.steps=6")
    summary = trainer.train(new_run(tmp_path / "run", config))
    log = log_of(tmp_path / "run")
    batches = [event.samples for event in log if isinstance(event, Consumed)]
    assert replay(rules_of(config), log) == batches
    submitted = [n for event in log if isinstance(event, Submitted) for n in event.samples]
    dropped = [event.sample for event in log if isinstance(event, Dropped)]
    assert sorted([n for batch in batches for n in batch] + dropped) == submitted
    steps = [line for line in metrics_of(tmp_path / "run") if "rollout/occupancy" in line]
    assert len(steps) == len(batches)
    for line in steps:
        assert line["rollout/on_policy_share"] >= 0.5
        assert 0.0 < line["rollout/occupancy"] <= 1.0
        assert line["rollout/responses"] == 16 == sum(line["rollout/staleness_counts"].values())
    assert max(line["rollout/staleness_max"] for line in steps) > 0
    assert snapshots_of(tmp_path / "run") == snapshots_needed(tmp_path / "run")
    rl = [line for line in steps if line["phase"] == "reinforcement"]
    occupancy = np.mean([line["rollout/occupancy"] for line in rl])
    assert summary["streaming"]["occupancy"] == occupancy
    assert summary["streaming"]["dropped"] == sum(line["rollout/dropped"] for line in rl)


def killing_at(
    count: int, real: Callable[[Streaming, Event], None]
) -> Callable[[Streaming, Event], None]:
    """A replacement for ``Streaming.apply`` that kills the run after ``count`` events."""
    events = 0

    def apply(streaming: Streaming, event: Event) -> None:
        nonlocal events
        events += 1
        if events > count:
            raise Killed
        real(streaming, event)

    return apply


@pytest.mark.parametrize("continue_with", ["newest", "snapshot"])
def test_p23_a_streaming_run_killed_at_any_event_is_the_uninterrupted_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, continue_with: str
) -> None:
    config = small_config(
        "vapo", *STREAMING, f"rollout.continue_with={continue_with}", "run.checkpoint_every=1"
    )
    trainer.train(new_run(tmp_path / "whole", config))
    events = len(log_of(tmp_path / "whole"))
    real = Streaming.apply
    for count in np.linspace(3, events - 3, 4).astype(int):
        path = tmp_path / f"killed_{count}"
        monkeypatch.setattr(Streaming, "apply", killing_at(count, real))
        with pytest.raises(Killed):
            trainer.train(new_run(path, config))
        monkeypatch.setattr(Streaming, "apply", real)
        directory, stored = RunDirectory.resume(path)
        observer = new_run(tmp_path / f"x{count}", config).observer
        trainer.train(Run.resume(BACKEND, stored, directory, observer))
        assert lasting(path) == lasting(tmp_path / "whole")


def test_whole_groups_stay_together_where_their_statistics_are_needed(tmp_path: Path) -> None:
    config = small_config("grpo", *STREAMING)
    trainer.train(new_run(tmp_path / "run", config))
    for event in log_of(tmp_path / "run"):
        if isinstance(event, Consumed):
            groups = sorted({number // 4 for number in event.samples})
            assert event.samples == tuple(4 * group + n for group in groups for n in range(4))


def test_dynamic_sampling_fills_streaming_batches(tmp_path: Path) -> None:
    config = small_config(
        "dapo",
        *STREAMING,
        "supervised.steps=60",
        "rollout.steps=2",
        "algorithm.dynamic_sampling_tries=50",
    )
    trainer.train(new_run(tmp_path / "run", config))
    steps = [line for line in metrics_of(tmp_path / "run") if line["phase"] == "reinforcement"]
    assert steps and all(line["rollout/groups"] == 4 for line in steps)


def test_a_stuck_schedule_is_an_error() -> None:
    config = small_config("vapo", *STREAMING)
    engine = LocalEngine(BACKEND, config, Sampling(1.0, 1.0, 12, ENDS), 6)
    with pytest.raises(SeedError, match="schedule-stuck"):
        engine.wait()


def mixed(config: Config) -> list[ScoredRollout]:
    """Two responses: one from two policy versions, one from the newest alone."""
    old, fresh = requests(config, 1, 2)
    rollouts = [
        Rollout(old, (3, 4, 5), (-1.0, -2.0, -0.5), (7, 7, 9), Finish.EOS),
        Rollout(fresh, (3, 4), (-1.0, -0.1), (9, 9), Finish.EOS),
    ]
    verdict = Verdict(Outcome.WRONG, "", "")
    return [ScoredRollout(rollout, verdict, 0.0, -1.0) for rollout in rollouts]


def test_loss_on_the_newest_segment_only_is_a_mean_over_its_tokens() -> None:
    config = small_config("vapo", "algorithm.newest_segment_only=true")
    batch = rollout_batch(mixed(config))
    policy = step_weights(batch, config)["surrogate"]
    np.testing.assert_allclose(policy[batch.response], [0.0, 0.0, 1 / 3, 1 / 3, 1 / 3])
    whole = step_weights(batch, small_config("vapo"))["surrogate"]
    np.testing.assert_allclose(whole[batch.response], 0.2)


def test_truncated_importance_splits_the_ratio_and_caps_its_first_part() -> None:
    config = small_config("vapo")
    batch = rollout_batch(mixed(config))
    start = np.where(batch.response, -0.5, 0.0)
    importance = truncated_importance(start, batch.behaviour_log_probs, cap=2.0)
    np.testing.assert_allclose(
        importance[batch.response], np.minimum(np.exp([0.5, 1.5, 0.0, 0.5, -0.4]), 2.0)
    )
    weights = step_weights(replace(batch, importance=importance), config)["surrogate"]
    np.testing.assert_allclose(weights[batch.response], 0.2 * importance[batch.response])
    assert (truncated_importance(start, start, cap=2.0) == 1.0).all()


def test_a_preempted_response_continues_as_if_it_had_not_been() -> None:
    config = small_config("vapo", "precision=float64")
    state = BACKEND.initial_state(config)
    sampling = Sampling(1.0, 1.0, 12, ENDS)
    submitted = requests(config, 4)
    uninterrupted = BACKEND.generate(state, config, submitted, sampling, "law")
    worker: Any = BACKEND.rollout_worker(state, config, 16, sampling, "law")
    worker.add([unanswered(request) for request in submitted])
    finished = worker.decode(3)
    so_far = {rollout.request: rollout for rollout in worker.progress()}
    assert len(so_far) == worker.running
    preempted = worker.preempt({request for request in submitted if request.sample == 0})
    for rollout in preempted:
        assert rollout.finish is Finish.UNFINISHED and len(rollout.response_tokens) == 3
        assert rollout == so_far[rollout.request]
    finished += worker.decode(2)
    worker.add(preempted)
    finished += worker.decode(12)
    assert worker.running == 0
    by_request = {rollout.request: rollout for rollout in finished}
    for expected in uninterrupted:
        rollout = by_request[expected.request]
        np.testing.assert_allclose(rollout.log_probs, expected.log_probs, atol=1e-12)
        assert replace(rollout, log_probs=expected.log_probs) == expected


def test_a_request_can_force_the_response_length() -> None:
    config = small_config("vapo")
    state = BACKEND.initial_state(config)
    forced = [
        replace(request, forced_length=2 + number)
        for number, request in enumerate(requests(config, 2, 2))
    ]
    rollouts = BACKEND.generate(state, config, forced, Sampling(1.0, 1.0, 12, ENDS), "law")
    assert [len(rollout.response_tokens) for rollout in rollouts] == [2, 3, 4, 5]


def snapshots_of(run: Path) -> set[str]:
    """The snapshots that lie in a run directory."""
    return {path.name for path in (run / "snapshots").glob("*")}


def snapshots_needed(run: Path) -> set[str]:
    """The snapshots that some checkpoint of the run goes on with."""
    manifests = map(read_manifest, (run / "checkpoints").glob("step_*"))
    return {f"policy_version_{n}" for manifest in manifests for n in needed_snapshots(manifest)}


def test_a_snapshot_that_no_sample_needs_is_deleted(tmp_path: Path) -> None:
    config = small_config(
        "vapo",
        *STREAMING,
        "rollout.continue_with=snapshot",
        "run.checkpoint_every=1",
        "rollout.steps=3",
    )
    run = new_run(tmp_path / "run", config)
    counts: list[int] = []
    real = Rollouts.drop_snapshots

    def count(rollouts: Rollouts[Any]) -> None:
        real(rollouts)
        counts.append(len(list((tmp_path / "run" / "snapshots").glob("*"))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rollouts, "drop_snapshots", count)
        trainer.train(run)
    assert max(counts) >= 1
    assert snapshots_of(tmp_path / "run") == snapshots_needed(tmp_path / "run")
