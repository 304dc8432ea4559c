"""Properties of the files of rollouts: one per interval, never rewritten; old ones are read."""

import errno
from pathlib import Path
from typing import Any

import h5py
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.training import rollout_files, trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.errors import SeedError
from seed.spec.observer import SilentObserver
from tests.support.kill_points import content_of, left_by_kills, put
from tests.support.small_runs import KillAfter, Killed, lasting_bytes, new_run, small_config

SHORT = (
    *("supervised.steps=1", "value_pretraining.steps=0", "rollout.steps=5", "rollout.prompts=2"),
    *("rollout.samples_per_prompt=2", "algorithm.mini_batch=4", "evaluation.problems=2"),
    *("evaluation.samples=1", "rollout.max_response_tokens=8", "data.demonstrations=8"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rollouts") / "whole"
    trainer.train(new_run(path, small_config("vapo", *SHORT)))
    return path


def groups(path: Path) -> list[str]:
    with h5py.File(path) as file:
        return list(file)


def resume(path: Path) -> Run[Any]:
    directory, config = RunDirectory.resume(path)
    return Run.resume(ReferenceBackend(), config, directory, SilentObserver())


def test_each_checkpoint_adds_one_file_with_the_steps_since_the_one_before(whole: Path) -> None:
    files = rollout_files.rollout_files(whole)
    names = ["steps_000002-000003.h5", "steps_000004-000005.h5", "steps_000006-000006.h5"]
    assert [path.name for path in files] == names
    assert [groups(path) for path in files] == [
        ["step_2", "step_3"],
        ["step_4", "step_5"],
        ["step_6"],
    ]


def test_a_published_file_is_not_written_again(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    path = tmp_path / "run"
    run = new_run(path, small_config("vapo", *SHORT))

    def look() -> None:
        for file in path.glob("rollouts/*.h5"):
            assert seen.setdefault(file.name, file.stat().st_ino) == file.stat().st_ino

    run.after_save = look
    trainer.train(run)
    assert len(seen) == 3


def as_earlier_version(path: Path) -> None:
    """Put all rollouts into one ``rollouts.h5``."""
    with h5py.File(path / rollout_files.OLD_FILE, "w") as old:
        for file in sorted(path.glob("rollouts/*.h5")):
            with h5py.File(file) as part:
                for name in part:
                    part.copy(name, old)
            file.unlink()
    (path / "rollouts").rmdir()


def test_a_run_of_an_earlier_version_goes_on_whatever_kill_comes(
    tmp_path: Path, whole: Path
) -> None:
    path = tmp_path / "old"
    with pytest.raises(Killed):
        trainer.train(new_run(path, small_config("vapo", *SHORT), KillAfter(4)))
    as_earlier_version(path)
    # The kill came between the rollouts of the next checkpoint and the checkpoint.
    with h5py.File(path / rollout_files.OLD_FILE, "a") as old:
        old.copy("step_3", "step_5")
    kills = left_by_kills(path, lambda: resume(path))
    assert [file.name for file in rollout_files.rollout_files(path)] == ["steps_000002-000003.h5"]
    assert len(kills) > 5
    for number, content in enumerate([*kills[::3], content_of(path)]):
        again = tmp_path / f"again_{number}"
        put(content, again)
        trainer.train(resume(again))
        assert lasting_bytes(again) == lasting_bytes(whole)


def test_a_full_disk_leaves_no_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path / "run", small_config("vapo", *SHORT))
    monkeypatch.setattr("seed.spec.hdf5_files._Guarded.write", _full)
    with pytest.raises(SeedError, match="No space left"):
        trainer.train(run)
    assert not list(tmp_path.rglob("*.h5")) and not list(tmp_path.rglob(".*partial"))


def _full(file: Any, buffer: Any) -> int:
    file.failure = OSError(errno.ENOSPC, "No space left on device")
    return len(buffer)
