"""Properties of ``seed eval``: it scores sound checkpoints and refuses all others."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import assert_user_error, run, succeeded


def newest_checkpoint(path: Path) -> Path:
    return max((path / "checkpoints").iterdir(), key=lambda step: int(step.name[5:]))


@pytest.fixture
def checkpoint(finished: Path, tmp_path: Path) -> Path:
    """A copy of the newest checkpoint that a test may damage."""
    newest = newest_checkpoint(finished)
    copy = tmp_path / newest.name
    copy.mkdir()
    for file in newest.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def test_a_checkpoint_and_a_run_directory_are_evaluated(finished: Path) -> None:
    for target in (finished, newest_checkpoint(finished)):
        output = succeeded("eval", target, "evaluation.samples=3").output
        assert "avg@3" in output and "pass@3" in output and "overall" in output
        assert f"{newest_checkpoint(finished)}, after step" in output


def test_out_holds_scores_that_follow_from_its_problems(finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    printed = succeeded("eval", finished, "evaluation.samples=3", "--out", file).stdout
    assert printed == succeeded("eval", finished, "evaluation.samples=3").stdout
    record = json.loads(file.read_text())
    assert record["checkpoint"] == str(newest_checkpoint(finished))
    assert record["config"]["evaluation"]["samples"] == 3 and record["seed"] == 1
    shares = [problem["correct"] / problem["samples"] for problem in record["problems"]]
    assert record["scores"]["overall"]["accuracy"] == pytest.approx(sum(shares) / len(shares))
    assert record["scores"]["overall"]["n"] == len(shares) == 8


def test_out_never_overwrites(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    assert_user_error(run("eval", finished, "--out", tmp_path / "mine"), "file-exists")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_truncated_checkpoint_is_refused(checkpoint: Path) -> None:
    (checkpoint / "state.h5").write_bytes((checkpoint / "state.h5").read_bytes()[:-100])
    assert_user_error(run("eval", checkpoint), "damaged-checkpoint", "does not match the checksum")


def test_one_flipped_bit_of_a_checkpoint_is_refused(checkpoint: Path) -> None:
    content = bytearray((checkpoint / "state.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (checkpoint / "state.h5").write_bytes(content)
    assert_user_error(run("eval", checkpoint), "damaged-checkpoint")


@pytest.mark.parametrize("manifest", ["{}", '{"format": "pickle"}', "[1]", "not json"])
def test_a_foreign_manifest_is_refused(checkpoint: Path, manifest: str) -> None:
    (checkpoint / "manifest.json").write_text(manifest)
    assert_user_error(run("eval", checkpoint), "manifest.json")


def test_a_checkpoint_of_another_model_is_refused(finished: Path) -> None:
    result = run("eval", finished, "model.layers=2")
    assert_user_error(result, "foreign-checkpoint", "model.layers=1", "model.layers=2")


@pytest.mark.parametrize("path", ["missing", "."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, path: str) -> None:
    assert_user_error(run("eval", tmp_path / path), "not-a-checkpoint")
