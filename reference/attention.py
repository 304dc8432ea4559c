"""Grouped-query attention with rotary positions and optional query-key normalisation.

    q = rope(norm(x Wq + bq)),  k = rope(norm(x Wk + bk)),  v = x Wv + bv      (biases: some models)
    out = softmax(q k' / sqrt(h) + causal mask) v  Wo

Shapes in the code carry the letters of ``spec``; C is the number of cached key positions.
Sources: GQA arXiv 2305.13245; RoPE arXiv 2104.09864 eq. 34, in the half-split layout of Llama and
Qwen checkpoints.
"""

from dataclasses import dataclass

import autograd.numpy as anp
import numpy as np

from seed.reference.precision import linear, matrix
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, IntArray, Params
from seed.spec.rope import Rotary, rotary_of

HIDDEN_SCORE = -1e30
"""Score of a hidden key: its exp is exactly 0 in every precision; -inf could give NaN."""


@dataclass
class KeyValueCache:
    """Key-value cache of unfinished responses, one array per layer.

    Attributes:
        keys: Rotated keys [B, K, C, h].
        values: Values [B, K, C, h].
    """

    keys: Array
    values: Array

    @classmethod
    def empty(
        cls, rows: int, capacity: int, model: ModelConfig, dtype: "np.typing.DTypeLike"
    ) -> "KeyValueCache":
        """A cache of ``capacity`` positions for ``rows`` sequences."""
        shape = (rows, model.key_value_heads, capacity, model.head_width)
        return cls(np.zeros(shape, dtype), np.zeros(shape, dtype))

    def write(self, positions_BS: IntArray, k_BKSh: Array, v_BKSh: Array) -> None:
        """Store keys and values at each row's own positions."""
        row = np.arange(len(positions_BS))[:, None]
        self.keys[row, :, positions_BS] = k_BKSh.transpose(0, 2, 1, 3)
        self.values[row, :, positions_BS] = v_BKSh.transpose(0, 2, 1, 3)

    def part(self, rows: slice, positions: int) -> "KeyValueCache":
        """The first ``positions`` of consecutive rows; what is written to it is written here."""
        return KeyValueCache(self.keys[rows, :, :positions], self.values[rows, :, :positions])

    def move(self, sources: IntArray, targets: IntArray) -> None:
        """Copy some rows over others."""
        self.keys[targets], self.values[targets] = self.keys[sources], self.values[sources]


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    """Root-mean-square normalisation over the last axis.

    Formula: ``x / sqrt(mean(x^2) + epsilon) * weight``.
    Source: arXiv 1910.07467 eq. 4.
    """
    return x / anp.sqrt(anp.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight


def rotary(x_BnSh: Array, positions_BS: IntArray, rotation: Rotary) -> Array:
    """Rotate pairs of features by an angle that grows with the position.

    Formula: turn (x_i, x_{i+r/2}) by ``position * f_i``, i < r/2, times the attention factor.
    Source: RoPE, arXiv 2104.09864 eq. 34.

    Args:
        x_BnSh: Queries or keys, n heads [B, n, S, h].
        positions_BS: Position of each token in its own sequence [B, S].
        rotation: Frequencies f of the first r features of a head, and the attention factor.

    Returns:
        Array of the same shape, the features after the first r as they were; inner products of two
        of them depend on the distance of their positions only.
    """
    half = len(rotation.frequencies)
    angles = positions_BS[:, None, :, None] * rotation.frequencies
    # float64 up to here: a float32 angle of 22,527 radians would be off by 1e-3.
    cos = (rotation.factor * np.cos(angles)).astype(x_BnSh.dtype)
    sin = (rotation.factor * np.sin(angles)).astype(x_BnSh.dtype)
    is_partial = 2 * half < x_BnSh.shape[-1]
    x = x_BnSh[..., : 2 * half] if is_partial else x_BnSh
    turned = anp.roll(x, half, axis=-1)
    rotated = x * np.concatenate([cos, cos], axis=-1) + turned * np.concatenate(
        [-sin, sin], axis=-1
    )
    if not is_partial:
        return rotated
    return anp.concatenate([rotated, x_BnSh[..., 2 * half :]], axis=-1)


def attention(
    params: Params,
    prefix: str,
    x_ND: Array,
    positions_BS: IntArray,
    model: ModelConfig,
    cache: KeyValueCache | None,
) -> Array:
    """Attend from every token to itself and the tokens before it in its own row.

    Formula: ``softmax(q k' / sqrt(h) + causal mask) v``.
    Source: GQA, arXiv 2305.13245.

    Args:
        params: All weights of the model.
        prefix: Name prefix of this layer's attention weights.
        x_ND: Normalised residual stream, rows of [B, S] flattened.
        positions_BS: Position of each token in its own sequence.
        model: Sizes.
        cache: None to attend within the rows given; otherwise the tokens are appended to it and
            everything in it is seen.

    Returns:
        What the layer adds to the residual stream [N, D].
    """
    B, S = positions_BS.shape
    K, group = model.key_value_heads, model.heads // model.key_value_heads

    def heads(name: str, count: int) -> Array:
        """One of queries, keys and values [B, n, S, h]."""
        x = linear(x_ND, matrix(params, prefix + name))
        if model.query_key_value_bias:
            x = x + params[f"{prefix}{name}_bias"]
        if model.query_key_norm == "full" and name != "value":
            x = rms_norm(x, params[f"{prefix}{name}_norm"], model.norm_epsilon)
        return anp.transpose(anp.reshape(x, (B, S, count, -1)), (0, 2, 1, 3))

    q, k, v = heads("query", model.heads), heads("key", K), heads("value", K)
    if model.query_key_norm == "head":
        q = rms_norm(q, params[prefix + "query_norm"], model.norm_epsilon)
        k = rms_norm(k, params[prefix + "key_norm"], model.norm_epsilon)
    rotation = rotary_of(model)
    q, k = rotary(q, positions_BS, rotation), rotary(k, positions_BS, rotation)
    if cache is None:
        key_positions = positions_BS
    else:
        cache.write(positions_BS, k, v)
        k, v = cache.keys, cache.values
        key_positions = np.arange(k.shape[2])[None, :]
    visible = key_positions[:, None, :] <= positions_BS[:, :, None]
    q = anp.reshape(q, (B, K, group * S, -1))
    scores = anp.matmul(q, anp.transpose(k, (0, 1, 3, 2))) * model.head_width**-0.5
    scores = anp.where(
        np.tile(visible, (1, group, 1))[:, None], scores, np.asarray(HIDDEN_SCORE, scores.dtype)
    )
    mixed = anp.matmul(softmax(scores), v)
    mixed = anp.reshape(
        anp.transpose(anp.reshape(mixed, (B, model.heads, S, -1)), (0, 2, 1, 3)), (B * S, -1)
    )
    return linear(mixed, matrix(params, prefix + "output"))


def softmax(x: Array) -> Array:
    """Softmax over the last axis, shifted by the maximum so that exp cannot overflow.

    Formula: ``exp(x_i) / sum_j exp(x_j)``.
    Source: definition.
    """
    weights = anp.exp(x - anp.max(x, axis=-1, keepdims=True))
    return weights / anp.sum(weights, axis=-1, keepdims=True)
