"""Properties of a run that starts from a checkpoint: new in everything but its weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed.conformance.outside_folders import write
from seed.reference.backend import ReferenceBackend
from seed.reference.pretrained.folder import identity
from seed.reference.training import trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory, find_checkpoint
from seed.reference.training.start import located, with_start
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.model_folders import config_from
from tests.support.small_runs import (
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

NO_SFT = "supervised.steps=0"
BACKEND = ReferenceBackend()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished VAPO run. No test changes it."""
    path = tmp_path_factory.mktemp("runs") / "trained"
    trainer.train(new_run(path, small_config()))
    return path


def started(path: Path, recipe: str = "vapo", *overrides: str) -> Config:
    """The configuration of a small run that starts from a checkpoint."""
    settings = (f"start.checkpoint={path}", NO_SFT, *overrides)
    return with_start(small_config(recipe, *settings), BACKEND)


def saved(path: Path) -> Any:
    """The state of a checkpoint."""
    return BACKEND.restore(small_config(), find_checkpoint(path))[0]


@pytest.mark.parametrize("kills", [(0,), (1,), (3,)], ids=str)
def test_p23_a_started_run_killed_anywhere_and_resumed_is_the_uninterrupted_run(
    trained: Path, tmp_path: Path, kills: tuple[int, ...]
) -> None:
    config = started(trained)
    whole = trainer.train(new_run(tmp_path / "whole", config))
    path = tmp_path / "killed"
    with pytest.raises(Killed):
        trainer.train(new_run(path, config, KillAfter(kills[0])))
    directory, resumed = RunDirectory.resume(path)
    assert resumed == config
    pieced = trainer.train(Run.resume(BACKEND, resumed, directory, SilentObserver()))
    assert lasting_bytes(path) == lasting_bytes(tmp_path / "whole")
    assert pieced["started_from"] == whole["started_from"] == config.start.model_dump()


def test_the_run_says_where_its_weights_are_from(trained: Path, tmp_path: Path) -> None:
    config = started(trained)
    newest = find_checkpoint(trained)
    assert config.start.checkpoint == str(newest)
    assert config.start.step == int(newest.name.removeprefix("step_"))
    assert config.start.sha256 == read_manifest(newest)["sha256"]
    trainer.train(new_run(tmp_path / "run", config))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["started_from"] == config.start.model_dump()
    assert summary["steps_by_phase"]["supervised"] == 0
    assert "started_from" not in json.loads((trained / "summary.json").read_text())


def test_only_the_weights_are_taken(trained: Path, tmp_path: Path) -> None:
    run, old = new_run(tmp_path / "run", started(trained)), saved(trained)
    for part in ("policy", "value"):
        new, loaded = getattr(run.state, part), getattr(old, part)
        assert new.keys() == loaded.keys()
        assert all(np.array_equal(new[name], loaded[name]) for name in loaded)
    assert run.state.optimizer_step == run.state.policy_optimizer.step == 0
    assert all(not moment.any() for moment in run.state.policy_optimizer.first.values())
    assert old.policy_optimizer.step > 0
    trainer.supervised(run)
    trainer.finish_sft(run)
    assert all(np.array_equal(run.state.value[name], old.value[name]) for name in old.value)
    assert run.state.value_optimizer.step == 0
    assert run.progress.phase == "value_pretraining"


