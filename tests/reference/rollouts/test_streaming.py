"""Laws of streaming runs: real workers, real weights; the log decides everything again, a kill
changes no byte.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.rollouts.events import Consumed, Dropped, Event, Submitted, event_of
from seed.reference.rollouts.scheduler import replay
from seed.reference.rollouts.streaming import LocalEngine, RolloutState, Streaming, rules_of
from seed.reference.tasks.problems import training_problem
from seed.reference.training import trainer
from seed.reference.training.batch import rollout_batch, step_weights, truncated_importance
from seed.reference.training.rollout_manager import Rollouts
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config import Config
from seed.spec.datatypes import Finish, Outcome, Request, Rollout, Sampling, ScoredRollout, Verdict
from seed.spec.errors import SeedError
from seed.spec.tokenizer import encode
from tests.reference.training.test_trainer import (
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

BACKEND = ReferenceBackend()
STREAMING = ("rollout.srs_alpha=0.5", "rollout.max_response_tokens=12", "parallel.rollout_slots=6")


def requests(config: Config, prompts: int, samples: int = 4) -> list[Request]:
    """Several samples for each of some training problems."""
    problems = [
        training_problem(config.data.families, config.data.difficulties, n, 1)
        for n in range(prompts)
    ]
    asked = [
        (n, problem, sample) for n, problem in enumerate(problems) for sample in range(samples)
    ]
    return [Request(problem, encode(problem.prompt), sample, n) for n, problem, sample in asked]


def log_of(path: Path) -> list[Event]:
    """The events of a run."""
    lines = RunDirectory(path).read("schedule.jsonl")
    return [
        event_of({key: value for key, value in line.items() if key != "step"}) for line in lines
    ]


def lasting(path: Path) -> dict[str, bytes]:
    """All bytes that must not depend on kills, the log among them."""
    return lasting_bytes(path) | {"schedule.jsonl": (path / "schedule.jsonl").read_bytes()}


def test_alpha_1_asks_and_answers_as_the_sampler_alone() -> None:
    config = small_config("vapo", "precision=float64")
    state = BACKEND.initial_state(config)
    sampling = Sampling(1.0, 1.0, 12)
    engine = LocalEngine(BACKEND, config, sampling, 16)
    engine.policies = {0: state}
    streaming = Streaming(rules_of(config), RolloutState(), engine)
    streaming.publish(0)
    asked = requests(config, 4)
    assert streaming.finish(asked) == BACKEND.generate(state, config, asked, sampling, "rollout")


@pytest.mark.parametrize(
    "switch",
    ["rollout.continue_with=snapshot", "rollout.cache_tokens=90", "algorithm.importance_cap=2.0"],
)
def test_a_streaming_run_decides_by_its_log_alone(tmp_path: Path, switch: str) -> None:
    config = small_config("vapo", *STREAMING, switch, "rollout.steps=6")
    summary = trainer.train(new_run(tmp_path / "run", config))
    log = log_of(tmp_path / "run")
    taken = [event.samples for event in log if isinstance(event, Consumed)]
    assert replay(rules_of(config), log) == taken
    opened = [number for event in log if isinstance(event, Submitted) for number in event.samples]
    assert (
        sorted(
            [n for batch in taken for n in batch]
            + [e.sample for e in log if isinstance(e, Dropped)]
        )
        == opened
    )
    steps = [line for line in metrics_of(tmp_path / "run") if "rollout/occupancy" in line]
    assert len(steps) == len(taken)
    for line in steps:
        assert line["rollout/on_policy_share"] >= 0.5
        assert 0.0 < line["rollout/occupancy"] <= 1.0
        assert line["rollout/responses"] == 16 == sum(line["rollout/staleness_counts"].values())
    assert max(line["rollout/staleness_max"] for line in steps) > 0
    assert not list((tmp_path / "run" / "snapshots").glob("*"))
    learned = [line for line in steps if line["phase"] == "reinforcement"]
    assert summary["streaming"]["occupancy"] == np.mean(
        [line["rollout/occupancy"] for line in learned]
    )
    assert summary["streaming"]["dropped"] == sum(line["rollout/dropped"] for line in learned)


def killing_at(
    count: int, real: Callable[[Streaming, Event], None]
) -> Callable[[Streaming, Event], None]:
    """A stand-in for ``Streaming.apply`` that kills at its ``count``-th event."""
    left = [count]

    def apply(streaming: Streaming, event: Event) -> None:
        left[0] -= 1
        if left[0] < 0:
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
        directory, found = RunDirectory.resume(path)
        trainer.train(
            trainer.resume(
                BACKEND, found, directory, new_run(tmp_path / f"x{count}", config).observer
            )
        )
        assert lasting(path) == lasting(tmp_path / "whole")


def test_whole_groups_stay_together_where_their_statistics_are_needed(tmp_path: Path) -> None:
    config = small_config("grpo", *STREAMING)
    trainer.train(new_run(tmp_path / "run", config))
    for event in log_of(tmp_path / "run"):
        if isinstance(event, Consumed):
            assert sorted(
                {number // 4 * 4 + place for number in event.samples for place in range(4)}
            ) == list(event.samples)


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


def test_a_schedule_that_cannot_go_on_says_so() -> None:
    config = small_config("vapo", *STREAMING)
    engine = LocalEngine(BACKEND, config, Sampling(1.0, 1.0, 12), 6)
    with pytest.raises(SeedError, match="schedule-stuck"):
        engine.wait()


def mixed(config: Config) -> list[ScoredRollout]:
    """Two responses: one of two versions, one of the newest alone."""
    asked = requests(config, 1, 2)
    rollouts = [
        Rollout(asked[0], (3, 4, 5), (-1.0, -2.0, -0.5), (7, 7, 9), Finish.EOS),
        Rollout(asked[1], (3, 4), (-1.0, -0.1), (9, 9), Finish.EOS),
    ]
    return [
        ScoredRollout(rollout, Verdict(Outcome.WRONG, "", ""), 0.0, -1.0) for rollout in rollouts
    ]


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
    split = truncated_importance(batch, start, cap=2.0)
    np.testing.assert_allclose(
        split.importance[batch.response], np.minimum(np.exp([0.5, 1.5, 0.0, 0.5, -0.4]), 2.0)
    )
    assert (split.behaviour_log_probs == start).all()
    weights = step_weights(split, config)["surrogate"]
    np.testing.assert_allclose(weights[batch.response], 0.2 * split.importance[batch.response])
    untouched = truncated_importance(batch, batch.behaviour_log_probs, cap=2.0)
    assert (untouched.importance == 1.0).all()


def test_a_unit_continues_a_response_as_if_it_had_not_been_interrupted() -> None:
    config = small_config("vapo", "precision=float64")
    state = BACKEND.initial_state(config)
    sampling = Sampling(1.0, 1.0, 12)
    asked = requests(config, 4)
    whole = BACKEND.generate(state, config, asked, sampling, "law")
    worker: Any = BACKEND.rollout_worker(state, config, 16, sampling, "law")
    worker.add([Rollout(request, (), (), (), Finish.UNFINISHED) for request in asked])
    done = worker.decode(3)
    chosen = {request for request in asked if request.sample == 0}
    left = worker.preempt(chosen)
    assert all(
        rollout.finish is Finish.UNFINISHED and len(rollout.response_tokens) == 3
        for rollout in left
    )
    done += worker.decode(2)
    worker.add(left)
    done += worker.decode(12)
    assert worker.running == 0
    found = {rollout.request: rollout for rollout in done}
    for expected in whole:
        np.testing.assert_allclose(
            found[expected.request].log_probs, expected.log_probs, atol=1e-12
        )
        assert replace(found[expected.request], log_probs=expected.log_probs) == expected


def test_benchmarks_can_force_a_length() -> None:
    config = small_config("vapo")
    state = BACKEND.initial_state(config)
    asked = [
        replace(request, forced_length=2 + number)
        for number, request in enumerate(requests(config, 2, 2))
    ]
    rollouts = BACKEND.generate(state, config, asked, Sampling(1.0, 1.0, 12), "law")
    assert [len(rollout.response_tokens) for rollout in rollouts] == [2, 3, 4, 5]


def test_a_snapshot_that_no_sample_needs_is_not_kept(tmp_path: Path) -> None:
    config = small_config(
        "vapo",
        *STREAMING,
        "rollout.continue_with=snapshot",
        "run.checkpoint_every=1",
        "rollout.steps=3",
    )
    run = new_run(tmp_path / "run", config)
    seen: list[int] = []
    real = Rollouts.drop_snapshots

    def count(rollouts: Rollouts[Any]) -> None:
        real(rollouts)
        seen.append(len(list((tmp_path / "run" / "snapshots").glob("*"))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rollouts, "drop_snapshots", count)
        trainer.train(run)
    assert max(seen) >= 1 and seen[-1] == 0
