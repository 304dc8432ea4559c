"""A GGUF file as a source of weights, and the configuration that its metadata holds.

Quantised tensors are widened to float32 by the ``gguf`` library, exactly as they are computed with.
Files of architecture ``llama`` hold the rows of queries and keys in another order: pairs that are
rotated together lie side by side, not half a head apart. Here they are put back. Tokenizer and chat
template are in ``gguf_tokenizer``.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from seed.reference.pretrained.config_json import model_of
from seed.reference.pretrained.families import family_named
from seed.spec.datatypes import Array
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require
from seed.spec.weight_source import Box, part_of
from seed.spec.weights import policy_shapes

ARCHITECTURES = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "qwen3moe": "qwen3_moe"}
"""``general.architecture`` -> ``model_type``."""
KINDS: tuple[str, ...] = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
KINDS += ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K")
"""Kinds of tensors that are read. Q8_K is a kind of intermediate results, which no file has."""
SIZES = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "max_position_embeddings": "context_length",
    "intermediate_size": "feed_forward_length",
}
"""Key of ``config.json`` -> the metadata that holds it, below the name of the architecture."""
EXPERT_SIZES = {
    "num_experts": "expert_count",
    "num_experts_per_tok": "expert_used_count",
    "moe_intermediate_size": "expert_feed_forward_length",
}
TOP_TENSORS = {
    "embedding": "token_embd.weight",
    "final_norm": "output_norm.weight",
    "head": "output.weight",
}
TENSORS = {
    "attention_norm": "attn_norm.weight",
    "attention.query": "attn_q.weight",
    "attention.key": "attn_k.weight",
    "attention.value": "attn_v.weight",
    "attention.output": "attn_output.weight",
    "attention.query_bias": "attn_q.bias",
    "attention.key_bias": "attn_k.bias",
    "attention.value_bias": "attn_v.bias",
    "attention.query_norm": "attn_q_norm.weight",
    "attention.key_norm": "attn_k_norm.weight",
    "feed_forward_norm": "ffn_norm.weight",
    "mlp.gate": "ffn_gate.weight",
    "mlp.up": "ffn_up.weight",
    "mlp.down": "ffn_down.weight",
    "moe.router": "ffn_gate_inp.weight",
    "moe.gate": "ffn_gate_exps.weight",
    "moe.up": "ffn_up_exps.weight",
    "moe.down": "ffn_down_exps.weight",
}
"""Our name of a weight of a block -> the tensor's."""


class GgufFile:
    """Fulfils ``spec.weight_source.WeightSource``.

    Attributes:
        path: The file.
        metadata: Its keys and values.
        config: The ``config.json`` of the same model.
        model: Its sizes.
    """

    def __init__(self, path: Path) -> None:
        """Open a file and compare its tensors with its metadata.

        Raises:
            SeedError: UNREADABLE_FILE, FOREIGN_MODEL, BACKEND_MISSING.
        """
        require("gguf", str(path), "gguf")
        self.path = path
        reader = _opened(path)
        self.metadata: dict[str, Any] = {k: f.contents() for k, f in reader.fields.items()}
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.architecture = str(self.metadata.get("general.architecture"))
        try:
            self.config = config_of_gguf(
                self.metadata, tied=TOP_TENSORS["head"] not in self.tensors
            )
            self.model = model_of(self.config)
            self._check_tensors()
        except SeedError as error:
            raise SeedError(error.reason, f"{path}: {error.line}") from None
        self._whole = lru_cache(maxsize=1)(self._dequantised)

    def read(self, name: str, box: Box | None = None) -> Array:
        """A weight in float32; see the contract. A quantised tensor is widened as a whole."""
        return part_of(self._whole(name), box)

    def _dequantised(self, name: str) -> Array:
        from gguf import dequantize

        tensor = self.tensors[_tensor_of(name)]
        shape = policy_shapes(self.model)[name]
        # Matrices lie there as [out, in]; the square ones too, whose shape does not tell.
        is_turned = len(shape) > 1 and name != "embedding"
        array: Array = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        array = array.reshape(_turned(shape) if is_turned else shape)
        if self.architecture == "llama" and name.endswith(("attention.query", "attention.key")):
            array = _half_a_head_apart(array, self.model.head_width)
        return array.swapaxes(-1, -2) if is_turned else array

    def _check_tensors(self) -> None:
        """Compare names, sizes and kinds of the tensors with what the metadata implies."""
        shapes = policy_shapes(self.model)
        expected = {_tensor_of(name): int(np.prod(shape)) for name, shape in shapes.items()}
        for name in (*expected, *self.tensors):
            if name not in self.tensors:
                raise SeedError(Reason.FOREIGN_MODEL, f"tensor {name} is missing")
            if name not in expected:
                line = f"tensor {name} has no place in a {self.architecture} that is read here"
                raise SeedError(Reason.FOREIGN_MODEL, line)
            tensor = self.tensors[name]
            if tensor.tensor_type.name not in KINDS:
                line = f"tensor {name} is {tensor.tensor_type.name}; legal: {', '.join(KINDS)}"
                raise SeedError(Reason.FOREIGN_MODEL, line)
            if int(tensor.n_elements) != expected[name]:
                line = f"tensor {name} has {tensor.n_elements} numbers, not {expected[name]}"
                raise SeedError(Reason.FOREIGN_MODEL, line)


