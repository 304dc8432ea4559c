"""Properties of a whole run: equal runs are equal bytes, also when killed; errors are named."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.rewards import reward, verdicts
from seed.reference.training import trainer
from seed.reference.training.prompt_stream import Collection, PromptStreamState, collect, is_useful
from seed.reference.training.rollout_files import rollout_files
from seed.reference.training.run import Run, check
from seed.reference.training.run_directory import RunDirectory
from seed.spec.datatypes import Finish, Outcome, Request, Rollout, ScoredRollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.small_runs import (
    EventRecorder,
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)


@pytest.mark.parametrize("recipe", ["vapo", "dapo", "grpo", "ppo"])
def test_the_same_run_twice_is_the_same_bytes(tmp_path: Path, recipe: str) -> None:
    for name in ("first", "second"):
        trainer.train(new_run(tmp_path / name, small_config(recipe)))
    assert lasting_bytes(tmp_path / "first") == lasting_bytes(tmp_path / "second")


@pytest.mark.parametrize("kills", [(1,), (7,), (9,), (11,), (3, 4, 2, 1, 2)], ids=str)
def test_p23_a_run_killed_anywhere_and_resumed_is_the_uninterrupted_run(
    tmp_path: Path, kills: tuple[int, ...]
) -> None:
    config = small_config()
    whole = trainer.train(new_run(tmp_path / "whole", config))
    path = tmp_path / "killed"
    run = new_run(path, config, KillAfter(kills[0]))
    for following in (*kills[1:], 10**6):
        with pytest.raises(Killed):
            trainer.train(run)
        directory, resumed = RunDirectory.resume(path)
        run = Run.resume(ReferenceBackend(), resumed, directory, KillAfter(following))
    pieced = trainer.train(run)
    assert lasting_bytes(path) == lasting_bytes(tmp_path / "whole")
    for key in ("eval_before", "eval_after", "steps", "stopped"):
        assert pieced[key] == whole[key]


def test_p23_a_line_cut_by_a_kill_and_a_half_written_checkpoint_do_no_harm(tmp_path: Path) -> None:
    config = small_config()
    trainer.train(new_run(tmp_path / "whole", config))
    path = tmp_path / "killed"
    with pytest.raises(Killed):
        trainer.train(new_run(path, config, KillAfter(10)))
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99, "cut of')
    (path / "checkpoints" / ".step_99.partial").mkdir()
    (path / "checkpoints" / ".step_99.partial" / "state.h5").write_bytes(b"half")
    directory, resumed = RunDirectory.resume(path)
    trainer.train(Run.resume(ReferenceBackend(), resumed, directory, SilentObserver()))
    assert lasting_bytes(path) == lasting_bytes(tmp_path / "whole")


def test_the_summary_holds_what_a_reader_of_many_runs_needs(tmp_path: Path) -> None:
    summary = trainer.train(new_run(tmp_path / "run", small_config()))
    assert summary == json.loads((tmp_path / "run" / "summary.json").read_text())
    wanted = {"seed", "recipe", "backend", "steps", "wall_seconds", "tokens_per_second"}
    assert wanted | {"eval_before", "eval_after"} <= summary.keys()
    assert "streaming" not in summary
    assert summary["steps"] == 4
    for scores in (summary["eval_before"], summary["eval_after"]):
        assert set(scores) == {"overall", "arithmetic", "maze"}
        for score in scores.values():
            assert 0.0 <= score["ci_low"] <= score["accuracy"] <= score["ci_high"] <= 1.0
    assert min(summary["tokens_per_second"].values()) > 0.0


def test_p1_micro_batches_do_not_change_a_whole_run(tmp_path: Path) -> None:
    figures = []
    for size in (3, 8):
        config = small_config("vapo", f"algorithm.micro_batch={size}", "precision=float64")
        path = tmp_path / str(size)
        trainer.train(new_run(path, config))
        figures.append(
            [line["reward/accuracy"] for line in metrics_of(path) if "reward/accuracy" in line]
        )
    np.testing.assert_allclose(figures[0], figures[1], rtol=1e-9)


def test_value_pretraining_moves_the_value_model_and_leaves_the_policy_alone(
    tmp_path: Path,
) -> None:
    run = new_run(tmp_path / "run", small_config())
    trainer.supervised(run)
    trainer.finish_sft(run)
    before = run.state
    trainer.pretrain_value(run)
    assert all(
        np.array_equal(before.policy[name], run.state.policy[name]) for name in before.policy
    )
    assert any(
        not np.array_equal(before.value[name], run.state.value[name]) for name in before.value
    )


def test_value_pretraining_stops_at_its_criterion(tmp_path: Path) -> None:
    # An untrained policy solves nothing; the length penalty makes returns that something can be
    # explained of.
    criterion = (
        "value_pretraining.explained_variance=-1000",
        "value_pretraining.steps=50",
        "reward.overlong_share=0.9",
    )
    config = small_config("vapo", *criterion)
    summary = trainer.train(new_run(tmp_path / "run", config))
    assert summary["steps_by_phase"]["value_pretraining"] == trainer.PATIENCE


def test_an_all_truncated_batch_is_a_named_event(tmp_path: Path) -> None:
    listener = EventRecorder()
    trainer.train(
        new_run(tmp_path / "run", small_config("vapo", "rollout.max_response_tokens=1"), listener)
    )
    assert "all_truncated_batch" in listener.events
    assert any("all_truncated_batch" in line["events"] for line in metrics_of(tmp_path / "run"))


def test_a_batch_without_contrast_is_a_named_event_and_moves_no_policy(tmp_path: Path) -> None:
    listener = EventRecorder()
    run = new_run(
        tmp_path / "run",
        small_config("grpo", "supervised.steps=0", "rollout.max_response_tokens=1"),
        listener,
    )
    before = {name: weight.copy() for name, weight in run.state.policy.items()}
    trainer.train(run)
    assert "zero_variance_batch" in listener.events
    assert all(np.array_equal(before[name], run.state.policy[name]) for name in before)


def test_p22_dynamic_sampling_that_cannot_fill_a_batch_ends_rl_by_name_and_still_evaluates(
    tmp_path: Path,
) -> None:
    listener = EventRecorder()
    hopeless = "supervised.steps=0", "rollout.max_response_tokens=1"
    config = small_config("dapo", *hopeless, "algorithm.dynamic_sampling_tries=2")
    summary = trainer.train(new_run(tmp_path / "run", config, listener))
    assert listener.events == ["dynamic_sampling_exhausted"]
    assert summary["stopped"] == "dynamic_sampling_exhausted"
    assert summary["eval_after"]


def alternating(requests: Sequence[Request]) -> list[ScoredRollout]:
    """Every second prompt is solved by half of its samples, the others by all."""
    out = []
    for number, request in enumerate(requests):
        group = number // 4
        accuracy = float(group % 2 == 1 or number % 2 == 0)
        rollout = Rollout(request, (1,), (0.0,), (7,), Finish.EOS)
        out.append(ScoredRollout(rollout, Verdict(Outcome.CORRECT, "", ""), accuracy, accuracy))
    return out


def test_p22_dynamic_sampling_refills_and_keeps_the_surplus_for_the_next_step() -> None:
    config = small_config("dapo", "rollout.prompts=3", "algorithm.mini_batch=4")
    first = collect(config, PromptStreamState(), alternating, lambda: 3)
    assert len(first.groups) == 3 and first.rounds == 2 and not first.exhausted
    assert all(is_useful(group) for group in first.groups)
    assert len(first.state.surplus) == 1
    second = collect(config, first.state, alternating, lambda: 3)
    assert second.groups[0] == first.state.surplus[0]
    assert second.groups[0][0].rollout.weight_versions == (7,)


def test_p22_no_problem_of_the_stream_is_lost_or_repeated() -> None:
    config = small_config("vapo")
    seen: list[int] = []

    def log(requests: Sequence[Request]) -> list[ScoredRollout]:
        seen.extend(request.draw for request in requests if request.sample == 0)
        return alternating(requests)

    state = PromptStreamState()
    for _ in range(3):
        collection: Collection = collect(config, state, log, lambda: 4)
        state = collection.state
    assert seen == list(range(12))


def test_a_length_penalty_does_not_make_a_solved_group_useful() -> None:
    request: Any = None
    rollout = Rollout(request, (1,), (0.0,), (0,), Finish.EOS)
    group = [
        ScoredRollout(rollout, Verdict(Outcome.CORRECT, "", ""), 1.0, value) for value in (1.0, 0.5)
    ]
    assert not is_useful(group)


def test_a_reward_that_is_not_finite_stops_the_run_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_finite: Callable[[ScoredRollout], ScoredRollout] = reward.require_finite
    monkeypatch.setattr(
        reward,
        "require_finite",
        lambda scored: require_finite(replace(scored, reward=float("nan"))),
    )
    with pytest.raises(SeedError) as error:
        trainer.train(new_run(tmp_path / "run", small_config()))
    assert error.value.reason is Reason.REWARD_NOT_FINITE
    assert "reward is nan, must be a finite number" in error.value.line


def test_a_loss_weight_that_the_backend_lacks_is_an_error_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ReferenceBackend, "loss_terms", ("positive",))
    check(small_config("vapo"), ReferenceBackend())
    with pytest.raises(SeedError) as error:
        check(small_config("vapo", "algorithm.kl_weight=0.1"), ReferenceBackend())
    assert error.value.reason is Reason.ILLEGAL_COMBINATION
    assert error.value.line == (
        "algorithm.kl_weight=0.1 has no effect with backend=reference, whose loss has the terms:"
        " positive"
    )


def test_a_verifier_that_fails_stops_the_run_and_is_not_a_wrong_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        verdicts,
        "verify",
        lambda problem, response: Verdict(Outcome.ERROR, "", "ValueError: broken"),
    )
    with pytest.raises(SeedError) as error:
        trainer.train(new_run(tmp_path / "run", small_config()))
    assert error.value.reason is Reason.VERIFIER_FAILED


class Listener(SilentObserver):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.samples: list[Any] = []
        self.moments: list[tuple[str, int, Any]] = []

    def metrics(self, line: Any) -> None:
        self.lines.append(line)

    def sample(self, line: Any) -> None:
        self.samples.append(line)

    def scores(self, moment: str, step: int, scores: Any) -> None:
        self.moments.append((moment, step, scores))


def test_the_observer_is_told_what_the_files_hold(tmp_path: Path) -> None:
    listener = Listener()
    config = small_config("grpo", "run.show=2")
    summary = trainer.train(new_run(tmp_path / "run", config, listener))
    written = metrics_of(tmp_path / "run")
    assert [line["step"] for line in listener.lines] == [line["step"] for line in written]
    assert listener.lines[-1]["reward/mean"] == written[-1]["reward/mean"]
    samples = RunDirectory(tmp_path / "run").read("samples.jsonl")
    assert [line["step"] for line in listener.samples] == [8, 10]  # RL steps 2 and 4
    assert all(line in samples for line in listener.samples)
    # Both families are shown in turn, though every step begins with the same one.
    assert len({line["problem"].split("/")[0] for line in listener.samples}) == 2
    assert listener.moments == [
        ("before", 6, summary["eval_before"]),
        ("after", 10, summary["eval_after"]),
    ]


def test_what_is_shown_changes_no_byte(tmp_path: Path) -> None:
    for name, show in (("never", 0), ("always", 1)):
        config = small_config("grpo", f"run.show={show}")
        trainer.train(new_run(tmp_path / name, config, Listener()))
    contents = [lasting_bytes(tmp_path / name) for name in ("never", "always")]
    assert [content.pop("config.toml") for content in contents]
    assert contents[0] == contents[1]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    config = small_config()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    with pytest.raises(SeedError) as error:
        RunDirectory.create(tmp_path / "taken", config)
    assert error.value.reason is Reason.RUN_DIRECTORY_IN_USE
    assert (tmp_path / "taken" / "mine.txt").read_text() == "mine"


def test_every_token_carries_the_version_of_the_weights_that_drew_it(tmp_path: Path) -> None:
    trainer.train(new_run(tmp_path / "run", small_config()))
    versions = []
    for path in rollout_files(tmp_path / "run"):
        with h5py.File(path) as file:
            versions += [set(step["weight_versions"][()]) for step in file.values()]
    # 6 SFT steps, then two mini-batches of policy updates a step.
    assert versions == [{6}, {8}, {10}, {12}]


def test_a_moved_run_directory_can_be_resumed(tmp_path: Path) -> None:
    config = small_config()
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "here", config, KillAfter(9)))
    shutil.move(tmp_path / "here", tmp_path / "there")
    directory, resumed = RunDirectory.resume(tmp_path / "there")
    assert (
        trainer.train(Run.resume(ReferenceBackend(), resumed, directory, SilentObserver()))["steps"]
        == 4
    )
