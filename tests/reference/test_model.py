"""Properties of the transformer, and finite differences of every gradient."""

from dataclasses import replace
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.attention import KeyValueCache, rms_norm, rotary, softmax
from seed.reference.backend import LossFunction, accumulate
from seed.reference.model import (
    embedded,
    hidden_states,
    initial_policy,
    logits_of,
    positions_of,
    shift,
    token_logits,
    token_values,
    value_from_policy,
)
from seed.reference.objective import policy_loss, sft_loss, step_weights, value_loss
from seed.reference.training.batch import plain_batch
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Batch, Params
from seed.spec.rope import Rotary, plain_frequencies
from seed.spec.weights import policy_shapes
from tests.support.small_models import SMALL_MODEL

SEEDS = st.integers(0, 2**32 - 1)
MANY = settings(max_examples=10)
BALANCE = "algorithm.load_balance_weight=0.2"
ALL_TERMS = ("algorithm.kl_weight=0.3", BALANCE, "algorithm.router_z_weight=0.1")
SHAPES: dict[str, tuple[str, ...]] = {
    "mixture": (),
    "dense": ("dense_layers=2", "dense_width=6"),
    "dense first, shared expert": ("dense_layers=1", "dense_width=6", "shared_experts=1"),
    "tied": ("tied_embeddings=true",),
    "plain queries and keys, plain gates": ("query_key_norm=false", "normalise_gates=false"),
    "qwen2-moe": (
        *("query_key_value_bias=true", "query_key_norm=none", "normalise_gates=false"),
        *("shared_experts=1", "shared_expert_width=5", "shared_expert_gate=true"),
    ),
    "minimax-m2, scaled": (
        *("query_key_norm=full", "rotary_share=0.5", "router_scores=sigmoid", "gate_scale=2.5"),
        *("rope_scaling=yarn", "rope_factor=4", "rope_original_positions=16"),
    ),
}
STEP = 1e-6


def config(*overrides: str) -> Config:
    """VAPO on a model small enough for finite differences."""
    return load_config("tiny", "vapo", [*SMALL_MODEL, *overrides])


def policy(settings_: Config, seed: int = 0) -> Params:
    """Random weights, norms included."""
    random = np.random.default_rng(seed)
    drawn = initial_policy(settings_.model, seed, "float64")
    return {name: weight + 0.1 * random.normal(size=weight.shape) for name, weight in drawn.items()}


def learnable(seed: int, settings_: Config) -> Batch:
    """A batch with random numbers wherever a loss looks, near enough to the policy that no clip
    binds.
    """
    random = np.random.default_rng(seed)
    texts = [random.integers(2, 32, size=6).tolist() for _ in range(6)]
    batch = plain_batch([text[:n] for text, n in zip(texts[:3], (2, 3, 1), strict=True)], texts[3:])
    logits, _ = token_logits(policy(settings_), batch.tokens, settings_.model)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(log_p, batch.tokens[:, :, None], axis=2)[:, :, 0]
    shape = batch.tokens.shape
    batch = replace(
        batch,
        positive=np.array([True, False, True]),
        behaviour_log_probs=chosen + random.normal(0, 0.02, size=shape),
        reference_log_probs=chosen + random.normal(0, 0.5, size=shape),
        advantages=random.normal(size=shape),
        value_targets=random.normal(size=shape),
    )
    return replace(batch, weights=step_weights(batch, settings_))


def assert_gradient_is_the_slope(loss: LossFunction, params: Params, batch: Batch) -> None:
    """Central differences along a random direction of every weight array agree with the
    gradient.
    """
    gradient, _ = accumulate(loss, params, batch, 2)
    assert set(gradient) == set(params)
    random = np.random.default_rng(9)
    for name, weight in params.items():
        direction = random.normal(size=weight.shape)
        up, down = (params | {name: weight + sign * STEP * direction} for sign in (1, -1))
        slope = float(loss(up, batch)[0] - loss(down, batch)[0]) / (2 * STEP)
        computed = float((gradient[name] * direction).sum())
        assert computed == pytest.approx(slope, rel=1e-5, abs=1e-8), name


