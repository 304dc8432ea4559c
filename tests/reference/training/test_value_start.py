"""Properties of ``start.value_model``: the value model starts from a reward model."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed.conformance.outside_folders import write, write_reward_model
from seed.reference.backend import ReferenceBackend
from seed.reference.pretrained.export import CheckpointWeights
from seed.reference.pretrained.folder import Folder, identity
from seed.reference.training import trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory, find_checkpoint
from seed.reference.training.start import with_start
from seed.spec.checkpoint_format import STATE_FILE, read_manifest
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from seed.spec.weight_source import WeightSource
from seed.spec.weights import body_shapes
from tests.support.model_folders import config_from
from tests.support.small_runs import KillAfter, Killed, lasting_bytes, new_run, small_config

BACKEND = ReferenceBackend()
SHORT = ("supervised.steps=2", "rollout.steps=1", "value_pretraining.steps=1")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy and a reward model. No test changes them."""
    path = tmp_path_factory.mktemp("models")
    write("llama", path / "policy")
    write_reward_model("llama", path / "judge")
    return path


@pytest.fixture
def judge(models: Path, tmp_path: Path) -> Path:
    """A copy of the reward model, to be changed."""
    shutil.copytree(models / "judge", tmp_path / "judge")
    return tmp_path / "judge"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint like that of a reward model of ours. No test changes it."""
    path, config = tmp_path_factory.mktemp("saved") / "reward_model", small_config("vapo", "seed=7")
    BACKEND.save(BACKEND.initial_state(config), config, {"report": {}}, path)
    return path


def config_with(models: Path, judge: Path, *overrides: str) -> Config:
    """A small VAPO run from the folder of the policy."""
    settings = ("algorithm.advantage=gae", *SHORT, f"start.value_model={judge}", *overrides)
    return config_from(models / "policy", *settings)


def resumed(path: Path) -> Run[Any]:
    directory, config = RunDirectory.resume(path)
    return Run.resume(BACKEND, config, directory, SilentObserver())


def test_body_and_head_are_those_of_the_reward_model(models: Path, tmp_path: Path) -> None:
    config = config_with(models, models / "judge")
    assert config.start.value_model == str(models / "judge")
    assert config.start.value_model_sha256 == identity(models / "judge")
    run, judge = new_run(tmp_path / "run", config), Folder(models / "judge", is_value=True)
    trainer.finish_sft(run)
    for name in (*body_shapes(config.model), "value_head"):
        np.testing.assert_array_equal(run.state.value[name], judge.read(name))
    assert not run.state.value["value_bias"].any()
    assert run.state.value["embedding"].dtype == config.precision
    assert not np.array_equal(run.state.policy["embedding"], run.state.value["embedding"])


def test_a_folder_without_head_and_a_checkpoint_give_a_body_and_zeros(
    models: Path, checkpoint: Path, tmp_path: Path
) -> None:
    runs: dict[str, tuple[Config, WeightSource]] = {
        "folder": (config_with(models, models / "policy"), Folder(models / "policy")),
        "checkpoint": (
            with_start(small_config("vapo", f"start.value_model={checkpoint}"), BACKEND),
            CheckpointWeights(checkpoint),
        ),
    }
    for name, (config, source) in runs.items():
        run = new_run(tmp_path / name, config)
        trainer.finish_sft(run)
        assert not run.state.value["value_head"].any()
        for weight in body_shapes(config.model):
            np.testing.assert_array_equal(run.state.value[weight], source.read(weight))
    digest = read_manifest(checkpoint)["sha256"]
    assert runs["checkpoint"][0].start.value_model_sha256 == digest


def test_it_takes_the_place_of_the_value_model_of_a_checkpoint(
    checkpoint: Path, tmp_path: Path
) -> None:
    first = small_config("vapo", *SHORT)
    trainer.train(new_run(tmp_path / "first", first))
    overrides = (f"start.checkpoint={tmp_path / 'first'}", f"start.value_model={checkpoint}")
    config = with_start(small_config("vapo", *SHORT, "supervised.steps=0", *overrides), BACKEND)
    run = new_run(tmp_path / "run", config)
    assert run.state.value["value_head"].any()
    trainer.finish_sft(run)
    assert not run.state.value["value_head"].any()
    summary = trainer.train(run)
    assert summary["started_from"] == config.start.model_dump()


@pytest.mark.parametrize("steps", [1, 7])
def test_a_run_killed_anywhere_and_resumed_is_the_uninterrupted_run(
    models: Path, tmp_path: Path, steps: int
) -> None:
    config = config_with(models, models / "judge", "run.checkpoint_every=1")
    trainer.train(new_run(tmp_path / "whole", config))
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "killed", config, KillAfter(steps)))
    trainer.train(resumed(tmp_path / "killed"))
    assert lasting_bytes(tmp_path / "killed") == lasting_bytes(tmp_path / "whole")


def test_a_resume_needs_the_same_reward_model_until_rl_begins(
    models: Path, judge: Path, tmp_path: Path
) -> None:
    config = config_with(models, judge, "run.checkpoint_every=1")
    for name, steps in {"sft": 1, "rl": 7}.items():
        with pytest.raises(Killed):
            trainer.train(new_run(tmp_path / name, config, KillAfter(steps)))
    write_reward_model("llama", judge, seed=2)
    with pytest.raises(SeedError, match=r"wants start\.value_model_sha256=") as caught:
        resumed(tmp_path / "sft")
    assert caught.value.reason is Reason.FOREIGN_MODEL
    shutil.rmtree(judge)
    with pytest.raises(SeedError, match="is neither a model folder"):
        resumed(tmp_path / "sft")
    assert resumed(tmp_path / "rl").progress.phase == "reinforcement"


def test_what_does_not_fit_is_refused_in_one_line(
    models: Path, checkpoint: Path, tmp_path: Path
) -> None:
    write("qwen2", tmp_path / "other")
    write_reward_model("llama", tmp_path / "labels", labels=3)
    shutil.copytree(checkpoint, tmp_path / "damaged")
    (tmp_path / "damaged" / STATE_FILE).write_bytes(b"cut")
    small = ("vapo", *SHORT)
    cases = {
        "other": (
            Reason.FOREIGN_MODEL,
            "has model.query_key_value_bias=True, the configuration has",
        ),
        "labels": (Reason.FOREIGN_MODEL, "score.weight of shape [3, 32]"),
        "missing": (Reason.FOREIGN_MODEL, "is neither a model folder (config.json) nor a"),
    }
    for name, (reason, words) in cases.items():
        with pytest.raises(SeedError) as caught:
            config_with(models, tmp_path / name)
        assert caught.value.reason is reason and words in caught.value.line
    faults = {
        f"start.value_model={tmp_path / 'damaged'}": Reason.DAMAGED_CHECKPOINT,
        f"start.value_model={models / 'judge'}": Reason.FOREIGN_MODEL,
        f"start.value_model={checkpoint},model.norm_epsilon=1e-3": Reason.FOREIGN_CHECKPOINT,
        f"start.value_model={checkpoint},start.value_model_sha256={'0' * 64}": (
            Reason.FOREIGN_CHECKPOINT
        ),
    }
    for overrides, reason in faults.items():
        with pytest.raises(SeedError) as caught:
            with_start(small_config(*small, *overrides.split(",")), BACKEND)
        assert caught.value.reason is reason and caught.value.line.isprintable()


def test_the_newest_checkpoint_of_a_run_serves_and_recipes_without_value_model_read_nothing(
    tmp_path: Path,
) -> None:
    trainer.train(new_run(tmp_path / "run", small_config("grpo", "rollout.steps=1")))
    named = f"start.value_model={tmp_path / 'run'}"
    config = with_start(small_config("vapo", named), BACKEND)
    assert config.start.value_model == str(find_checkpoint(tmp_path / "run"))
    without = with_start(small_config("grpo", f"start.value_model={tmp_path / 'nowhere'}"), BACKEND)
    run = new_run(tmp_path / "other", without)
    trainer.finish_sft(run)
    assert not run.state.value
