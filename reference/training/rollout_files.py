"""All responses of RL: a file per interval between checkpoints, published once, never rewritten.

    rollouts/steps_000011-000030.h5   the RL steps 11 to 30; a group ``step_N`` for each

Steps are counted over all phases. So a checkpoint costs what its own steps hold, however long the
run is. Intervals end at checkpoints: a resume deletes whole files and cuts none. Earlier
versions had one file ``rollouts.h5`` with the same groups; it is read, and a resume moves its
content into the folder.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from seed.spec.atomic_files import remove_atomically, sweep, temporary_path
from seed.spec.datatypes import ScoredRollout
from seed.spec.errors import Reason, SeedError
from seed.spec.hdf5_files import new_hdf5_file

FOLDER = "rollouts"
OLD_FILE = "rollouts.h5"
NAME = re.compile(r"steps_(\d+)-(\d+)\.h5")


def rollout_files(run: Path) -> list[Path]:
    """The files of a run that hold rollouts, the oldest steps first.

    Each has groups ``step_N``; see ``docs/run-directory.md``.
    """
    old = run / OLD_FILE
    named = [path for path in (run / FOLDER).glob("*.h5") if NAME.fullmatch(path.name)]
    return [*([old] if old.is_file() else []), *sorted(named, key=_interval)]


def publish(run: Path, steps: Mapping[int, Sequence[ScoredRollout]]) -> None:
    """Write the rollouts of the steps since the last checkpoint as a file of their own.

    Args:
        run: The run directory.
        steps: Step -> its rollouts, ascending; nothing is written if there are none.

    Raises:
        OSError: The file cannot be written; nothing is left of it.
    """
    if not steps:
        return
    path = _path(run, list(steps))
    path.parent.mkdir(exist_ok=True)
    with temporary_path(path) as temporary, new_hdf5_file(temporary) as file:
        for step, scored in steps.items():
            _write(file.create_group(f"step_{step}"), scored)


def drop_after(run: Path, step: int) -> None:
    """Delete the rollouts of the steps after a checkpoint, and what a kill left half-written.

    Raises:
        SeedError: UNREADABLE_FILE if a file that holds earlier and later steps is damaged.
    """
    sweep(run / FOLDER)
    for path in rollout_files(run):
        first, last = _interval(path)
        if first > step:
            remove_atomically(path)
        elif path.name == OLD_FILE or last > step:
            _keep_until(path, step)


def _keep_until(path: Path, step: int) -> None:
    """Put the steps up to ``step`` into a file of their own, then delete the one that has more.

    That is ``rollouts.h5``, or what was made of it.
    """
    run = path.parent if path.name == OLD_FILE else path.parent.parent
    kept = {number: arrays for number, arrays in _steps_in(path) if number <= step}
    if kept:
        target = _path(run, list(kept))
        target.parent.mkdir(exist_ok=True)
        with temporary_path(target) as temporary, new_hdf5_file(temporary) as file:
            for number, arrays in sorted(kept.items()):
                group = file.create_group(f"step_{number}")
                for name, array in arrays.items():
                    group.create_dataset(name, data=array)
    remove_atomically(path)


def _steps_in(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and arrays of each step of a file."""
    try:
        with h5py.File(path, "r") as file:
            for name, group in file.items():
                number = int(name.removeprefix("step_"))
                yield number, {key: data[()] for key, data in group.items()}
    except (OSError, RuntimeError, KeyError) as error:
        line = f"{path} is damaged: {error}; move it away to go on without its rollouts"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None


def _path(run: Path, steps: Sequence[int]) -> Path:
    return run / FOLDER / f"steps_{min(steps):06}-{max(steps):06}.h5"


def _interval(path: Path) -> tuple[int, int]:
    """First and last step of a file by its name; 0 and 0 for ``rollouts.h5``."""
    match = NAME.fullmatch(path.name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _write(group: Any, scored: Sequence[ScoredRollout]) -> None:
    """One step's rollouts: flat token arrays with lengths, and one entry per response."""
    rollouts = [item.rollout for item in scored]
    flat: dict[str, tuple[list[Any], Any]] = {
        "prompt_tokens": ([r.request.prompt_tokens for r in rollouts], np.int32),
        "response_tokens": ([r.response_tokens for r in rollouts], np.int32),
        "log_probs": ([r.log_probs for r in rollouts], np.float64),
        "weight_versions": ([r.weight_versions for r in rollouts], np.int32),
    }
    for name, (rows, dtype) in flat.items():
        group.create_dataset(name, data=np.concatenate([np.asarray(row, dtype) for row in rows]))
    group.create_dataset(
        "prompt_lengths", data=np.array([len(r.request.prompt_tokens) for r in rollouts])
    )
    group.create_dataset(
        "response_lengths", data=np.array([len(r.response_tokens) for r in rollouts])
    )
    group.create_dataset("reward", data=np.array([item.reward for item in scored]))
    group.create_dataset("accuracy", data=np.array([item.accuracy for item in scored]))
    group.create_dataset("problem", data=[r.request.problem.id for r in rollouts])
    group.create_dataset("finish", data=[str(r.finish) for r in rollouts])
