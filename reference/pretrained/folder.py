"""A Hugging Face model folder: ``config.json`` and safetensors, as a source of weights.

    config.json                           sizes and switches (``families``)
    model.safetensors                     all tensors; or, in shards,
    model-00001-of-00004.safetensors ...  with model.safetensors.index.json, tensor -> file

A reward model, ``...ForSequenceClassification`` with one label, has ``score.weight`` [1, D] in the
place of ``lm_head.weight``; it is read as a value model. Files are memory-mapped: opening a folder
reads their headers, and ``read`` touches only the rows and columns that are asked for. Every tensor
must be there with the shape that config.json implies, and no other tensor.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  # with it safetensors knows bfloat16
import numpy as np

from seed.reference.pretrained.config_json import model_of
from seed.reference.pretrained.families import family_named, fused_tensor_of, tensor_of
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require
from seed.spec.text_files import read_text
from seed.spec.weight_source import Box
from seed.spec.weights import Shapes, body_shapes, policy_shapes

CONFIG, SINGLE, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
DTYPES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}
"""Kinds of numbers that are read, as safetensors and ``config.json`` call them."""

UNREAD_TENSOR = re.compile(r"rotary_emb\.inv_freq$")
"""Tensors of old files that config.json implies."""
SAMPLE = 1 << 20
"""Bytes at either end of a file that its identity covers."""
SHOWN = 4
"""Names of tensors that a line lists."""


class Folder:
    """Fulfils ``spec.weight_source.WeightSource``.

    Attributes:
        path: The folder.
        is_value: Whether it is read as a value model: the body, and ``value_head`` if it has one.
        config: Its ``config.json``.
        model: The sizes.
        dtypes: The kinds of numbers that its tensors hold.
        shapes: Names and shapes of the weights that ``read`` knows.
        bytes_read: Bytes of tensors that ``read`` has taken from the files.
    """

    def __init__(self, path: Path, is_value: bool = False) -> None:
        """Open a folder and compare its tensors with its configuration.

        Raises:
            SeedError: FOREIGN_MODEL, UNREADABLE_FILE, BACKEND_MISSING.
        """
        require("safetensors", f"the model folder {path}", "pretrained")
        self.path, self.is_value = path, is_value
        self.config = read_config(path)
        self.model: ModelConfig = described(path, self.config)
        self.family = family_named(self.config["model_type"])
        self.tensors = {
            name: piece for file in weight_files(path) for name, piece in pieces_of(file).items()
        }
        self.dtypes = {piece.get_dtype() for piece in self.tensors.values()}
        self.bytes_read = 0
        self.shapes = self._shapes()
        self._check_tensors()

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight in float32, or the part of it in a box; see the contract."""
        whole = tuple(slice(0, length) for length in self.shapes[name])
        box = box or whole
        if len(box) == 3:
            return self._read_experts(name, box)
        return self._read_matrix(tensor_of(self.family, name), box, name != "embedding")

    def _read_experts(self, name: str, box: Box) -> Array:
        experts = range(box[0].start, box[0].stop)
        tensor = tensor_of(self.family, name)
        if tensor.format(expert=0) in self.tensors:
            parts = [self._read_matrix(tensor.format(expert=e), box[1:], True) for e in experts]
        else:
            fused, half = fused_tensor_of(name)
            offset = (half or 0) * self.shapes[name][2]
            rows = slice(box[2].start + offset, box[2].stop + offset)
            parts = [self._taken(fused, (slice(e, e + 1), rows, box[1]))[0].T for e in experts]
        shape = tuple(axis.stop - axis.start for axis in box)
        return np.stack(parts) if parts else np.zeros(shape, np.float32)

    def _read_matrix(self, tensor: str, box: Box, transposed: bool) -> Array:
        """A part of a matrix or vector; tensors hold matrices as [out, in]."""
        return self._taken(tensor, box[::-1]).T if transposed else self._taken(tensor, box)

    def _taken(self, tensor: str, box: Box) -> Array:
        """Rows and columns of a tensor as they lie in the file, in float32."""
        taken: Array = self.tensors[tensor][box]
        self.bytes_read += taken.nbytes
        return taken.astype(np.float32)

    def _shapes(self) -> Shapes:
        """Names and shapes of the weights that it has."""
        if not self.is_value:
            return policy_shapes(self.model)
        has_head = tensor_of(self.family, "value_head") in self.tensors
        head = {"value_head": (self.model.hidden, 1)} if has_head else {}
        return body_shapes(self.model) | head

    def _check_tensors(self) -> None:
        """Compare names, shapes and kinds of numbers with what config.json implies."""
        expected = self._expected()
        if missing := [name for name in expected if name not in self.tensors]:
            raise self._foreign(f"lacks {_listed(missing)}")
        if surplus := [name for name in self.tensors if not self._has_place(name, expected)]:
            raise self._foreign(f"holds {_listed(surplus)}, which {CONFIG} does not imply")
        for name, shape in expected.items():
            piece = self.tensors[name]
            if tuple(piece.get_shape()) != shape:
                line = f"holds {name} of shape {list(piece.get_shape())}, {CONFIG} says"
                raise self._foreign(f"{line} {list(shape)}")
            if piece.get_dtype() not in DTYPES:
                line = f"holds {name} in {piece.get_dtype()}; legal: {', '.join(DTYPES)}"
                raise self._foreign(line)

    def _expected(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the tensors of this model."""
        expected: dict[str, tuple[int, ...]] = {}
        for name, shape in self.shapes.items():
            tensor = tensor_of(self.family, name)
            if len(shape) == 3 and tensor.format(expert=0) not in self.tensors:
                fused, half = fused_tensor_of(name)
                if fused in self.tensors:
                    rows = shape[2] if half is None else 2 * shape[2]
                    expected[fused] = (shape[0], rows, shape[1])
                    continue
            experts = range(shape[0]) if len(shape) == 3 else range(1)
            matrix = shape[-2:] if name == "embedding" else shape[-2:][::-1]
            expected |= {tensor.format(expert=expert): matrix for expert in experts}
        return expected

    def _has_place(self, name: str, expected: Mapping[str, object]) -> bool:
        """Whether a tensor is expected, or may be there without being read."""
        if name in expected or UNREAD_TENSOR.search(name):
            return True
        if name == "lm_head.weight":
            # A value model has no use for it; some files repeat a tied embedding under this name.
            return self.is_value or self.model.tied_embeddings
        layer = re.match(r"model\.layers\.(\d+)\.", name)
        further = int(self.config.get("num_nextn_predict_layers") or 0)
        layers = range(self.model.layers, self.model.layers + further)
        return layer is not None and int(layer[1]) in layers

    def _foreign(self, what: str) -> SeedError:
        return SeedError(Reason.FOREIGN_MODEL, f"{self.path} {what}")


def read_config(folder: Path) -> dict[str, Any]:
    """The ``config.json`` of a folder.

    Raises:
        SeedError: FOREIGN_MODEL without one, UNREADABLE_FILE.
    """
    path = folder / CONFIG
    if not path.is_file():
        what = "is not a model folder: it has no" if folder.is_dir() else "is no folder with a"
        raise SeedError(Reason.FOREIGN_MODEL, f"{folder} {what} {CONFIG}")
    return read_json(path)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        content = json.loads(read_text(path))
    except ValueError as error:
        line = f"{path} is not readable JSON: {error}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None
    if not isinstance(content, dict):
        raise SeedError(Reason.UNREADABLE_FILE, f"{path} holds no JSON object")
    return content


def described(folder: Path, config: Mapping[str, Any]) -> ModelConfig:
    """The model that a folder's ``config.json`` describes, with the file in a user error.

    Raises:
        SeedError: FOREIGN_MODEL.
    """
    try:
        return model_of(config)
    except SeedError as error:
        where = f"{folder / CONFIG} ({config.get('model_type', 'no model_type')})"
        raise SeedError(error.reason, f"{where}: {error.line}") from None


def settings_of_model(folder: Path) -> dict[str, Any]:
    """The section ``model`` for a folder's model: what ``seed run --model`` layers in.

    Raises:
        SeedError: FOREIGN_MODEL, UNREADABLE_FILE.
    """
    return described(folder, read_config(folder)).model_dump(mode="json")


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder.

    Raises:
        SeedError: UNREADABLE_FILE if there is none, or the index names one that is missing.
    """
    if (folder / INDEX).is_file():
        index = read_json(folder / INDEX).get("weight_map")
        names = sorted(set(index.values())) if isinstance(index, dict) else []
        if not names:
            raise SeedError(Reason.UNREADABLE_FILE, f"{folder / INDEX} has no weight_map")
    else:
        names = [SINGLE]
    for name in names:
        if not (folder / name).is_file():
            raise _missing_file(folder, name)
    return [folder / name for name in names]


def _missing_file(folder: Path, name: str) -> SeedError:
    """Say which file is missing, and what is there in its place."""
    others = sorted(path.name for kind in ("*.gguf", "*.bin") for path in folder.glob(kind))
    instead = f"; it has {_listed(others)}" if others else ""
    if any(other.endswith(".gguf") for other in others):
        instead += ", which `seed model convert` turns into a model folder"
    line = f"{folder / name} is missing{instead}"
    return SeedError(Reason.UNREADABLE_FILE, line)


def pieces_of(file: Path) -> dict[str, Any]:
    """The tensors of a safetensors file by name, memory-mapped and not read yet.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    from safetensors import SafetensorError, safe_open

    try:
        opened: Any = safe_open(file, framework="numpy")
        return {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
    except (SafetensorError, OSError) as error:
        line = f"{file} is damaged or cut off at {file.stat().st_size:,} bytes: {error}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None


def identity(folder: Path) -> str:
    """SHA-256 by which a run recognises its folder, cheap however large the files are.

    It covers config.json, and of every file its name, size and first and last mebibyte: the header
    with the names and places of all tensors, and some of their numbers.

    Raises:
        SeedError: As ``weight_files``.
    """
    digest = hashlib.sha256((folder / CONFIG).read_bytes())
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with path.open("rb") as file:
            digest.update(file.read(SAMPLE))
            file.seek(max(size - SAMPLE, 0))
            digest.update(file.read(SAMPLE))
    return digest.hexdigest()


def _listed(names: Iterable[str]) -> str:
    """The first of some names, and how many more there are."""
    all_names = list(names)
    first = ", ".join(islice(all_names, SHOWN))
    return first if len(all_names) <= SHOWN else f"{first} and {len(all_names) - SHOWN} more"
