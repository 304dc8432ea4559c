"""Properties of rotary frequencies: what is slowed down for long texts, and by how much.

That they are those of ``transformers`` is in ``conformance/test_outside.py``.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.spec.config_files import load_config
from seed.spec.config_model import ModelConfig
from seed.spec.rope import plain_frequencies, rotary_of

ORIGINAL = 1024
SCALED = {"rope_factor": 8.0, "rope_original_positions": ORIGINAL}


def model(**changes: Any) -> ModelConfig:
    """The tiny preset with wide heads."""
    tiny = load_config("tiny", "vapo").model
    return ModelConfig.model_validate(tiny.model_dump() | {"head_width": 64} | changes)


@given(half=st.integers(1, 64), base=st.sampled_from([10.0, 1e4, 1e6]))
@settings(max_examples=20)
def test_frequencies_fall_from_1_to_nearly_the_inverse_of_the_base(half: int, base: float) -> None:
    frequencies = plain_frequencies(2 * half, base)
    assert frequencies.dtype == np.float64 and len(frequencies) == half
    np.testing.assert_allclose(frequencies, [base ** (-i / half) for i in range(half)])


def test_without_scaling_the_rotated_share_decides_alone() -> None:
    whole, part = rotary_of(model()), rotary_of(model(rotary_share=0.25))
    assert (len(whole.frequencies), len(part.frequencies)) == (32, 8)
    assert whole.factor == part.factor == 1.0


def test_linear_scaling_divides_every_frequency() -> None:
    plain, scaled = rotary_of(model()), rotary_of(model(rope_scaling="linear", rope_factor=3.0))
    np.testing.assert_allclose(scaled.frequencies, plain.frequencies / 3.0, rtol=1e-15)
    assert scaled.factor == 1.0


@pytest.mark.parametrize(("scaling", "few", "many"), [("llama3", 1.0, 4.0), ("yarn", 1.0, 32.0)])
def test_fast_pairs_are_kept_and_slow_ones_divided_by_the_factor(
    scaling: str, few: float, many: float
) -> None:
    plain = rotary_of(model()).frequencies
    ratio = plain / rotary_of(model(rope_scaling=scaling, **SCALED)).frequencies
    turns = ORIGINAL * plain / (2.0 * math.pi)
    # YaRN's ramp ends at whole pairs, so one pair more may be blended.
    kept, slowed = np.flatnonzero(turns > many)[:-1], np.flatnonzero(turns < few)[1:]
    assert len(kept) > 3 and len(slowed) > 3
    np.testing.assert_allclose(ratio[kept], 1.0, rtol=1e-14)
    np.testing.assert_allclose(ratio[slowed], 8.0, rtol=1e-14)
    assert (np.diff(ratio) >= -1e-12).all()


def test_the_attention_factor_is_stated_or_follows_from_the_factor() -> None:
    assert rotary_of(model(rope_scaling="yarn", **SCALED)).factor == 0.1 * math.log(8.0) + 1.0
    stated = model(rope_scaling="yarn", rope_attention_factor=0.7, **SCALED)
    assert rotary_of(stated).factor == 0.7