def assert_gradient_of_a_shape_is_the_slope(loss: Any, seed: int, shape: str) -> None:
    settings_ = config(*ALL_TERMS, *(f"model.{change}" for change in SHAPES[shape]))
    params, batch = policy(settings_), learnable(seed, settings_)
    assert_gradient_is_the_slope(lambda *at: loss(*at, settings_), params, batch)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_gradient_of_the_policy_loss_is_the_slope_of_the_loss(shape: str) -> None:
    assert_gradient_of_a_shape_is_the_slope(policy_loss, 1, shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_gradient_of_the_sft_loss_is_the_slope_of_the_loss(shape: str) -> None:
    assert_gradient_of_a_shape_is_the_slope(sft_loss, 2, shape)


@pytest.mark.parametrize("clip", ["0.0", "0.2"])
def test_every_gradient_of_the_value_loss_is_the_slope_of_the_loss(clip: str) -> None:
    settings_ = config(f"algorithm.value_clip={clip}")
    value = value_from_policy(policy(settings_), settings_.model)
    value["value_head"] += np.random.default_rng(5).normal(size=(8, 1))
    assert_gradient_is_the_slope(
        lambda params, batch: value_loss(params, batch, settings_), value, learnable(3, settings_)
    )


@pytest.mark.parametrize("dirt", [np.nan, np.inf])
def test_p8_what_stands_outside_the_response_reaches_no_gradient(dirt: float) -> None:
    settings_ = config(*ALL_TERMS, "algorithm.value_clip=0.2")
    clean = learnable(4, settings_)
    log_probs = "behaviour_log_probs", "reference_log_probs"
    names = ("advantages", *log_probs, "value_targets", "old_values")
    dirt_by_name: dict[str, Any] = {
        name: np.where(clean.response, getattr(clean, name), dirt) for name in names
    }
    dirty = replace(clean, **dirt_by_name)
    params = policy(settings_)
    value = value_from_policy(params, settings_.model)
    losses: list[tuple[LossFunction, Params]] = [
        (lambda params, batch: policy_loss(params, batch, settings_), params),
        (lambda params, batch: value_loss(params, batch, settings_), value),
    ]
    for loss, weights in losses:
        expected, computed = (accumulate(loss, weights, batch, 2)[0] for batch in (clean, dirty))
        for name in expected:
            np.testing.assert_array_equal(computed[name], expected[name])


@given(seed=SEEDS, at=st.integers(1, 6))
@MANY
def test_a_token_changes_no_logits_up_to_its_own(seed: int, at: int) -> None:
    settings_ = config()
    params, random = policy(settings_), np.random.default_rng(seed)
    tokens = random.integers(0, 32, size=(2, 7))
    changed = tokens.copy()
    changed[:, at] = (tokens[:, at] + 1) % 32
    before, after = (token_logits(params, rows, settings_.model)[0] for rows in (tokens, changed))
    np.testing.assert_allclose(before[:, : at + 1], after[:, : at + 1], atol=1e-12)
    assert at == 6 or np.abs(before[:, at + 1] - after[:, at + 1]).max() > 1e-6


@given(seed=SEEDS)
@MANY
def test_neither_padding_nor_other_rows_matter(seed: int) -> None:
    settings_ = config()
    params, tokens = policy(settings_), np.random.default_rng(seed).integers(2, 32, size=(3, 6))
    alone, _ = token_logits(params, tokens[:1, :4], settings_.model)
    among, _ = token_logits(params, tokens, settings_.model)
    np.testing.assert_allclose(among[:1, :4], alone, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=SEEDS)
@MANY
def test_reading_through_the_cache_is_reading_at_once(shape: str, seed: int) -> None:
    settings_ = config(*(f"model.{change}" for change in SHAPES[shape]))
    model, params = settings_.model, policy(settings_)
    tokens = np.random.default_rng(seed).integers(2, 32, size=(2, 6))
    whole, _ = hidden_states(params, tokens, positions_of(tokens), model)
    caches = [KeyValueCache.empty(2, 9, model, "float64") for _ in range(model.layers)]
    steps = [
        hidden_states(params, tokens[:, part], np.tile(np.arange(6)[part], (2, 1)), model, caches)[
            0
        ].reshape(2, -1, 8)
        for part in (slice(0, 3), slice(3, 4), slice(4, 6))
    ]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), whole.reshape(2, 6, 8), atol=1e-12)


