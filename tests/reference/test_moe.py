"""Properties of the expert layer."""

import math
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.conformance.exercises import of_routing, solutions
from seed.conformance.exercises.check import assert_holds
from seed.reference.moe import (
    balance_loss,
    choose,
    dispatch,
    gates,
    lines,
    moe_layer,
    place,
    scores,
    sigmoid,
    silu,
    swiglu,
    take,
    top_k,
    z_loss,
)
from seed.spec.config_files import load_config
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, Params

SEEDS = st.integers(0, 2**32 - 1)
MANY = settings(max_examples=15)


def model(**changes: Any) -> ModelConfig:
    """Three experts, two of them per token."""
    small = {"hidden": 5, "experts": 3, "expert_width": 4}
    return load_config("tiny", "vapo").model.model_copy(update=small | changes)


def weights(seed: int, experts: int = 3) -> Params:
    """Random weights of one expert layer."""
    random = np.random.default_rng(seed)
    wide = (experts, 5, 4)
    shapes = {"router": (5, experts), "gate": wide, "up": wide, "down": (experts, 4, 5)}
    return {name: random.normal(size=shape) for name, shape in shapes.items()}


def naive(params: Params, x: Array, ids: Any, g: Array) -> Array:
    """One token, one expert at a time."""
    out = np.zeros_like(x)
    for token in range(len(x)):
        for place_, expert in enumerate(ids[token]):
            matrices = (params[name][expert] for name in ("gate", "up", "down"))
            out[token] += g[token, place_] * swiglu(x[token], *matrices)
    return out


@given(seed=SEEDS, normalise=st.booleans())
@MANY
def test_dispatch_is_a_plain_loop_over_tokens_and_experts(seed: int, normalise: bool) -> None:
    params, x = weights(seed), np.random.default_rng(seed).normal(size=(9, 5))
    out, logits, ids = moe_layer(params, "", x, model(normalise_gates=normalise))
    np.testing.assert_allclose(
        out, naive(params, x, ids, gates(logits, ids, normalise)), atol=1e-12
    )


def test_no_token_is_dropped_when_all_want_the_same_expert() -> None:
    params, x = weights(0), np.random.default_rng(0).normal(size=(50, 5))
    ids = np.ones((50, 1), dtype=int)
    np.testing.assert_allclose(
        dispatch(params, "", x, ids, np.ones((50, 1))), naive(params, x, ids, np.ones((50, 1)))
    )


def test_replay_of_the_routers_own_choice_changes_nothing() -> None:
    params, x = weights(1), np.random.default_rng(1).normal(size=(6, 5))
    out, _, ids = moe_layer(params, "", x, model())
    np.testing.assert_array_equal(moe_layer(params, "", x, model(), ids)[0], out)
    others = (ids + 1) % 3
    slope = grad(lambda p: anp.sum(moe_layer(p, "", x, model(), others)[0] ** 2))(params)
    assert np.abs(slope["router"]).max() > 1e-3


def test_an_expert_without_tokens_has_a_zero_gradient() -> None:
    params, x = weights(2), np.random.default_rng(2).normal(size=(6, 5))
    ids = np.tile([0, 2], (6, 1))
    slope = grad(lambda p: anp.sum(moe_layer(p, "", x, model(), ids)[0] ** 2))(params)
    for name in ("gate", "up", "down"):
        assert not slope[name][1].any() and slope[name][0].any() and slope[name][2].any()


@given(seed=SEEDS)
@MANY
def test_gates_are_the_routers_probabilities_rescaled_or_not(seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(7, 4))
    ids = top_k(logits, 2)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    chosen = np.take_along_axis(p, ids, axis=1)
    np.testing.assert_allclose(gates(logits, ids, False), chosen)
    np.testing.assert_allclose(gates(logits, ids, True), chosen / chosen.sum(axis=1, keepdims=True))


def test_the_sigmoid_is_precise_however_small_and_never_overflows() -> None:
    x = np.array([-700.0, -30.0, 0.0, 30.0, 1e4])
    expected = [math.exp(-700.0), math.exp(-30.0) / (1.0 + math.exp(-30.0)), 0.5]
    np.testing.assert_allclose(sigmoid(x)[:3], expected, rtol=1e-12)
    assert (sigmoid(np.array([-1e4, -1e30])) == 0.0).all() and (sigmoid(x)[3:] > 1 - 1e-12).all()


def test_scores_of_sigmoid_do_not_compete_and_those_of_softmax_do() -> None:
    logits, more = np.zeros((1, 4)), np.array([[0.0, 0.0, 0.0, 5.0]])
    np.testing.assert_array_equal(scores(logits, "softmax"), np.full((1, 4), 0.25))
    np.testing.assert_array_equal(scores(logits, "sigmoid"), np.full((1, 4), 0.5))
    assert (scores(more, "sigmoid")[0, :3] == 0.5).all()
    assert (scores(more, "softmax")[0, :3] < 0.25).all()


@given(seed=SEEDS, kind=st.sampled_from(["softmax", "sigmoid"]), kept=st.integers(1, 3))
@MANY
def test_experts_are_chosen_by_enumeration_of_groups(seed: int, kind: str, kept: int) -> None:
    random = np.random.default_rng(seed)
    logits, bias = random.normal(size=(5, 9)), random.normal(size=9)
    changes = {"router_scores": kind, "router_bias": True}
    grouped = model(experts=9, router_groups=3, router_groups_kept=kept, **changes)
    wanted = scores(logits, kind) + bias
    for row, ids in zip(wanted, choose(logits, bias, grouped), strict=True):
        groups = [list(range(first, first + 3)) for first in (0, 3, 6)]
        groups.sort(key=lambda group: -sum(sorted(row[group])[1:]))
        allowed = [expert for group in groups[:kept] for expert in group]
        assert ids.tolist() == sorted(allowed, key=lambda expert: -row[expert])[:2]