def test_evaluation_before_rl_is_on_the_loaded_weights(trained: Path, tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", started(trained, "vapo", "evaluation.temperature=0.01"))
    scores = trainer.evaluate(run, "before")
    trainer.finish_sft(run)
    assert run.progress.eval_before == scores


def test_another_seed_draws_other_responses(trained: Path, tmp_path: Path) -> None:
    lines = []
    for seed in (1, 2):
        path = tmp_path / str(seed)
        config = started(trained, "grpo", f"seed={seed}", "rollout.steps=1")
        trainer.train(new_run(path, config))
        lines.append((path / "samples.jsonl").read_text())
    assert lines[0] != lines[1]


def test_a_recipe_without_value_model_starts_from_a_run_that_has_one(
    trained: Path, tmp_path: Path
) -> None:
    trainer.train(new_run(tmp_path / "run", started(trained, "grpo", "algorithm.kl_weight=0.01")))
    phases = [line["phase"] for line in metrics_of(tmp_path / "run")]
    assert phases == ["reinforcement"] * 4
    state = BACKEND.restore(small_config("grpo"), find_checkpoint(tmp_path / "run"))[0]
    assert state.value == {}
    loaded = saved(trained)
    assert all(np.array_equal(state.reference_policy[n], loaded.policy[n]) for n in loaded.policy)


def test_a_recipe_with_value_model_starts_from_a_run_that_has_none(tmp_path: Path) -> None:
    trainer.train(new_run(tmp_path / "grpo", small_config("grpo", "rollout.steps=1")))
    run = new_run(tmp_path / "vapo", started(tmp_path / "grpo"))
    assert run.state.value == {}
    trainer.finish_sft(run)
    assert not run.state.value["value_head"].any()
    assert np.array_equal(run.state.value["embedding"], run.state.policy["embedding"])


def test_sft_can_go_on_from_a_checkpoint(trained: Path, tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", started(trained, "vapo", "supervised.steps=2"))
    before = run.state.policy["embedding"].copy()
    trainer.supervised(run)
    assert run.progress.step == 2
    assert not np.array_equal(run.state.policy["embedding"], before)


def test_weights_get_the_precision_of_the_new_run(trained: Path, tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", started(trained, "vapo", "precision=float64"))
    for params in (run.state.policy, run.state.value, run.state.policy_optimizer.first):
        assert {weight.dtype for weight in params.values()} == {np.dtype("float64")}


def test_a_model_of_other_sizes_is_refused_with_the_first_that_differs(trained: Path) -> None:
    with pytest.raises(SeedError) as error:
        started(trained, "vapo", "model.hidden=32", "model.head_width=8")
    assert error.value.reason is Reason.FOREIGN_CHECKPOINT
    assert "has model.hidden=32" in error.value.line and "model.hidden=16" in error.value.line


def test_a_digest_that_does_not_fit_is_refused(trained: Path) -> None:
    with pytest.raises(SeedError, match=r"the configuration wants start\.sha256=0000") as error:
        started(trained, "vapo", f"start.sha256={'0' * 64}")
    assert error.value.reason is Reason.FOREIGN_CHECKPOINT


def test_a_checkpoint_that_changed_since_is_refused_on_resume(
    trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "source")
    config = started(tmp_path / "source")
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "run", config, KillAfter(0)))
    directory, resumed = RunDirectory.resume(tmp_path / "run")
    for checkpoint in (tmp_path / "run" / "checkpoints").iterdir():
        shutil.rmtree(checkpoint)
    manifest = find_checkpoint(tmp_path / "source") / "manifest.json"
    changed = json.loads(manifest.read_text()) | {"sha256": "1" * 64}
    changed.pop("manifest_sha256")
    manifest.write_text(json.dumps(changed))
    with pytest.raises(SeedError, match=r"wants start\.sha256"):
        Run.resume(BACKEND, resumed, directory, SilentObserver())


def test_what_no_run_saved_is_refused(trained: Path, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", trained / "checkpoints"):
        with pytest.raises(SeedError) as error:
            located(small_config("vapo", f"start.checkpoint={path}"))
        assert error.value.reason is Reason.NOT_A_CHECKPOINT
    config = small_config()
    BACKEND.save(BACKEND.initial_state(config), config, {"report": {}}, tmp_path / "reward_model")
    with pytest.raises(SeedError, match="holds no policy that a run saved"):
        located(small_config("vapo", f"start.checkpoint={tmp_path / 'reward_model'}"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder. No test changes it."""
    path = tmp_path_factory.mktemp("models") / "model"
    write("qwen3_moe", path)
    return path


def test_a_run_from_a_model_folder_killed_and_resumed_is_the_uninterrupted_run(
    model: Path, tmp_path: Path
) -> None:
    config = config_from(model)
    whole = trainer.train(new_run(tmp_path / "whole", config))
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "killed", config, KillAfter(1)))
    directory, resumed = RunDirectory.resume(tmp_path / "killed")
    trainer.train(Run.resume(BACKEND, resumed, directory, SilentObserver()))
    assert lasting_bytes(tmp_path / "killed") == lasting_bytes(tmp_path / "whole")
    assert whole["started_from"] == {
        "checkpoint": "",
        "model": str(model),
        "value_model": "",
        "step": 0,
        "sha256": identity(model),
        "value_model_sha256": "",
    }


def test_a_model_folder_that_changed_or_does_not_fit_is_refused(
    model: Path, tmp_path: Path
) -> None:
    config = config_from(model)
    other = config.model.model_copy(update={"norm_epsilon": 1e-3})
    with pytest.raises(SeedError) as caught:
        located(config.model_copy(update={"model": other}))
    assert caught.value.reason is Reason.FOREIGN_MODEL
    assert "a model with model.norm_epsilon=1e-05, the configuration has" in caught.value.line
    with pytest.raises(SeedError) as caught:
        config_from(model, f"start.sha256={'0' * 64}")
    assert caught.value.reason is Reason.FOREIGN_MODEL
    assert f"has sha256 {identity(model)}, the configuration wants" in caught.value.line
    with pytest.raises(SeedError) as caught:
        small_config("grpo", f"start.model={model}", f"start.checkpoint={tmp_path}")
    assert caught.value.reason is Reason.ILLEGAL_COMBINATION
    line = f"start.model={model} must be empty with start.checkpoint={tmp_path}"
    assert caught.value.line.startswith(line)
