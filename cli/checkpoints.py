"""Checkpoints as a user names them: a checkpoint itself, or a run directory for its newest one."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.cli.backends import open_backend
from seed.reference.training.run_directory import RunDirectory
from seed.spec.backend import Backend
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.config_files import merged, validated
from seed.spec.errors import Reason, SeedError


@dataclass(frozen=True)
class Restored:
    """A checkpoint that is loaded."""

    path: Path
    config: Config
    backend: Backend[Any]
    state: Any
    progress: dict[str, Any]


@contextlib.contextmanager
def restored(path: Path, overrides: Sequence[str]) -> Iterator[Restored]:
    """Load a checkpoint into the backend of its configuration, with overrides.

    Raises:
        SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT, UNKNOWN_KEY,
            ILLEGAL_VALUE, ILLEGAL_COMBINATION, BACKEND_MISSING.
    """
    checkpoint = find_checkpoint(path)
    config = checkpoint_config(checkpoint, overrides)
    with open_backend(config, trains=False) as backend:
        state, progress = backend.restore(config, checkpoint)
        yield Restored(checkpoint, config, backend, state, dict(progress))


def find_checkpoint(path: Path) -> Path:
    """The folder itself if it is a checkpoint, else the newest checkpoint of that run directory."""
    if not path.is_dir():
        line = f"{path} is not a folder; give a checkpoints/step_N or a run directory"
        raise SeedError(Reason.NOT_A_CHECKPOINT, line)
    return RunDirectory(path).newest_checkpoint() or path


def checkpoint_config(checkpoint: Path, overrides: Sequence[str]) -> Config:
    """The configuration of a checkpoint with overrides."""
    return validated(merged(read_manifest(checkpoint)["config"], overrides))