@given(seed=SEEDS)
@MANY
def test_the_gradient_of_the_embedding_sums_over_the_places_of_a_token(seed: int) -> None:
    random = np.random.default_rng(seed)
    embedding, tokens = random.normal(size=(9, 3)), random.integers(0, 5, 12)
    slope, expected = random.normal(size=(12, 3)), np.zeros((9, 3))
    np.add.at(expected, tokens, slope)
    np.testing.assert_array_equal(embedded(embedding, tokens), embedding[tokens])
    gradient = grad(lambda e: anp.sum(embedded(e, tokens) * slope))(embedding)
    np.testing.assert_allclose(gradient, expected, atol=1e-14)


@given(seed=SEEDS, offset=st.integers(0, 1000))
@MANY
def test_rotary_products_depend_on_the_distance_of_positions_only(seed: int, offset: int) -> None:
    random, rotation = np.random.default_rng(seed), Rotary(plain_frequencies(8, 10000.0), 1.0)
    q, k = random.normal(size=(2, 1, 1, 1, 8))

    def product(i: int, j: int) -> float:
        turned = [rotary(x, np.array([[position]]), rotation) for x, position in ((q, i), (k, j))]
        return float((turned[0] * turned[1]).sum())

    assert product(5, 2) == pytest.approx(product(5 + offset, 2 + offset), abs=1e-9)
    np.testing.assert_allclose(
        np.square(rotary(q, np.array([[offset]]), rotation)).sum(), np.square(q).sum()
    )


@given(seed=SEEDS, scale=st.floats(0.1, 100))
@MANY
def test_rms_norm_leaves_mean_square_one_whatever_the_scale(seed: int, scale: float) -> None:
    x = scale * np.random.default_rng(seed).normal(size=(3, 16))
    np.testing.assert_allclose(np.square(rms_norm(x, np.ones(16), 0.0)).mean(axis=1), 1.0)


@given(seed=SEEDS, offset=st.floats(-1000, 1000))
@MANY
def test_softmax_sums_to_one_and_ignores_a_common_offset(seed: int, offset: float) -> None:
    x = np.random.default_rng(seed).normal(size=(3, 5))
    assert softmax(x).sum(axis=1) == pytest.approx(np.ones(3))
    np.testing.assert_allclose(softmax(x + offset), softmax(x), rtol=1e-9)


def test_shift_moves_every_column_to_the_next_token() -> None:
    after = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(shift(after), [[0.0, 1.0, 2.0]])
    np.testing.assert_array_equal(shift(after[:, :, None]), [[[0.0], [1.0], [2.0]]])


def test_p11_the_value_of_the_first_response_token_sees_the_prompt_only() -> None:
    settings_ = config()
    value = value_from_policy(policy(settings_), settings_.model)
    value["value_head"] = np.random.default_rng(1).normal(size=(8, 1))
    tokens = np.array([[5, 6, 7, 8], [5, 6, 9, 9]])
    values: Array = token_values(value, tokens, settings_.model)
    np.testing.assert_allclose(values[0, :3], values[1, :3], atol=1e-12)
    assert abs(values[0, 3] - values[1, 3]) > 1e-6
    assert not values[:, 0].any()


def test_a_new_value_model_expects_nothing() -> None:
    settings_ = config()
    value = value_from_policy(policy(settings_), settings_.model)
    assert not token_values(value, np.array([[3, 4, 5]]), settings_.model).any()


def test_weights_are_drawn_by_name_and_seed() -> None:
    model, other = config().model, config("model.layers=3").model
    first, again = initial_policy(model, 1, "float64"), initial_policy(model, 1, "float64")
    larger: Any = initial_policy(other, 1, "float64")
    assert {name: weight.shape for name, weight in first.items()} == policy_shapes(model)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert np.array_equal(first["layers.0.moe.router"], larger["layers.0.moe.router"])
    assert not np.array_equal(first["embedding"], initial_policy(model, 2, "float64")["embedding"])


def test_tied_logits_come_from_the_embedding() -> None:
    settings_ = config("model.tied_embeddings=true")
    params, hidden = policy(settings_), np.random.default_rng(0).normal(size=(2, 8))
    np.testing.assert_allclose(
        logits_of(params, hidden, settings_.model), hidden @ params["embedding"].T
    )
