"""Both backends' expert layers: routing with ties, dispatch, replay, the router's losses."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seed.conformance.compare_backends import (
    ONE,
    assert_same,
    on_tensors,
    policy_of,
    tensor,
    tensors,
)
from seed.conformance.strategies import MANY, Seeds, masks, numbers, routings, small_config
from seed.reference import moe as reference_moe
from seed.scaled import moe as scaled_moe
from seed.scaled.parallel.mesh import Axis
from seed.spec.datatypes import Array, BoolArray, Params

EXPERTS = ("gate", "up", "down")
SEQUENCE = Axis("sequence")


def layer(experts: int) -> Params:
    """Weights of one layer of so many experts."""
    shapes = {
        "router": (5, experts),
        "gate": (experts, 5, 4),
        "up": (experts, 5, 4),
        "down": (experts, 4, 5),
    }
    return {name: numbers(place, *shape) for place, (name, shape) in enumerate(shapes.items())}


def of_experts(params: Params) -> tuple[Tensor, Tensor, Tensor]:
    """gate, up and down as leaves with a gradient."""
    gate, up, down = (
        weight.requires_grad_() for weight in tensors(*(params[name] for name in EXPERTS))
    )
    return gate, up, down


@given(drawn=routings())
@MANY
def test_equal_router_logits_go_to_the_same_smaller_ids(drawn: tuple[Array, int]) -> None:
    logits, k = drawn
    ids = scaled_moe.top_k(tensor(logits), k)
    assert_same(ids, reference_moe.top_k(logits, k), "top k")
    assert ids.sort(1).values.diff(dim=1).ne(0).all()


@given(drawn=routings(), normalise=st.booleans())
@MANY
def test_gates_are_the_same_rescaled_or_not(drawn: tuple[Array, int], normalise: bool) -> None:
    logits, k = drawn
    ids = reference_moe.top_k(logits, k)
    ours = on_tensors(scaled_moe.gates, logits, ids, normalise)
    assert_same(ours, reference_moe.gates(logits, ids, normalise), "gates")


@given(seed=Seeds, scale=st.sampled_from([1.0, 30.0, 1000.0]))
@MANY
def test_swiglu_is_the_same_and_never_overflows(seed: int, scale: float) -> None:
    x, params = scale * numbers(seed, 6, 5), layer(1)
    weights = [params[name][0] for name in EXPERTS]
    assert_same(
        on_tensors(scaled_moe.swiglu, x, *weights), reference_moe.swiglu(x, *weights), "swiglu"
    )


@given(drawn=routings(), seed=Seeds)
@MANY
def test_p18_dispatch_is_the_same_for_any_routing(drawn: tuple[Array, int], seed: int) -> None:
    """The given ids need not be the router's choice: all tokens at one expert, experts without
    tokens, all experts.
    """
    logits, k = drawn
    tokens, experts = logits.shape
    params, x = layer(experts), numbers(seed, tokens, 5)
    ids, gates = reference_moe.top_k(logits, k), numbers(seed + 1, tokens, k)
    ours = on_tensors(scaled_moe.dispatch, x, ids, gates, of_experts(params), ONE.expert)
    assert_same(ours, reference_moe.dispatch(params, "", x, ids, gates), "dispatch")


def test_an_expert_without_tokens_has_a_gradient_and_it_is_zero() -> None:
    weights = of_experts(layer(3))
    ids = tensor(np.tile([0, 2], (6, 1)))
    scaled_moe.dispatch(
        tensor(numbers(1, 6, 5)), ids, torch.ones(6, 2).double(), weights, ONE.expert
    ).square().sum().backward()
    for weight in weights:
        assert weight.grad is not None
        assert not weight.grad[1].any() and weight.grad[0].any() and weight.grad[2].any()


def test_p5_a_rank_without_tokens_has_no_output_and_zero_gradients() -> None:
    weights = of_experts(layer(3))
    x, ids, gates = torch.zeros(0, 5).double(), torch.zeros(0, 2).long(), torch.zeros(0, 2).double()
    out = scaled_moe.dispatch(x, ids, gates, weights, ONE.expert)
    assert out.shape == (0, 5)
    out.sum().backward()
    for weight in weights:
        assert weight.grad is not None and not weight.grad.any()


@pytest.mark.parametrize("normalise", [False, True])
@given(seed=Seeds)
@MANY
def test_replay_of_the_own_choice_changes_nothing_and_another_keeps_the_routers_gradient(
    normalise: bool, seed: int
) -> None:
    model = small_config(model_changes={"normalise_gates": normalise}).model
    params = policy_of(small_config())
    x, router = (
        tensor(numbers(seed, 6, model.hidden)),
        tensor(params["layers.1.moe.router"]).requires_grad_(),
    )
    weights = of_experts({name: params[f"layers.1.moe.{name}"] for name in EXPERTS})
    logits, ids, gates = scaled_moe.route(x, router, None, model, None)
    again = scaled_moe.route(x, router, None, model, ids)
    for one, other in zip(again, (logits, ids, gates), strict=True):
        assert torch.equal(one, other)
    others = (ids + 1) % model.experts
    _, used, gates = scaled_moe.route(x, router, None, model, others)
    assert torch.equal(used, others)
    scaled_moe.dispatch(x, used, gates, weights, ONE.expert).square().sum().backward()
    assert router.grad is not None and bool(router.grad.any())


@given(mask=masks(), seed=Seeds, k=st.integers(1, 3))
@MANY
def test_the_routers_losses_are_the_same_with_any_weights(
    mask: BoolArray, seed: int, k: int
) -> None:
    B, S = mask.shape
    logits = numbers(seed, B * S, 3)
    ids = reference_moe.top_k(logits, k)
    weights = np.where(mask, np.random.default_rng(seed).random(mask.shape) + 0.1, 0.0)
    row, real = (
        np.repeat(np.arange(B), S),
        mask.reshape(-1),
    )  # the torch backend is given no padding
    ours = on_tensors(
        scaled_moe.balance_loss, logits[real], ids[real], weights[mask], row[real], B, SEQUENCE
    )
    assert_same(ours, reference_moe.balance_loss(logits, ids, weights), "balance")
    ours = on_tensors(scaled_moe.z_loss, logits[real], weights[mask])
    assert_same(ours, reference_moe.z_loss(logits, weights), "z")


@given(mask=masks(), seed=Seeds)
@MANY
def test_the_balance_loss_does_not_depend_on_the_order_of_tokens(
    mask: BoolArray, seed: int
) -> None:
    B, S = mask.shape
    row = np.repeat(np.arange(B), S)[mask.reshape(-1)]
    logits, order = numbers(seed, len(row), 3), np.random.default_rng(seed).permutation(len(row))
    arrays: tuple[Any, ...] = (logits, reference_moe.top_k(logits, 2), np.full(len(row), 0.5), row)
    moved = (array[order] for array in arrays)
    one = on_tensors(scaled_moe.balance_loss, *arrays, B, SEQUENCE)
    assert_same(on_tensors(scaled_moe.balance_loss, *moved, B, SEQUENCE), one.numpy(), "balance")
