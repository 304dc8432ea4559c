"""Rotary frequencies, for both backends: plain, or slowed down for texts longer than in training.

    angle = position * frequency,   x -> factor * (x cos(angle) + turned(x) sin(angle))

The first ``rotary_width`` features of a head are rotated, the others pass as they are. Everything
is in float64.
"""

import math
from typing import NamedTuple

import numpy as np

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array

RAMP_FLOOR = 0.001
"""Width of YaRN's ramp where it would have none, in feature pairs (as in published code)."""


class Rotary(NamedTuple):
    """How queries and keys are rotated.

    Attributes:
        frequencies: Radians a position of each pair of features [r / 2], float64.
        factor: On cosines and sines, so on both queries and keys.
    """

    frequencies: Array
    factor: float


def rotary_of(model: ModelConfig) -> Rotary:
    """Frequencies and attention factor of a model."""
    plain = plain_frequencies(model.rotary_width, model.rope_base)
    if model.rope_scaling == "linear":
        return Rotary(plain / model.rope_factor, 1.0)
    if model.rope_scaling == "llama3":
        return Rotary(llama3_frequencies(plain, model), 1.0)
    if model.rope_scaling == "yarn":
        return Rotary(yarn_frequencies(plain, model), yarn_attention_factor(model))
    return Rotary(plain, 1.0)


def plain_frequencies(width: int, base: float) -> Array:
    """Frequencies of the feature pairs (i, i + r/2).

    Formula: ``f_i = base^(-2i/r)``, i = 0 ... r/2 - 1.
    Source: RoPE, arXiv 2104.09864 section 3.2.2.

    Args:
        width: Rotated width r of a head, even.
        base: Base of the frequencies.
    """
    half = width // 2
    return np.asarray(base ** (-np.arange(half) / half))


def llama3_frequencies(plain: Array, model: ModelConfig) -> Array:
    """Frequencies of Llama 3.1: slow ones divided by the factor, fast ones kept, a blend between.

    Formula: ``f (1 - s) / factor + f s`` with ``s = clip((L f / 2 pi - low) / (high - low), 0, 1)``
    and L the original positions, so that ``L f / 2 pi`` is the number of turns in them.
    Source: published code of Llama 3.1; its paper, arXiv 2407.21783, does not have it.
    """
    turns = model.rope_original_positions * plain / (2.0 * math.pi)
    low, high = model.rope_low_frequency_factor, model.rope_high_frequency_factor
    kept = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return blended(plain, kept, model.rope_factor)


def yarn_frequencies(plain: Array, model: ModelConfig) -> Array:
    """Frequencies of YaRN: as Llama 3.1's, with a ramp over the number i of the feature pair.

    Formula: ``f (1 - s) / factor + f s`` with ``s = 1 - clip((i - a) / (b - a), 0, 1)``, a the last
    pair with at least beta_fast turns in the original positions, b the first with at most
    beta_slow.
    Source: YaRN, arXiv 2309.00071 section 3.2; whole a and b, bounded to [0, r - 1], as in its
    published code.
    """
    width, pairs = model.rotary_width, np.arange(len(plain))

    def pair_with(turns: float) -> float:
        positions_per_radian = model.rope_original_positions / (turns * 2.0 * math.pi)
        return width * math.log(positions_per_radian) / (2.0 * math.log(model.rope_base))

    first = max(math.floor(pair_with(model.rope_beta_fast)), 0)
    last = min(math.ceil(pair_with(model.rope_beta_slow)), width - 1)
    length = last - first or RAMP_FLOOR
    kept = 1.0 - np.clip((pairs - first) / length, 0.0, 1.0)
    return blended(plain, kept, model.rope_factor)


def blended(plain: Array, kept: Array, factor: float) -> Array:
    """``f (1 - s) / factor + f s``, between slowed down (s = 0) and kept (s = 1)."""
    return np.asarray(plain * (1.0 - kept) / factor + plain * kept)


def yarn_attention_factor(model: ModelConfig) -> float:
    """Factor on cosines and sines, which makes the softmax over a longer text sharper.

    Formula: ``0.1 ln(factor) + 1``, unless the model states its own.
    Source: YaRN, arXiv 2309.00071 section 3.4.
    """
    return model.rope_attention_factor or 0.1 * math.log(model.rope_factor) + 1.0
