"""A model folder written from any source of weights, so that ``transformers`` and vLLM load it.

Tensors have the names and the orientation of the family's files, experts one tensor each. Files
hold at most 5 GB; more than one come with an index. The folder appears whole or not at all.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np

from seed.reference.pretrained.character_files import character_files, character_settings
from seed.reference.pretrained.config_json import config_of
from seed.reference.pretrained.families import family_named, tensor_of
from seed.reference.pretrained.folder import CONFIG, INDEX, SINGLE, Folder, described, read_config
from seed.reference.pretrained.upcycle import Upcycled
from seed.spec.atomic_files import temporary_path
from seed.spec.checkpoint_format import check_state, read_manifest
from seed.spec.config import Config
from seed.spec.config_files import validated
from seed.spec.datatypes import Array
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require
from seed.spec.renames import CHECKPOINT_PARTS
from seed.spec.weight_source import Box, WeightSource
from seed.spec.weights import policy_shapes

SHARD_BYTES = 5 * 10**9
"""Most bytes of tensors in one file, as ``transformers`` writes."""
DTYPES: dict[str, Any] = {"bfloat16": ml_dtypes.bfloat16, "float32": np.float32}
FILES_BESIDE = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "LICENSE",
)
"""Files of a model folder that training does not change."""
KEPT_MODEL = "model"
"""Folder in a run directory: a copy of ``config.json`` and ``FILES_BESIDE``."""
KEPT_KEYS = ("bos_token_id", "eos_token_id", "pad_token_id", "max_position_embeddings")
"""Keys of ``config.json`` that are the same in a mixture of experts."""


class CheckpointWeights:
    """The policy of a checkpoint. Fulfils ``spec.weight_source.WeightSource``.

    Attributes:
        config: The configuration that the checkpoint was saved with.
        model: Its sizes.
    """

    def __init__(self, checkpoint: Path) -> None:
        """Verify a checkpoint of any backend and layout, and open it.

        Raises:
            SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT.
        """
        manifest = read_manifest(checkpoint)
        self.config: Config = validated(manifest["config"])
        self.model = self.config.model
        file = h5py.File(check_state(checkpoint, manifest), "r")
        self.policy = next(
            group for name, group in file.items() if CHECKPOINT_PARTS.get(name, name) == "policy"
        )

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight in float32; see the contract."""
        return self.policy[name][() if box is None else box].astype(np.float32)


