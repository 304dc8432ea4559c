"""Properties of FP8 policies: codes, compensated scales, and the gap that RL reports."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import ml_dtypes
import numpy as np
import pytest
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from seed.reference.model import initial_policy
from seed.reference.precision import (
    Quantised,
    compensated_scale,
    e4m3,
    linear,
    matrix,
    quantise,
    range_scale,
    restored,
    rollout_weights,
    squared_error,
)
from seed.reference.training import trainer
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.constants import E4M3_LARGEST, E4M3_TOP_BINADE
from seed.spec.datatypes import Array, Params
from seed.spec.errors import Reason, SeedError
from seed.spec.weights import is_quantised, scale_of
from tests.support.small_runs import SMALL, metrics_of, new_run

MANY = settings(max_examples=40)
SMALLER = (
    *SMALL,
    *("supervised.steps=4", "value_pretraining.steps=1", "rollout.steps=2"),
    *("rollout.prompts=2", "evaluation.problems=4"),
)
ROUND_OFF = 1e-7
"""Scales are float32 numbers, and what is rounded to 8 bits is rounded to float32 before."""


def number_of(code: int) -> float:
    """The number behind a code by the definition of E4M3: sign, 4 exponent bits of bias 7, 3 bits
    after the point.
    """
    sign, exponent, fraction = -1.0 if code & 128 else 1.0, (code >> 3) & 15, code & 7
    if exponent == 15 and fraction == 7:
        return float("nan")
    return sign * (
        2.0**-6 * fraction / 8 if exponent == 0 else 2.0 ** (exponent - 7) * (1 + fraction / 8)
    )


NUMBERS = np.array(sorted({number_of(code) for code in range(256) if code & 127 != 127}))
"""All numbers of E4M3, ascending."""


def codes_of(x: Any) -> list[int]:
    rounded = np.atleast_1d(e4m3(np.asarray(x, dtype=np.float64)))
    return [int(code) for code in rounded.view(np.uint8)]


@st.composite
def matrices(draw: st.DrawFn) -> Array:
    """Matrices, and stacks of them, with channels that are zero, tiny, huge or a single outlier
    among small weights.
    """
    shape = (*draw(st.sampled_from([(), (2,)])), draw(st.integers(1, 12)), draw(st.integers(1, 4)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = random.normal(size=shape)
    powers = st.sampled_from([0, -300, -150, -130, -126, -40, 40, 100, 110])
    scales = draw(arrays_of.arrays(np.int64, shape[-1:], elements=powers))
    zero = draw(arrays_of.arrays(np.bool_, shape[-1:]))
    weight = np.where(zero, 0.0, weight) * 2.0**scales
    if draw(st.booleans()):
        weight[..., 0, :] *= 1e4
    return weight


# Rounding


def test_every_code_of_e4m3_is_its_own_rounding_and_ties_go_to_the_even_mantissa() -> None:
    for code in range(256):
        value = number_of(code)
        assert np.isnan(value) or codes_of(value) == [code]
    for low, high in pairwise(range(127)):
        one, two = number_of(low), number_of(high)
        middle = (one + two) / 2
        below, above = (
            float(np.nextafter(np.float32(middle), np.float32(end))) for end in (one, two)
        )
        assert codes_of([below, middle, above]) == [low, low if low % 2 == 0 else high, high]
        assert codes_of([-below, -middle, -above]) == [
            code | 128 for code in codes_of([below, middle, above])
        ]


def test_what_is_beyond_448_is_448_and_nothing_but_nan_is_nan() -> None:
    beyond = e4m3(np.array([448.1, 464.0, 480.0, 1e30, 1e300, np.inf]))
    assert beyond.astype(float).tolist() == [E4M3_LARGEST] * 6
    assert np.isnan(e4m3(np.array([np.nan])).astype(float)).all()


@given(x=st.floats(-500, 500, width=32) | st.floats(-0.0625, 0.0625, width=32))
@MANY
def test_no_number_of_e4m3_is_nearer_than_the_rounding(x: float) -> None:
    quantised = float(e4m3(np.array([x])).astype(float)[0])
    assert abs(quantised - x) == np.abs(NUMBERS - x).min()


# Scales


@given(weight=matrices())
@MANY
def test_range_scaling_errs_by_half_a_step_at_most(weight: Array) -> None:
    scale = range_scale(np.abs(weight).max(-2, keepdims=True), E4M3_LARGEST)
    error = np.abs(weight - scale * e4m3(weight / scale).astype(float))
    half_step = np.maximum(np.abs(weight) / 16, scale.astype(float) / 1024)
    assert (error <= half_step + ROUND_OFF * np.abs(weight)).all()


@given(weight=matrices())
@MANY
def test_compensation_never_errs_more_than_range_scaling(weight: Array) -> None:
    scale = range_scale(np.abs(weight).max(-2, keepdims=True), E4M3_LARGEST)
    plain = squared_error(weight, e4m3(weight / scale).astype(float), scale)
    quantised = quantise(weight)
    assert (squared_error(weight, quantised.values.astype(float), quantised.scale) <= plain).all()
    assert (
        np.isfinite(quantised.values.astype(float)).all()
        and np.isfinite(quantised.scale).all()
        and (quantised.scale > 0).all()
    )
    assert quantised.scale.shape == (*weight.shape[:-2], 1, weight.shape[-1])


@given(weight=matrices(), change=st.sampled_from([-1e-1, -1e-3, 1e-3, 1e-1]))
@MANY
def test_no_other_scale_errs_less_than_the_compensated_one(weight: Array, change: float) -> None:
    weight = np.clip(weight, -1e30, 1e30)
    values = e4m3(
        weight / range_scale(np.abs(weight).max(-2, keepdims=True), E4M3_TOP_BINADE[3])
    ).astype(float)
    scale = compensated_scale(weight, values)
    ours, theirs = (
        squared_error(weight, values, scale),
        squared_error(weight, values, scale * (1 + change)),
    )
    normal = (
        np.abs(weight).max(-2, keepdims=True) > 1e-30
    )  # below, scales end at the smallest normal number
    assert (ours <= theirs * (1 + 1e-9))[normal].all()


@pytest.mark.parametrize(("inputs", "at_most"), [(16, 0.75), (64, 0.87), (1024, 0.97)])
def test_compensation_with_the_choice_of_range_takes_a_part_of_the_error_off(
    inputs: int, at_most: float
) -> None:
    weight = np.random.default_rng(3).normal(size=(inputs, 200))
    scale = range_scale(np.abs(weight).max(0, keepdims=True), E4M3_LARGEST)
    plain = squared_error(weight, e4m3(weight / scale).astype(float), scale).sum()
    ours = np.square(weight - restored(quantise(weight))).sum()
    assert 0.5 < (ours / plain) ** 0.5 < at_most


@given(weight=matrices())
@MANY
def test_what_lies_on_a_grid_already_is_not_changed(weight: Array) -> None:
    once = restored(quantise(np.clip(weight, -1e30, 1e30)))
    np.testing.assert_array_equal(restored(quantise(once)), once)


def test_a_channel_of_zeros_has_scale_one_and_a_single_weight_is_kept_exactly_to_float32() -> None:
    quantised = quantise(np.array([[0.0, 3.0, 0.0], [0.0, 0.0, -1e-3]]))
    assert quantised.scale[0, 0] == 1.0
    np.testing.assert_allclose(
        restored(quantised), [[0.0, 3.0, 0.0], [0.0, 0.0, -1e-3]], rtol=ROUND_OFF
    )


@given(weight=matrices(), power=st.integers(-20, 20))
@MANY
def test_a_power_of_two_goes_into_the_scale_and_leaves_the_codes(weight: Array, power: int) -> None:
    weight = weight[..., np.abs(weight).max(tuple(range(weight.ndim - 1))) < 1e6]
    weight = np.where(np.abs(weight) < 1e-6, 0.0, weight)
    plain, moved = quantise(weight), quantise(weight * 2.0**power)
    np.testing.assert_array_equal(moved.values.astype(float), plain.values.astype(float))
    nonzero = np.broadcast_to(np.abs(weight).max(-2, keepdims=True) > 0, plain.scale.shape)
    np.testing.assert_array_equal(
        moved.scale[nonzero], (plain.scale * np.float32(2.0**power))[nonzero]
    )


def test_experts_of_a_stack_and_channels_of_a_matrix_do_not_know_each_other() -> None:
    weight = np.random.default_rng(5).normal(size=(3, 8, 5))
    whole = quantise(weight)
    for expert in range(3):
        for channel in range(5):
            alone = quantise(weight[expert, :, channel : channel + 1])
            np.testing.assert_array_equal(
                restored(alone)[:, 0], restored(whole)[expert, :, channel]
            )


# Products


@given(
    seed=st.integers(0, 2**32 - 1),
    inputs=st.integers(1, 40),
    scale=st.sampled_from([1e-20, 1.0, 1e10]),
)
@MANY
def test_a_product_is_that_of_the_rounded_rows_and_the_restored_matrix(
    seed: int, inputs: int, scale: float
) -> None:
    random = np.random.default_rng(seed)
    x, weight = scale * random.normal(size=(4, inputs)), quantise(random.normal(size=(inputs, 3)))
    x[0] = 0.0
    row_scale = range_scale(np.abs(x).max(1, keepdims=True), E4M3_LARGEST)
    rounded = e4m3(x / row_scale).astype(float) * row_scale
    expected = rounded @ restored(weight)
    bound = np.abs(rounded) @ np.abs(restored(weight))
    assert (np.abs(linear(x, weight) - expected) <= 1e-14 * bound).all()
    single = linear(x.astype(np.float32), weight)
    assert single.dtype == np.float32
    coarse = e4m3(x.astype(np.float32) / row_scale).astype(float) * row_scale @ restored(weight)
    assert (np.abs(single - coarse) <= 1e-6 * bound).all()


def test_in_float64_the_order_of_the_inputs_does_not_reach_a_bit_of_the_product() -> None:
    random = np.random.default_rng(1)
    x, weight = random.normal(size=(6, 300)), quantise(random.normal(size=(300, 5)))
    order = random.permutation(300)
    turned = Quantised(weight.values[order], weight.scale)
    np.testing.assert_array_equal(linear(x[:, order], turned), linear(x, weight))


def test_rows_of_a_product_do_not_know_each_other() -> None:
    random = np.random.default_rng(2)
    x, weight = (
        random.normal(size=(5, 7)) * 10.0 ** np.arange(5)[:, None],
        quantise(random.normal(size=(7, 3))),
    )
    alone = np.concatenate([linear(row[None], weight) for row in x])
    np.testing.assert_array_equal(linear(x, weight), alone)


def test_a_plain_matrix_is_multiplied_as_ever_and_keeps_its_gradient() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(4, 5))
    params: Params = {"a": random.normal(size=(5, 3))}
    np.testing.assert_array_equal(linear(x, matrix(params, "a")), x @ params["a"])
    slope = grad(lambda held: anp.sum(linear(x, matrix(held, "a"))))(params)["a"]
    np.testing.assert_allclose(slope, np.tile(x.sum(0)[:, None], (1, 3)), rtol=1e-14)


# Policies and phases


def config_with(*overrides: str) -> Config:
    return load_config("tiny", "vapo", [*SMALLER, *overrides])


def test_an_fp8_policy_holds_attention_and_experts_in_8_bits_and_all_else_as_it_is() -> None:
    config = config_with(
        "rollout.precision=fp8", "model.layers=2", "model.dense_layers=1", "model.dense_width=8"
    )
    policy = initial_policy(config.model, 1, "float32")
    published = rollout_weights(policy, config, "rollout")
    plain = {name for name in policy if published[name] is policy[name]}
    endings = {name.rpartition(".")[2] for name in policy.keys() - plain}
    assert endings == {"query", "key", "value", "output", "gate", "up", "down"}
    assert {"embedding", "head", "final_norm"} <= plain
    assert {"layers.1.moe.router", "layers.0.attention.query_norm"} <= plain
    for name in policy.keys() - plain:
        assert is_quantised(name) and published[name].dtype == ml_dtypes.float8_e4m3fn
        assert published[scale_of(name)].dtype == np.float32
    assert published.keys() == policy.keys() | {scale_of(name) for name in policy.keys() - plain}


def test_only_rollouts_of_the_named_phases_are_drawn_in_fp8() -> None:
    def drawn(phase: str, purpose: str, *overrides: str) -> bool:
        config = config_with(*overrides).in_phase(phase)
        policy = initial_policy(config.model, 1, "float32")
        return rollout_weights(policy, config, purpose) is not policy

    both = 'rollout.fp8_phases=["value_pretraining", "reinforcement"]'
    assert drawn("reinforcement", "rollout", "rollout.precision=fp8")
    assert drawn("value_pretraining", "rollout", "rollout.precision=fp8", both)
    assert not drawn("value_pretraining", "rollout", "rollout.precision=fp8")
    assert not drawn("reinforcement", "rollout")
    for purpose in ("evaluation", "judge"):
        assert not drawn("reinforcement", purpose, "rollout.precision=fp8")


NO_PHASE = (
    "rollout.fp8_phases=[] must name a phase with rollout.precision=fp8:"
    " value_pretraining or reinforcement"
)
NO_SUCH_PHASE = "rollout.fp8_phases.0='evaluation' must be 'value_pretraining' or 'reinforcement'"
NO_SUCH_PRECISION = "rollout.precision='int4' must be 'trainer' or 'fp8'"


@pytest.mark.parametrize(
    ("override", "reason", "line"),
    [
        ("rollout.fp8_phases=[]", Reason.ILLEGAL_COMBINATION, NO_PHASE),
        ('rollout.fp8_phases=["evaluation"]', Reason.ILLEGAL_VALUE, NO_SUCH_PHASE),
        ("rollout.precision=int4", Reason.ILLEGAL_VALUE, NO_SUCH_PRECISION),
    ],
)
def test_a_phase_or_precision_that_is_none_is_refused(
    override: str, reason: Reason, line: str
) -> None:
    with pytest.raises(SeedError) as error:
        config_with("rollout.precision=fp8", override)
    assert (error.value.reason, error.value.line) == (reason, line)


def gaps_of(path: Path, *overrides: str) -> dict[str, list[float | None]]:
    """The gap of every step of a run of a fraction of a second, by phase."""
    trainer.train(new_run(path, config_with(*overrides)))
    gaps: dict[str, list[float | None]] = {}
    for line in metrics_of(path):
        gaps.setdefault(line["phase"], []).append(line.get("rollout/log_prob_gap"))
    return gaps


def test_every_step_of_fp8_rollouts_says_how_far_they_are_from_the_trainer_and_no_other_step_does(
    tmp_path: Path,
) -> None:
    gaps = gaps_of(tmp_path / "fp8", "rollout.precision=fp8")
    assert gaps["value_pretraining"] == [None]
    assert all(gap is not None and 1e-6 < gap < 0.5 for gap in gaps["reinforcement"])
    weighed = gaps_of(tmp_path / "weighed", "rollout.precision=fp8", "algorithm.importance_cap=2.0")
    assert weighed["reinforcement"][0] == gaps["reinforcement"][0]
    plain = gaps_of(tmp_path / "plain")
    assert {gap for phase in plain.values() for gap in phase} == {None}
    both_phases = 'rollout.fp8_phases=["value_pretraining", "reinforcement"]'
    both = gaps_of(tmp_path / "both", "rollout.precision=fp8", both_phases)
    assert all(gap is not None and 1e-6 < gap < 0.5 for gap in both["value_pretraining"])
