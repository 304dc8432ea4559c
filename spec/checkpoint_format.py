"""Checkpoints: one HDF5 file of arrays and one manifest with its checksum, written aside and
published by a rename.

    checkpoints/step_N/state.h5        every array, bit by bit
    checkpoints/step_N/manifest.json   format, SHA-256 of state.h5, configuration, progress

A kill at any moment leaves either the whole checkpoint or none; a flipped bit, a cut file and
somebody else's folder are refused before anything is used.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from seed.spec.config import Config
from seed.spec.datatypes import Array
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import CHECKPOINT_PARTS, current_progress, current_settings

FORMAT = "seed-checkpoint-2"
"""Format 1 has other names for some entries (``spec.renames``); it is read and not written."""
READABLE = ("seed-checkpoint-1", FORMAT)
STATE_FILE = "state.h5"
MANIFEST_FILE = "manifest.json"


def flatten(state: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dataclasses and mappings of arrays as one mapping ``part/name -> array or number``."""
    items = (
        {field.name: getattr(state, field.name) for field in fields(state)}
        if is_dataclass(state)
        else dict(state)
    )
    flat: dict[str, Any] = {}
    for name, value in items.items():
        if is_dataclass(value):
            flat |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, Mapping):
            flat |= {f"{prefix}{name}/{key}": array for key, array in value.items()}
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def unflatten(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Undo ``flatten``: ``part/name -> array`` becomes ``part -> {name: array}``."""
    parts: dict[str, dict[str, Array]] = {}
    for path, array in arrays.items():
        part, _, name = path.partition("/")
        parts.setdefault(part, {})[name] = array
    return parts


def save(
    directory: Path, entries: Iterable[tuple[str, Any]], config: Config, progress: Mapping[str, Any]
) -> None:
    """Write a checkpoint beside its place, then rename it into place.

    Args:
        directory: Where it will appear. An existing one is replaced.
        entries: ``part/name`` and array, one after the other, and numbers such as
            ``policy_optimizer.step``.
        config: Stored so that a checkpoint explains itself.
        progress: Plain JSON values of the trainer.
    """
    aside = directory.with_name(f".{directory.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    steps = {}
    with h5py.File(aside / STATE_FILE, "w", track_order=True) as file:
        for name, value in entries:
            if isinstance(value, np.ndarray):
                file.create_dataset(name, data=value)
            elif name.endswith(".step"):
                steps[name.removesuffix(".step")] = value
    manifest = {
        "format": FORMAT,
        "sha256": _checksum(aside / STATE_FILE),
        "config": config.model_dump(mode="json"),
        "progress": {**progress, "steps": steps},
    }
    (aside / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for name in (STATE_FILE, MANIFEST_FILE):
        _flush(aside / name)
    shutil.rmtree(directory, ignore_errors=True)
    aside.rename(directory)
    _flush(directory.parent)


def load(directory: Path, config: Config) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read and verify a checkpoint.

    Args:
        directory: A ``step_N`` folder.
        config: The model sizes it must fit.

    Returns:
        ``part/name -> array`` and the trainer's progress.

    Raises:
        SeedError: See ``opened``.
    """
    with opened(directory, config) as (file, progress):
        arrays = {
            f"{part}/{name}": dataset[()] for part in file for name, dataset in file[part].items()
        }
    return arrays, progress


@contextlib.contextmanager
def opened(directory: Path, config: Config) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Verify a checkpoint and open its file, to be read weight by weight.

    Args:
        directory: A ``step_N`` folder.
        config: The model sizes it must fit.

    Yields:
        The HDF5 file, with a group per part and a dataset per name, and the trainer's progress.

    Raises:
        SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT or FOREIGN_CHECKPOINT.
    """
    manifest = read_manifest(directory)
    if manifest["config"]["model"] != config.model.model_dump(mode="json"):
        raise SeedError(
            Reason.FOREIGN_CHECKPOINT,
            f"{directory} holds a model of other sizes than the configuration's section model",
        )
    state_file = directory / STATE_FILE
    if not state_file.is_file():
        raise SeedError(Reason.DAMAGED_CHECKPOINT, f"{state_file} is missing")
    if _checksum(state_file) != manifest["sha256"]:
        raise SeedError(
            Reason.DAMAGED_CHECKPOINT,
            f"{state_file} does not match the checksum in {MANIFEST_FILE}: cut off or changed",
        )
    with h5py.File(state_file, "r") as file:
        parts = {CHECKPOINT_PARTS.get(name, name): group for name, group in file.items()}
        yield parts, manifest["progress"]


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
    manifest["config"] = current_settings(manifest["config"])
    manifest["progress"] = current_progress(manifest["progress"])
    return manifest


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