def config_of_gguf(metadata: Mapping[str, Any], tied: bool) -> dict[str, Any]:
    """The ``config.json`` that some metadata stands for.

    Args:
        metadata: Of the file.
        tied: Whether the file has no output matrix of its own.

    Raises:
        SeedError: FOREIGN_MODEL.
    """
    architecture = metadata.get("general.architecture")
    if architecture not in ARCHITECTURES:
        line = f"architecture {architecture!r} cannot be read; legal: {', '.join(ARCHITECTURES)}"
        raise SeedError(Reason.FOREIGN_MODEL, line)

    def value(key: str, default: Any = None) -> Any:
        found = metadata.get(f"{architecture}.{key}", default)
        if found is None:
            raise SeedError(Reason.FOREIGN_MODEL, f"the key {architecture}.{key} is missing")
        return found

    model_type = ARCHITECTURES[str(architecture)]
    keys = SIZES | (EXPERT_SIZES if model_type.endswith("moe") else {})
    config = {"model_type": model_type} | {ours: value(key) for ours, key in keys.items()}
    heads, width = config["num_attention_heads"], config["hidden_size"]
    head_width = value("attention.key_length", width // heads)
    config |= {
        "architectures": [family_named(model_type).architecture],
        "head_dim": head_width,
        "vocab_size": len(metadata["tokenizer.ggml.tokens"]),
        "rms_norm_eps": _decimal(value("attention.layer_norm_rms_epsilon")),
        "rope_theta": _decimal(value("rope.freq_base", 10_000.0)),
        "rope_scaling": _rope_scaling(value),
        "tie_word_embeddings": tied,
        "hidden_act": "silu",
    }
    for key, legal in {"rope.dimension_count": head_width, "expert_count": None}.items():
        given = metadata.get(f"{architecture}.{key}") or legal
        if given != legal and "num_experts" not in config:
            raise SeedError(
                Reason.FOREIGN_MODEL, f"{architecture}.{key}={given!r} is not read here"
            )
    if "num_experts" in config:
        config |= {"norm_topk_prob": True, "mlp_only_layers": [], "decoder_sparse_step": 1}
    return config


def _rope_scaling(value: Any) -> dict[str, Any] | None:
    kind = value("rope.scaling.type", "none")
    if kind == "none":
        return None
    scaling = {"rope_type": kind, "factor": value("rope.scaling.factor")}
    if kind == "yarn":
        scaling["original_max_position_embeddings"] = value("rope.scaling.original_context_length")
    return scaling


def _opened(path: Path) -> Any:
    from gguf import GGUFReader

    if not path.is_file():
        raise SeedError(Reason.UNREADABLE_FILE, f"{path} is not a file")
    try:
        return GGUFReader(path)
    except (ValueError, OSError, IndexError, KeyError, UnicodeDecodeError) as error:
        line = f"{path} is no GGUF file, or is damaged or cut off: {error}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None


def _tensor_of(name: str) -> str:
    if name in TOP_TENSORS:
        return TOP_TENSORS[name]
    _, layer, of_block = name.split(".", 2)
    return f"blk.{layer}.{TENSORS[of_block]}"


def _turned(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2])


def _half_a_head_apart(rows: Array, head_width: int) -> Array:
    """Rows of queries or keys [heads * h, D] in the order of ``config.json``'s families.

    Row 2i + j of a head becomes row i + j * h/2.
    """
    pairs = rows.reshape(-1, head_width // 2, 2, rows.shape[-1])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _decimal(number: float) -> float:
    """A float32 as the decimal number that was written into it, such as 1e-5."""
    return float(f"{number:.7g}")
