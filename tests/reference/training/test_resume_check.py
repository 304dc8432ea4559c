"""Properties of a resume: another run than the one that began is refused, untouched."""

import json
from pathlib import Path
from typing import Any

import pytest

from seed.cli.replay import decisions_follow
from seed.reference.backend import ReferenceBackend
from seed.reference.training import resume_check, trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config_files import to_toml
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.kill_points import Content, content_of, put
from tests.support.small_runs import KillAfter, Killed, lasting_bytes, new_run, small_config

STREAMING = ("rollout.srs_alpha=0.5", "run.checkpoint_every=1")
STEPS = 11


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """A streaming run that was killed in RL."""
    path = tmp_path_factory.mktemp("killed") / "run"
    with pytest.raises(Killed):
        trainer.train(new_run(path, small_config("vapo", *STREAMING), KillAfter(STEPS)))
    return content_of(path)


@pytest.fixture
def path(killed: Content, tmp_path: Path) -> Path:
    """A copy of it."""
    put(killed, tmp_path / "run")
    return tmp_path / "run"


def resumed(path: Path) -> Run[Any]:
    """The run as ``seed run --resume`` opens it."""
    directory, config = RunDirectory.resume(path)
    return Run.resume(ReferenceBackend(), config, directory, SilentObserver())


def user_error(path: Path) -> SeedError:
    """The error of a resume, which changes nothing."""
    before = content_of(path)
    with pytest.raises(SeedError) as raised:
        resumed(path)
    assert content_of(path) == before
    return raised.value


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("seed=2", "seed=2, but"),
        ("policy_optimizer.learning_rate=0.5", "policy_optimizer.learning_rate=0.5, but"),
        ("data.families=['maze']", "data.families=['maze'], but"),
        ("rollout.steps=9", "rollout.steps=9, but"),
        ("supervised.optimizer.beta2=0.5", "supervised.optimizer.beta2=0.5, but"),
        ("data.difficulties.sudoku=[2]", "data.difficulties={'arithmetic': [3], 'maze': [1], "),
    ],
)
def test_an_edited_configuration_is_refused_with_what_differs(
    path: Path, override: str, words: str
) -> None:
    edited = small_config("vapo", *STREAMING, override)
    (path / "config.toml").write_text(to_toml(edited))
    error = user_error(path)
    assert error.reason == Reason.FOREIGN_CHECKPOINT
    assert words in error.line and "what may differ: backend, parallel, run" in error.line
    assert "seed run --from" in error.line


def test_who_computes_and_what_is_written_may_differ(path: Path) -> None:
    edits = ("run.checkpoint_every=3", "run.show=0", "run.keep_checkpoints=9", "parallel.tp=2")
    edited = small_config("vapo", *STREAMING, *edits)
    (path / "config.toml").write_text(to_toml(edited))
    assert resumed(path).progress.step > 0


@pytest.mark.parametrize("kept", [0, 3])
def test_metrics_that_end_before_the_checkpoint_are_refused_with_the_gap(
    path: Path, kept: int
) -> None:
    step = RunDirectory(path).checkpoint_steps()[-1]
    lines = (path / "metrics.jsonl").read_text().splitlines(keepends=True)
    (path / "metrics.jsonl").write_text("".join(lines[:kept]))
    error = user_error(path)
    assert error.reason == Reason.UNREADABLE_FILE
    assert f"lacks {step - kept} of the steps" in error.line
    assert f"step {step}: {kept + 1} to {step};" in error.line


def test_a_schedule_shorter_than_at_the_checkpoint_is_refused(path: Path) -> None:
    (path / "schedule.jsonl").write_bytes((path / "schedule.jsonl").read_bytes()[:50])
    assert "less than at the checkpoint" in user_error(path).line


def test_a_changed_step_of_a_manifest_does_not_go_on_as_another_run(path: Path) -> None:
    steps = RunDirectory(path).checkpoint_steps()
    for step in steps:
        manifest = path / "checkpoints" / f"step_{step}" / "manifest.json"
        content = json.loads(manifest.read_text())
        content["progress"]["step"] -= 1
        manifest.write_text(json.dumps(content, indent=1))
    error = user_error(path)
    assert error.reason == Reason.DAMAGED_CHECKPOINT
    assert error.line.count("does not match its own checksum") == len(steps)


def test_a_manifest_without_a_checksum_of_its_own_is_read(path: Path) -> None:
    for manifest in path.glob("checkpoints/*/manifest.json"):
        content = json.loads(manifest.read_text())
        del content["manifest_sha256"], content["progress"]["schedule_bytes"]
        manifest.write_text(json.dumps(content))
    assert resumed(path).progress.step > 0


def test_other_software_than_the_checkpoints_is_said_in_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = RunDirectory(path).newest_checkpoint()
    assert newest is not None
    saved = read_manifest(newest)["software"]
    assert {"seed", "python", "numpy", "BLAS", "machine"} <= set(saved)
    monkeypatch.setattr(resume_check, "software", lambda backend: saved | {"numpy": "9.9"})
    lines: list[str] = []

    class Lines(SilentObserver):
        def event(self, name: str, line: str) -> None:
            lines.append(f"{name}: {line}")

    directory, config = RunDirectory.resume(path)
    Run.resume(ReferenceBackend(), config, directory, Lines())
    (line,) = lines
    numpy = f"numpy {saved['numpy']} (now 9.9) since {newest} was saved"
    assert line == f"software_differs: {numpy}; this may change last digits of numbers"


def test_p23_a_kill_in_the_final_evaluation_leaves_each_closing_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config("vapo", *STREAMING)
    trainer.train(new_run(tmp_path / "whole", config))
    real = trainer.evaluate

    def killed_after_rl(run: Run[Any], moment: str) -> dict[str, Any]:
        if moment == "after":
            raise Killed
        return real(run, moment)

    path = tmp_path / "killed"
    monkeypatch.setattr(trainer, "evaluate", killed_after_rl)
    with pytest.raises(Killed):
        trainer.train(new_run(path, config))
    for _ in range(2):
        with pytest.raises(Killed):
            trainer.train(resumed(path))
    monkeypatch.setattr(trainer, "evaluate", real)
    trainer.train(resumed(path))
    assert decisions_follow(path)
    assert (path / "schedule.jsonl").read_bytes() == (
        tmp_path / "whole/schedule.jsonl"
    ).read_bytes()
    assert lasting_bytes(path) == lasting_bytes(tmp_path / "whole")
