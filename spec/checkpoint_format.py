"""Checkpoints: one HDF5 file of arrays and one manifest with its checksum, published by a rename.

    checkpoints/step_N/state.h5        every array, bit by bit
    checkpoints/step_N/manifest.json   format, SHA-256 of state.h5 and of itself, configuration,
                                       progress, versions of the software

A kill at any moment leaves either the whole checkpoint or none; a flipped bit, a cut file and
a folder of something else are refused before anything is used.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from seed.spec.atomic_files import temporary_path
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.hdf5_files import new_hdf5_file
from seed.spec.renames import CHECKPOINT_PARTS, current_progress, current_settings
from seed.spec.software import software

FORMAT = "seed-checkpoint-2"
"""Format 1 has other names for some entries (``spec.renames``); it is read and not written."""
READABLE = ("seed-checkpoint-1", FORMAT)
STATE_FILE = "state.h5"
MANIFEST_FILE = "manifest.json"
OWN_CHECKSUM = "manifest_sha256"
"""Entry of the manifest: the checksum of all its other entries. Earlier versions have none."""


def save(
    directory: Path, entries: Iterable[tuple[str, Any]], config: Config, progress: Mapping[str, Any]
) -> None:
    """Publish a checkpoint at once or not at all.

    Args:
        directory: Where it will appear. An existing one is replaced.
        entries: ``part/name`` and array, one after the other, and numbers such as
            ``policy_optimizer.step``.
        config: Stored so that a checkpoint explains itself.
        progress: Plain JSON values of the trainer.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with temporary_path(directory) as temporary:
        temporary.mkdir()
        steps = {}
        with new_hdf5_file(temporary / STATE_FILE) as file:
            for name, value in entries:
                if isinstance(value, np.ndarray):
                    file.create_dataset(name, data=value)
                elif name.endswith(".step"):
                    steps[name.removesuffix(".step")] = value
        manifest = {
            "format": FORMAT,
            "sha256": _checksum(temporary / STATE_FILE),
            "config": config.model_dump(mode="json"),
            "progress": {**progress, "steps": steps},
            "software": software(config.backend),
        }
        text = json.dumps(manifest | {OWN_CHECKSUM: _digest(manifest)}, indent=1)
        (temporary / MANIFEST_FILE).write_text(text, encoding="utf-8")


@contextlib.contextmanager
def open_checkpoint(directory: Path, config: Config) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Verify a checkpoint and open its file, to be read weight by weight.

    Args:
        directory: A ``step_N`` folder.
        config: The model sizes it must fit.

    Yields:
        The groups of the HDF5 file by part, with a dataset per name, and the trainer's progress.

    Raises:
        SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT or FOREIGN_CHECKPOINT.
    """
    manifest = read_manifest(directory)
    check_sizes(directory, manifest, config)
    state_file = check_state(directory, manifest)
    with h5py.File(state_file, "r") as file:
        parts = {CHECKPOINT_PARTS.get(name, name): group for name, group in file.items()}
        yield parts, manifest["progress"]


def check_state(directory: Path, manifest: Mapping[str, Any]) -> Path:
    """Verify the arrays of a checkpoint against its manifest.

    Returns:
        Their file.

    Raises:
        SeedError: DAMAGED_CHECKPOINT.
    """
    state_file = directory / STATE_FILE
    if not state_file.is_file():
        raise SeedError(Reason.DAMAGED_CHECKPOINT, f"{state_file} is missing")
    if _checksum(state_file) != manifest["sha256"]:
        raise SeedError(
            Reason.DAMAGED_CHECKPOINT,
            f"{state_file} does not match the checksum in {MANIFEST_FILE}: cut off or changed",
        )
    return state_file


def check_sizes(directory: Path, manifest: Mapping[str, Any], config: Config) -> None:
    """Refuse a checkpoint of another model, with the first setting that differs.

    Raises:
        SeedError: FOREIGN_CHECKPOINT.
    """
    for name, wanted in config.model.model_dump(mode="json").items():
        default = type(config.model).model_fields[name].default
        saved = manifest["config"]["model"].get(name, default)
        if saved != wanted:
            raise SeedError(
                Reason.FOREIGN_CHECKPOINT,
                f"{directory} holds a model with model.{name}={saved}, the configuration has"
                f" model.{name}={wanted}",
            )


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a checkpoint, refused unless it is ours and whole."""
    path = directory / MANIFEST_FILE
    if not path.is_file():
        raise SeedError(
            Reason.NOT_A_CHECKPOINT, f"{directory} is not a checkpoint: it has no {MANIFEST_FILE}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise SeedError(
            Reason.DAMAGED_CHECKPOINT, f"{path} is not readable JSON: cut off or changed"
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") not in READABLE:
        raise SeedError(Reason.FOREIGN_CHECKPOINT, f"{path} does not say format {FORMAT!r}")
    if OWN_CHECKSUM in manifest and manifest.pop(OWN_CHECKSUM) != _digest(manifest):
        line = f"{path} does not match its own checksum: it was changed"
        raise SeedError(Reason.DAMAGED_CHECKPOINT, line)
    manifest["config"] = current_settings(manifest["config"])
    manifest["progress"] = current_progress(manifest["progress"])
    return manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the content of a manifest, however its JSON is laid out."""
    content = json.loads(json.dumps(manifest))  # JSON turns the numbers of keys into text
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