def write_model(
    out: Path,
    weights: WeightSource,
    dtype: str,
    config: Mapping[str, Any] | None = None,
    beside: Mapping[str, str | bytes | Path] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write a model folder.

    Args:
        out: Where it appears; nothing may be there yet.
        weights: All of the policy.
        dtype: One of ``DTYPES``, of all tensors but the router's bias, which stays in float32.
        config: A ``config.json`` that describes the model; None for one of our own.
        beside: Further files: their content, or where they are copied from.
        shard_bytes: Most bytes of tensors in one file.

    Raises:
        SeedError: FILE_EXISTS, UNWRITABLE_FILE, FOREIGN_MODEL if no family has such a model,
            BACKEND_MISSING.
    """
    require("safetensors", f"to write the model folder {out}", "pretrained")
    config = config_of(weights.model) if config is None else config
    config = {**config, "dtype" if "dtype" in config else "torch_dtype": dtype}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with temporary_path(out, replace=False) as temporary:
            temporary.mkdir()
            _write_json(temporary / CONFIG, config)
            _write_tensors(temporary, weights, config["model_type"], dtype, shard_bytes)
            for name, content in (beside or {}).items():
                _write_file(temporary / name, content)
    except FileExistsError:
        line = f"{out} exists; nothing is overwritten"
        raise SeedError(Reason.FILE_EXISTS, line) from None
    except OSError as error:
        line = f"{out} cannot be written: {error.strerror}"
        raise SeedError(Reason.UNWRITABLE_FILE, line) from None


def tensors_of(weights: WeightSource, model_type: str, dtype: str) -> Iterator[tuple[str, Array]]:
    """The tensors of a family's files, one after the other."""
    family = family_named(model_type)
    for name, shape in policy_shapes(weights.model).items():
        tensor = tensor_of(family, name)
        kind = np.float32 if name.endswith("router_bias") else DTYPES[dtype]
        experts = range(shape[0]) if len(shape) == 3 else range(1)
        for expert in experts:
            rest = tuple(slice(0, length) for length in shape[-2:])
            box = (slice(expert, expert + 1), *rest) if len(shape) == 3 else rest
            array = weights.read(name, box).reshape(shape[-2:])
            oriented = array if name == "embedding" else array.T
            yield tensor.format(expert=expert), np.ascontiguousarray(oriented, dtype=kind)


def _write_tensors(
    folder: Path, weights: WeightSource, model_type: str, dtype: str, shard_bytes: int
) -> None:
    """All tensors, in one file or in shards with an index."""
    written: list[tuple[Path, list[str]]] = []
    total = 0
    for shard in _shards(tensors_of(weights, model_type, dtype), shard_bytes):
        path = folder / f"shard-{len(written)}"
        _save(path, shard)
        total += sum(array.nbytes for array in shard.values())
        written.append((path, list(shard)))
    if len(written) == 1:
        written[0][0].rename(folder / SINGLE)
        return
    places: dict[str, str] = {}
    for number, (path, names) in enumerate(written, start=1):
        name = f"model-{number:05}-of-{len(written):05}.safetensors"
        path.rename(folder / name)
        places |= dict.fromkeys(names, name)
    _write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": places})


def _shards(tensors: Iterator[tuple[str, Array]], most: int) -> Iterator[dict[str, Array]]:
    """Tensors in groups of at most so many bytes; a larger tensor has a group of its own."""
    shard: dict[str, Array] = {}
    size = 0
    for name, array in tensors:
        if shard and size + array.nbytes > most:
            yield shard
            shard, size = {}, 0
        shard[name] = array
        size += array.nbytes
    yield shard


def _save(path: Path, shard: dict[str, Array]) -> None:
    from safetensors.numpy import save_file

    path.touch()
    mode = path.stat().st_mode
    save_file(shard, path, metadata={"format": "pt"})
    path.chmod(mode)  # safetensors lets nobody else read it


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_file(path: Path, content: str | bytes | Path) -> None:
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def files_beside(folder: Path) -> dict[str, str | bytes | Path]:
    """The files of a model folder that go with its weights: tokenizer, template, generation."""
    return {name: folder / name for name in FILES_BESIDE if (folder / name).is_file()}


def export_checkpoint(checkpoint: Path, out: Path, dtype: str, folder: Path | None) -> Path | None:
    """Write the policy of a checkpoint as a model folder.

    ``config.json``, tokenizer and generation settings are those of the model folder that the run
    began with. A model that began with random weights gets a ``config.json`` of its own, and the
    character tokenizer in the form that ``transformers`` reads.

    Args:
        checkpoint: Of any backend and layout.
        out: Where the folder appears; nothing may be there yet.
        dtype: One of ``DTYPES``.
        folder: A model folder to take the other files from; None for the one of the run.

    Returns:
        The folder that the other files are from.

    Raises:
        SeedError: As ``CheckpointWeights`` and ``write_model``; FOREIGN_MODEL if the model folder
            is not there, or is of another model.
    """
    weights = CheckpointWeights(checkpoint)
    folder = folder or folder_of(weights.config, checkpoint)
    if folder is None:
        room = weights.config.data.max_prompt_tokens + weights.config.rollout.max_response_tokens
        config = config_of(weights.model) | character_settings(room)
        write_model(out, weights, dtype, config, character_files(weights.model.vocabulary))
        return None
    if not folder.is_dir():
        line = f"the model folder of the run, {folder}, is not there; give it with --model"
        raise SeedError(Reason.FOREIGN_MODEL, line)
    config = read_config(folder)
    theirs = described(folder, config).model_dump()
    for name, ours in weights.model.model_dump().items():
        if theirs[name] != ours:
            line = (
                f"{folder} is of a model with model.{name}={theirs[name]}, {checkpoint} has {ours}"
            )
            raise SeedError(Reason.FOREIGN_MODEL, line)
    write_model(out, weights, dtype, config, files_beside(folder))
    return folder


def folder_of(config: Config, checkpoint: Path) -> Path | None:
    """The model folder that a run has its tokenizer from, or the run's copy; None without one."""
    path = config.tokenizer.path or config.start.model
    if not path:
        return None
    kept = checkpoint.resolve().parents[1] / KEPT_MODEL
    return kept if kept.is_dir() and not Path(path).is_dir() else Path(path)


def upcycle_folder(
    folder: Path, out: Path, experts: tuple[int, int], seed: int, dtype: str | None
) -> str:
    """Write a dense model as a mixture of experts (``upcycle``).

    Args:
        folder: The dense model.
        out: Where the folder of the mixture appears; nothing may be there yet.
        experts: Their number, and how many of them a token visits.
        seed: Of the router.
        dtype: One of ``DTYPES``; None for that of the dense model, if it is one of them.

    Returns:
        The ``model_type`` of the mixture: the first family that computes it.

    Raises:
        SeedError: As ``Folder``, ``Upcycled`` and ``write_model``.
    """
    dense = Folder(folder)
    mixture = Upcycled(dense, *experts, seed)
    kept = {key: dense.config[key] for key in KEPT_KEYS if key in dense.config}
    config = config_of(mixture.model) | kept
    dtype = dtype or ("bfloat16" if dense.dtypes == {"BF16"} else "float32")
    write_model(out, mixture, dtype, config, files_beside(folder))
    return str(config["model_type"])