def test_a_correction_bias_decides_the_choice_and_not_the_gates() -> None:
    params, x = weights(3), np.random.default_rng(3).normal(size=(6, 5))
    params["router_bias"] = np.array([0.0, 9.0, -9.0])
    biased = model(router_scores="sigmoid", router_bias=True, gate_scale=2.0)
    out, logits, ids = moe_layer(params, "", x, biased)
    assert (ids == [1, 0]).all()
    chosen = 1.0 / (1.0 + np.exp(-logits[:, [1, 0]]))
    g = 2.0 * chosen / chosen.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(out, naive(params, x, ids, g), atol=1e-12)
    slope = grad(lambda p: anp.sum(moe_layer(p, "", x, biased)[0] ** 2))(params)
    assert not slope["router_bias"].any() and slope["router"].any()


def test_a_shared_expert_has_its_own_width_and_a_gate_per_token() -> None:
    random = np.random.default_rng(4)
    params, x = weights(4), random.normal(size=(6, 5))
    gated = model(shared_experts=1, shared_expert_width=7, shared_expert_gate=True)
    shared = {"gate": (5, 7), "up": (5, 7), "down": (7, 5)}
    params |= {f"shared.0.{name}": random.normal(size=shape) for name, shape in shared.items()}
    params["shared_gate"] = random.normal(size=(5, 1))
    out, logits, ids = moe_layer(params, "", x, gated)
    routed = naive(params, x, ids, gates(logits, ids, True))
    added = swiglu(x, *(params[f"shared.0.{name}"] for name in shared))
    open_ = 1.0 / (1.0 + np.exp(-x @ params["shared_gate"]))
    np.testing.assert_allclose(out, routed + open_ * added, atol=1e-12)


def test_equal_router_logits_go_to_the_smaller_ids() -> None:
    assert_holds(of_routing.equal_logits_go_to_the_smaller_id, solutions.route)
    assert_holds(of_routing.the_k_largest_come_first, solutions.route)


@given(experts=st.lists(st.integers(0, 4), min_size=1, max_size=30))
@MANY
def test_every_copy_has_a_place_of_its_own_in_the_line_of_its_expert(experts: list[int]) -> None:
    slots, capacity = lines(np.array(experts), 5)
    assert len(set(slots.tolist())) == len(experts)
    np.testing.assert_array_equal(slots // capacity, experts)


@given(seed=SEEDS)
@MANY
def test_place_and_take_are_transposes_and_autograd_knows_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    slots, x, y = random.permutation(9)[:5], random.normal(size=(5, 2)), random.normal(size=(9, 2))
    assert (place(x, slots, 9) * y).sum() == pytest.approx((x * take(y, slots, 9)).sum())
    np.testing.assert_array_equal(
        grad(lambda v: anp.sum(place(v, slots, 9) * y))(x), take(y, slots, 9)
    )
    np.testing.assert_array_equal(
        grad(lambda v: anp.sum(take(v, slots, 9) * x))(y), place(x, slots, 9)
    )


def test_silu_is_x_times_its_sigmoid_and_never_overflows() -> None:
    x = np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0])
    np.testing.assert_allclose(
        silu(x), [0.0, -1 / (1 + np.e), 0.0, 2 / (1 + np.exp(-2)), 1000.0], atol=1e-12
    )


def test_swiglu_of_scalars_has_its_closed_form() -> None:
    out = swiglu(np.array([[2.0]]), np.array([[0.5]]), np.array([[3.0]]), np.array([[7.0]]))
    assert out[0, 0] == pytest.approx(1 / (1 + np.exp(-1.0)) * 6.0 * 7.0)


def test_one_expert_is_a_dense_layer() -> None:
    params, x = weights(3, experts=1), np.random.default_rng(3).normal(size=(4, 5))
    out, _, _ = moe_layer(params, "", x, model(experts=1, experts_per_token=1))
    np.testing.assert_allclose(
        out, swiglu(x, params["gate"][0], params["up"][0], params["down"][0])
    )


def test_the_balance_loss_is_its_weight_at_perfect_balance_and_more_when_all_go_to_one() -> None:
    token_weights = np.full((2, 4), 1 / 8)
    ids = np.tile([[0], [1], [2], [3]], (2, 1))
    assert balance_loss(np.zeros((8, 4)), ids, token_weights) == pytest.approx(1.0)
    biased = np.tile([5.0, 0, 0, 0], (8, 1))
    assert balance_loss(biased, np.zeros((8, 1), dtype=int), token_weights) > 3.0


@given(seed=SEEDS)
@MANY
def test_p1_the_balance_loss_of_a_batch_is_the_sum_over_its_sequences(seed: int) -> None:
    random = np.random.default_rng(seed)
    logits, token_weights = (
        random.normal(size=(12, 3)),
        np.where(np.arange(4) < random.integers(1, 5, (3, 1)), 0.1, 0.0),
    )
    ids = top_k(logits, 2)
    whole = balance_loss(logits, ids, token_weights)
    parts = [
        balance_loss(logits[4 * b : 4 * b + 4], ids[4 * b : 4 * b + 4], token_weights[b : b + 1])
        for b in range(3)
    ]
    assert whole == pytest.approx(sum(parts))


def test_the_z_loss_is_the_weighted_square_of_logsumexp() -> None:
    logits = np.array([[0.0, 0.0], [1.0, 1.0]])
    expected = 0.25 * np.log(2) ** 2 + 0.5 * (1 + np.log(2)) ** 2
    assert z_loss(logits, np.array([[0.25, 0.5]])) == pytest.approx(expected)
