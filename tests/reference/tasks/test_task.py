"""A run on lines of a file: what it refuses, and that a resume changes nothing."""

import json
from pathlib import Path

import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.tasks.task import problems_of
from seed.reference.training import trainer
from seed.reference.training.run import Run, check
from seed.reference.training.run_directory import RunDirectory
from seed.reference.training.start import with_start
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.small_runs import KillAfter, Killed, lasting_bytes, new_run, small_config

NO_FAMILIES = (
    "model.vocabulary=97",
    "data.families=[]",
    "data.difficulties={}",
    "data.classes={}",
    "data.bare_share=0",
)


def sums(path: Path, worked: bool = True) -> Path:
    """A file of sums in the characters of the smallest model."""
    rows = [
        {"problem": f"A{a}+{b}=", "reference": str(a + b)}
        | ({"demonstration": str(a + b)} if worked else {})
        for a in range(2, 12)
        for b in range(2, 12)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def config_of(path: Path, *overrides: str) -> Config:
    config = small_config("grpo", *NO_FAMILIES, f"data.train=['{path}']", *overrides)
    return with_start(config, ReferenceBackend())


def test_a_run_on_a_file_killed_and_resumed_is_the_uninterrupted_run(tmp_path: Path) -> None:
    config = config_of(sums(tmp_path / "sums.jsonl"), "supervised.steps=2", "rollout.steps=2")
    check(config, ReferenceBackend())
    trainer.train(new_run(tmp_path / "whole", config))
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "killed", config, KillAfter(3)))
    directory, resumed = RunDirectory.resume(tmp_path / "killed")
    trainer.train(Run.resume(ReferenceBackend(), resumed, directory, SilentObserver()))
    assert lasting_bytes(tmp_path / "killed") == lasting_bytes(tmp_path / "whole")


def test_sft_without_demonstrations_is_refused(tmp_path: Path) -> None:
    path = sums(tmp_path / "sums.jsonl", worked=False)
    with pytest.raises(SeedError, match=r"supervised.steps=6 must be 0") as caught:
        check(config_of(path), ReferenceBackend())
    assert caught.value.reason is Reason.ILLEGAL_COMBINATION
    check(config_of(path, "supervised.steps=0"), ReferenceBackend())


def test_a_changed_file_is_refused_by_a_resumed_run(tmp_path: Path) -> None:
    path = sums(tmp_path / "sums.jsonl")
    config = config_of(path, "seed=77")  # no other test has read the file
    path.write_text(path.read_text() + "\n")
    with pytest.raises(SeedError, match="put the file back"):
        problems_of(config)


def test_a_reward_function_needs_no_reference(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"prompt": "A{n}="}}\n' for n in range(40)))
    function = tmp_path / "mine.py"
    function.write_text("def score(response):\n    return 1.0\n")
    with pytest.raises(SeedError, match=r"no reward function"):
        problems_of(config_of(path))
    config = config_of(path, f"reward.functions={{'{function}:score' = 1}}")
    assert problems_of(config).training(0).instance["domain"] == "custom"


def test_characters_have_no_shots(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"data.shots=2 needs tokenizer.path"):
        problems_of(config_of(sums(tmp_path / "sums.jsonl"), "data.shots=2"))
