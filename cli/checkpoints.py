"""Checkpoints as a user names them: a checkpoint itself, or a run directory for its newest one."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.cli.backends import open_backend
from seed.reference.tasks.problems import check_families
from seed.reference.training.kept_model import with_kept_model
from seed.reference.training.run_directory import find_checkpoint, older_offered
from seed.spec.backend import Backend
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.config_files import merged, validated


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
        with older_offered(checkpoint):
            state, progress = backend.restore(config, checkpoint)
        yield Restored(checkpoint, config, backend, state, dict(progress))


def checkpoint_config(checkpoint: Path, overrides: Sequence[str]) -> Config:
    """The configuration of a checkpoint with overrides."""
    with older_offered(checkpoint):
        manifest = read_manifest(checkpoint)
    config = validated(merged(manifest["config"], overrides))
    if overrides:
        check_families(config.data)
    return with_kept_model(config, checkpoint.resolve().parents[1])
