"""Properties of a run's files: a kill before any file call leaves a run that goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import seed
from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.rollout_files import OLD_FILE, rollout_files
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory, needed_snapshots
from seed.spec import atomic_files
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.kill_points import Content, content_of, left_by_kills, put
from tests.support.small_runs import SMALL, KillAfter, Killed, lasting_bytes, new_run, small_config

SHORT = (
    *("supervised.steps=2", "value_pretraining.steps=1", "rollout.steps=2", "rollout.prompts=2"),
    *("evaluation.problems=2", "evaluation.samples=1", "run.checkpoint_every=1"),
    *("rollout.samples_per_prompt=2", "algorithm.mini_batch=4", "run.keep_checkpoints=1"),
    *("data.demonstrations=8", "rollout.max_response_tokens=8"),
)
STREAMING = ("rollout.srs_alpha=0.5", "rollout.continue_with=snapshot")
POINTS = 9
"""Kills that a test tries, of the many that differ."""


class EventLines(SilentObserver):
    """Keeps events with their lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def event(self, name: str, line: str) -> None:
        self.lines.append(f"{name}: {line}")


def go_on(path: Path, config: Config) -> None:
    """What a user does after a kill: resume, or start again if the run had not begun."""
    try:
        directory, stored = RunDirectory.resume(path)
    except SeedError as error:
        assert "--out" in error.line
        trainer.train(new_run(path, config))
        return
    trainer.train(Run.resume(ReferenceBackend(), stored, directory, SilentObserver()))


def spread(contents: list[Content], count: int) -> list[Content]:
    """Some of a list, evenly."""
    chosen = np.linspace(0, len(contents) - 1, min(count, len(contents))).astype(int)
    return [contents[number] for number in chosen]


