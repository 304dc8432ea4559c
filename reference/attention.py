"""Grouped-query attention with rotary positions and optional query-key normalisation.

    q = rope(norm(x Wq)),  k = rope(norm(x Wk)),  v = x Wv
    out = softmax(q k' / sqrt(h) + causal mask) v  Wo

Shapes in the code carry the letters of ``spec``; C is the number of cached key positions.
Sources: GQA arXiv 2305.13245; RoPE arXiv 2104.09864 eq. 34, in the half-split layout of Llama and
Qwen checkpoints.
"""

from dataclasses import dataclass

import autograd.numpy as np
import numpy

from seed.reference.precision import matrix, product
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, IntArray, Params

HIDDEN_SCORE = -1e30
"""Score of a key that must not be seen: its exp is exactly 0 in every precision, and unlike -inf it
never gives NaN.
"""


@dataclass
class KeyValueCache:
    """Keys and values of the positions already read, one per layer: the state of an unfinished
    generation.

    Attributes:
        keys: Rotated keys [B, K, C, h].
        values: Values [B, K, C, h].
    """

    keys: Array
    values: Array

    @classmethod
    def empty(
        cls, rows: int, capacity: int, model: ModelConfig, dtype: "numpy.typing.DTypeLike"
    ) -> "KeyValueCache":
        """A cache of ``capacity`` positions for ``rows`` sequences."""
        shape = (rows, model.key_value_heads, capacity, model.head_width)
        return cls(numpy.zeros(shape, dtype), numpy.zeros(shape, dtype))

    def write(self, positions_BS: IntArray, k_BKSh: Array, v_BKSh: Array) -> None:
        """Store keys and values at each row's own positions."""
        row = numpy.arange(len(positions_BS))[:, None]
        self.keys[row, :, positions_BS] = k_BKSh.transpose(0, 2, 1, 3)
        self.values[row, :, positions_BS] = v_BKSh.transpose(0, 2, 1, 3)

    def part(self, rows: slice, positions: int) -> "KeyValueCache":
        """The first ``positions`` of consecutive rows; what is written to it is written here."""
        return KeyValueCache(self.keys[rows, :, :positions], self.values[rows, :, :positions])

    def move(self, sources: IntArray, targets: IntArray) -> None:
        """Copy some rows over others."""
        self.keys[targets], self.values[targets] = self.keys[sources], self.values[sources]


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    """Root-mean-square normalisation: ``x / sqrt(mean(x^2) + epsilon) * weight`` over the last axis
    (arXiv 1910.07467).
    """
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight


def rotary(x_BnSh: Array, positions_BS: IntArray, base: float) -> Array:
    """Rotate feature pairs (i, i + h/2) by the angle ``position * base^(-2i/h)``.

    Args:
        x_BnSh: Queries or keys, n heads [B, n, S, h].
        positions_BS: Position of each token in its own sequence [B, S].
        base: Base of the frequencies.

    Returns:
        Rotated array of the same shape; inner products of two of them depend on the distance of
        their positions only.
    """
    half = x_BnSh.shape[-1] // 2
    frequencies = base ** (-numpy.arange(half) / half)
    angles = (positions_BS[:, None, :, None] * frequencies).astype(x_BnSh.dtype)
    cos, sin = numpy.cos(angles), numpy.sin(angles)
    turned = np.roll(x_BnSh, half, axis=-1)
    return x_BnSh * numpy.concatenate([cos, cos], axis=-1) + turned * numpy.concatenate(
        [-sin, sin], axis=-1
    )


def attention(
    params: Params,
    prefix: str,
    x_ND: Array,
    positions_BS: IntArray,
    model: ModelConfig,
    cache: KeyValueCache | None,
) -> Array:
    """Attend from every token to itself and the tokens before it in its own row.

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
        return np.transpose(
            np.reshape(product(x_ND, matrix(params, prefix + name)), (B, S, count, -1)),
            (0, 2, 1, 3),
        )

    q, k, v = heads("query", model.heads), heads("key", K), heads("value", K)
    if model.query_key_norm:
        q = rms_norm(q, params[prefix + "query_norm"], model.norm_epsilon)
        k = rms_norm(k, params[prefix + "key_norm"], model.norm_epsilon)
    q, k = rotary(q, positions_BS, model.rope_base), rotary(k, positions_BS, model.rope_base)
    if cache is None:
        key_positions = positions_BS
    else:
        cache.write(positions_BS, k, v)
        k, v = cache.keys, cache.values
        key_positions = numpy.arange(k.shape[2])[None, :]
    visible = key_positions[:, None, :] <= positions_BS[:, :, None]
    q = np.reshape(q, (B, K, group * S, -1))
    scores = np.matmul(q, np.transpose(k, (0, 1, 3, 2))) * model.head_width**-0.5
    scores = np.where(
        numpy.tile(visible, (1, group, 1))[:, None],
        scores,
        numpy.asarray(HIDDEN_SCORE, scores.dtype),
    )
    mixed = np.matmul(softmax(scores), v)
    mixed = np.reshape(
        np.transpose(np.reshape(mixed, (B, model.heads, S, -1)), (0, 2, 1, 3)), (B * S, -1)
    )
    return product(mixed, matrix(params, prefix + "output"))


def softmax(x: Array) -> Array:
    """``exp(x_i) / sum_j exp(x_j)`` over the last axis, shifted by the maximum so that exp cannot
    overflow.
    """
    weights = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return weights / np.sum(weights, axis=-1, keepdims=True)
