"""Attention of packed sequences and of padded rows, on one rank and on many."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seed.conformance.compare_backends import (
    ONE,
    assert_same,
    on_tensors,
    policy_of,
    rank_of,
    tensor,
    tensors,
)
from seed.conformance.strategies import FEW, MANY, Seeds, batches, numbers, small_config
from seed.reference import attention as reference_attention
from seed.reference.model import positions_of
from seed.scaled import attention as scaled_attention
from seed.scaled.parallel.packing import context_order, pack
from seed.spec.datatypes import Batch
from seed.spec.layout import Layout
from seed.spec.rope import Rotary, plain_frequencies, rotary_of

LAYOUTS = [Layout(), Layout(cp=2), Layout(cp=3), Layout(tp=2), Layout(cp=2, tp=2), Layout(cp=4)]


@given(seed=Seeds, scale=st.sampled_from([0.0, 1e-6, 1.0, 1e6]), width=st.integers(1, 9))
@MANY
def test_rms_norm_is_the_same_at_any_scale(seed: int, scale: float, width: int) -> None:
    x, weight = scale * numbers(seed, 3, width), numbers(seed + 1, width)
    ours = on_tensors(scaled_attention.rms_norm, x, weight, 1e-6)
    assert_same(ours, reference_attention.rms_norm(x, weight, 1e-6), "rms norm")


@given(
    seed=Seeds,
    far=st.sampled_from([0, 7, 131_071]),
    width=st.sampled_from([2, 4, 16]),
    base=st.sampled_from([10_000.0, 1e6]),
)
@MANY
def test_rotary_is_the_same_at_any_position(seed: int, far: int, width: int, base: float) -> None:
    positions = far + np.arange(5)
    x_BnSh = numbers(seed, 1, 3, 5, width)
    rotation = Rotary(plain_frequencies(width, base), 1.0)
    angles = scaled_attention.rotation(tensor(positions), rotation, torch.float64)
    ours = scaled_attention.rotary(tensor(x_BnSh[0].transpose(1, 0, 2)), angles)
    theirs = reference_attention.rotary(x_BnSh, positions[None], rotation)[0].transpose(1, 0, 2)
    assert_same(ours, theirs, "rotary")


@pytest.mark.parametrize("far", [0, 22_527, 131_071, 1_000_000])
@pytest.mark.parametrize("base", [10_000.0, 1e6])
def test_rotary_in_float32_is_as_exact_far_away_as_near(far: int, base: float) -> None:
    positions, x_BnSh = far + np.arange(5), numbers(far, 1, 3, 5, 16)
    rotation = Rotary(plain_frequencies(16, base), 1.0)
    exact = reference_attention.rotary(x_BnSh, positions[None], rotation)
    single = x_BnSh.astype(np.float32)
    angles = scaled_attention.rotation(tensor(positions), rotation, torch.float32)
    turned = {
        "reference": reference_attention.rotary(single, positions[None], rotation),
        "scaled": scaled_attention.rotary(tensor(single[0].transpose(1, 0, 2)), angles)
        .numpy()
        .transpose(1, 0, 2)[None],
    }
    bound = 4 * np.finfo(np.float32).eps * np.abs(x_BnSh).max()
    for backend, ours in turned.items():
        assert np.abs(ours - exact).max() <= bound, backend


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"query_key_norm": "none"},
        {"key_value_heads": 1},
        {"key_value_heads": 4, "query_key_norm": "full"},
        {"query_key_norm": "full", "query_key_value_bias": True, "rotary_share": 0.5},
        {"query_key_value_bias": True, "rope_scaling": "linear", "rope_factor": 3.0},
    ],
    ids=str,
)
@given(batch=batches(), seed=Seeds)
@FEW
def test_p18_attention_of_packed_sequences_is_that_of_padded_rows(
    changes: dict[str, Any], batch: Batch, seed: int
) -> None:
    """Inputs are a function of token and position, so that a prompt has the same in every row."""
    config = small_config(model_changes=changes)
    model, policy = config.model, policy_of(config)
    B, S = batch.tokens.shape
    real = (np.arange(S) < batch.lengths[:, None]).reshape(-1)
    x_ND = numbers(seed, model.vocabulary, S, model.hidden)[batch.tokens, np.arange(S)].reshape(
        B * S, model.hidden
    )
    prefix = "layers.0.attention."
    expected = reference_attention.attention(
        policy, prefix, x_ND, positions_of(batch.tokens), model, None
    )

    packed = pack(batch, range(B), ONE)

    def of(*names: str) -> Any:
        """Weights of this layer, or None if it has none of them."""
        found = tensors(*(policy[prefix + name] for name in names if prefix + name in policy))
        return found or None

    query, key, value = of("query", "key", "value")
    biases, norms = of("query_bias", "key_bias", "value_bias"), of("query_norm", "key_norm")
    weights = scaled_attention.Projections(query, key, value, biases, norms)
    angles = scaled_attention.rotation(packed.positions_m, rotary_of(model), torch.float64)
    places, cells = packed.own_places_c.numpy(), packed.own_cells_c.numpy()
    x_nD = np.zeros((len(packed.tokens_n), model.hidden))
    x_nD[places] = x_ND[cells]
    actual = scaled_attention.attention(
        tensor(x_nD), weights, tensor(policy[prefix + "output"]), angles, packed.plan, model, ONE
    )
    assert sorted(cells.tolist()) == np.flatnonzero(real).tolist()
    assert_same(actual[places], expected[cells], "attention")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
@given(batch=batches(), seed=Seeds, short=st.sampled_from([1, 100]))
@MANY
def test_every_context_share_attends_as_one_rank_would(
    layout: Layout, batch: Batch, seed: int, short: int
) -> None:
    """Queries of one share, all keys in the order in which the shares are gathered."""
    rows = range(len(batch.lengths))
    whole = pack(batch, rows, ONE)
    tokens = len(whole.tokens_n)
    q_all, k_all, v_all = (
        tensor(numbers(seed + place, tokens, heads, 4)) for place, heads in enumerate((4, 2, 2))
    )
    expected = scaled_attention.attend(q_all, k_all, v_all, whole.plan)
    slice_of_one = len(pack(batch, rows, rank_of(layout, 0, 0)).tokens_n)
    order = context_order(slice_of_one * layout.cp * layout.tp, layout.cp)
    gathered = np.concatenate(order)
    padded = [
        torch.cat([x, x.new_zeros(len(gathered), *x.shape[1:])]) for x in (q_all, k_all, v_all)
    ]
    seen = []
    for context, share in enumerate(order):
        with patch("seed.scaled.parallel.packing.SHORT", short):
            plan = pack(batch, rows, rank_of(layout, context, 0)).plan
        actual = scaled_attention.attend(
            padded[0][share], padded[1][gathered], padded[2][gathered], plan
        )
        real = share < int(whole.own_places_c.max()) + 1
        assert_same(actual[real], expected[share[real]].numpy(), f"share {context}")
        seen += share[real].tolist()
    assert sorted(seen) == sorted(set(whole.own_places_c.tolist()))