@pytest.mark.parametrize(
    ("overrides", "exchanges"),
    [((), True), ((), False), (STREAMING, True)],
    ids=["synchronous", "two renames for a swap", "streaming"],
)
def test_p23_a_kill_before_any_file_call_of_a_run_or_its_resume_leaves_a_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: tuple[str, ...], exchanges: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(atomic_files, "_exchange", lambda *_: False)
    config = small_config("vapo", *SHORT, *overrides)
    whole = tmp_path / "whole"
    kills = left_by_kills(whole, lambda: trainer.train(new_run(whole, config)))
    expected = lasting_bytes(whole)
    middle = tmp_path / "middle"
    put(kills[2 * len(kills) // 3], middle)
    second_kills = left_by_kills(middle, lambda: go_on(middle, config))
    assert len(kills) > 60 and len(second_kills) > 20
    chosen = [*spread(kills, POINTS), *spread(second_kills, POINTS // 2)]
    for number, content in enumerate(chosen):
        path = tmp_path / f"killed_{number}"
        put(content, path)
        go_on(path, config)
        assert lasting_bytes(path) == expected, f"kill {number}"
        assert sorted(content_of(path)) == sorted(content_of(whole)), f"kill {number}"
        assert content_of(path).get("schedule.jsonl") == content_of(whole).get("schedule.jsonl")


def start_and_kill(path: Path, steps: int, *overrides: str) -> Config:
    """A run that is killed after some steps."""
    config = small_config("vapo", *SHORT, *overrides)
    with pytest.raises(Killed):
        trainer.train(new_run(path, config, KillAfter(steps)))
    return config


def damage(file: Path) -> None:
    """Flip one bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("file", ["state.h5", "manifest.json"])
def test_a_damaged_checkpoint_is_named_and_the_newest_whole_one_is_used(
    tmp_path: Path, file: str
) -> None:
    path = tmp_path / "run"
    config = start_and_kill(path, 5, "run.keep_checkpoints=2")
    trainer.train(new_run(tmp_path / "whole", config))
    assert RunDirectory(path).checkpoint_steps()[-2:] == [3, 4]
    target = path / "checkpoints" / "step_4" / file
    target.write_bytes(target.read_bytes()[:100])
    directory, stored = RunDirectory.resume(path)
    observer = EventLines()
    run = Run.resume(ReferenceBackend(), stored, directory, observer)
    (line,) = observer.lines
    assert line.startswith("checkpoint_damaged") and str(target) in line and "step_3" in line
    assert (path / "checkpoints" / "damaged_step_4").is_dir() and run.progress.step == 3
    trainer.train(run)
    expected = lasting_bytes(tmp_path / "whole")
    assert expected.items() <= lasting_bytes(path).items()


@pytest.mark.parametrize("damaged", ["checkpoint", "snapshot"])
def test_an_older_checkpoint_has_the_snapshots_that_its_samples_go_on_with(
    tmp_path: Path, damaged: str
) -> None:
    path = tmp_path / "run"
    overrides = (*STREAMING, "run.keep_checkpoints=2", "rollout.steps=4")
    config = start_and_kill(path, 6, *overrides)
    trainer.train(new_run(tmp_path / "whole", config))
    newest, older = RunDirectory(path).checkpoint_steps()[:-3:-1]
    versions = {
        step: needed_snapshots(read_manifest(RunDirectory(path).checkpoint_directory(step)))
        for step in (newest, older)
    }
    assert versions[older] and versions[older] != versions[newest]
    if damaged == "checkpoint":
        damage(path / "checkpoints" / f"step_{newest}" / "state.h5")
    else:
        (only,) = {*versions[newest]} - {*versions[older]}
        damage(path / "snapshots" / f"policy_version_{only}" / "state.h5")
    go_on(path, config)
    assert (path / "checkpoints" / f"damaged_step_{newest}").is_dir()
    assert lasting_bytes(tmp_path / "whole").items() <= lasting_bytes(path).items()


def test_where_the_newest_checkpoint_is_damaged_its_readers_offer_an_older_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    start_and_kill(path, 5, "run.keep_checkpoints=2")
    damage(path / "checkpoints" / "step_4" / "state.h5")
    offer = f"step_4/state.h5 does not match .*; the newest whole one is {path}/checkpoints/step_3"
    with pytest.raises(SeedError, match=offer):
        seed.evaluate(path)
    with pytest.raises(SeedError, match=offer):
        seed.generate(path / "checkpoints" / "step_4", ["1+1="])
    start = load_config("tiny", "vapo", [f"start.checkpoint={path}", *SMALL, *SHORT])
    with pytest.raises(SeedError, match=offer):
        seed.train(start, tmp_path / "another")
    assert not (tmp_path / "another").exists()


def test_without_an_observer_python_warns_of_what_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "run"
    start_and_kill(path, 5, "run.keep_checkpoints=2")
    damage(path / "checkpoints" / "step_4" / "state.h5")
    with pytest.warns(UserWarning, match=r"step_4.*damaged_step_N; continuing from .*step_3"):
        seed.resume(path)


def test_if_every_checkpoint_is_damaged_the_line_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run"
    start_and_kill(path, 2)
    for state in path.glob("checkpoints/step_*/state.h5"):
        damage(state)
    before = content_of(path)
    directory, stored = RunDirectory.resume(path)
    with pytest.raises(SeedError, match="another --out") as raised:
        Run.resume(ReferenceBackend(), stored, directory, SilentObserver())
    assert raised.value.reason == Reason.DAMAGED_CHECKPOINT
    assert content_of(path) == before


def test_a_damaged_rollout_file_of_an_earlier_version_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "run"
    start_and_kill(path, 5)
    (file,) = rollout_files(path)[-1:]
    (path / OLD_FILE).write_bytes(file.read_bytes()[:200])
    directory, stored = RunDirectory.resume(path)
    with pytest.raises(SeedError, match=r"rollouts.h5 is damaged.*move it away"):
        Run.resume(ReferenceBackend(), stored, directory, SilentObserver())


def test_names_that_no_checkpoint_has_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run"
    config = start_and_kill(path, 2)
    for name in ("step_24.bak", "step_24.tar.gz", "step_x"):
        (path / "checkpoints" / name).mkdir()
    go_on(path, config)
    assert (path / "checkpoints" / "step_24.bak").is_dir()


REAL = """
import os, signal, sys
from pathlib import Path
from seed.reference.training import trainer
from seed.reference.training.rollout_files import OLD_FILE, rollout_files
from tests.reference.training.test_run_directory import SHORT
from tests.support.small_runs import new_run, small_config
left, real = int(sys.argv[2]), os.fsync
def flushed(descriptor):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)
os.fsync = flushed
trainer.train(new_run(Path(sys.argv[1]), small_config("vapo", *SHORT)))
"""


def test_p23_a_real_sigkill_between_writing_and_publishing_leaves_a_run_that_goes_on(
    tmp_path: Path,
) -> None:
    config = small_config("vapo", *SHORT)
    trainer.train(new_run(tmp_path / "whole", config))
    path = tmp_path / "killed"
    command = [sys.executable, "-c", REAL, str(path), "17"]
    ended = subprocess.run(command, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, check=False)
    assert ended.returncode == -signal.SIGKILL
    go_on(path, config)
    assert lasting_bytes(path) == lasting_bytes(tmp_path / "whole")
