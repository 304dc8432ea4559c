"""Twins of attention: on a packed stream what the reference computes on padded rows, for one rank and for many."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import reference.attention
import scaled.attention
from conformance.strategies import FEW, LAWS, Seeds, batches, numbers, small_config
from conformance.twins import ONE, ask, assert_same, policy_of, rank_of, tensor, tensors
from reference.model import positions_of
from scaled.stream import pack
from spec.layout import Layout
from spec.types import Batch

LAYOUTS = [Layout(cp=2), Layout(cp=3), Layout(tp=2), Layout(cp=2, tp=2), Layout(cp=4)]


@given(seed=Seeds, scale=st.sampled_from([0.0, 1e-6, 1.0, 1e6]), width=st.integers(1, 9))
@LAWS
def test_rms_norm_is_the_same_at_any_scale(seed: int, scale: float, width: int) -> None:
    x, weight = scale * numbers(seed, 3, width), numbers(seed + 1, width)
    ours = ask(scaled.attention.rms_norm, x, weight, 1e-6)
    assert_same(ours, reference.attention.rms_norm(x, weight, 1e-6), "rms norm")


@given(seed=Seeds, far=st.sampled_from([0, 7, 131_071]), width=st.sampled_from([2, 4, 16]), base=st.sampled_from([10_000.0, 1e6]))
@LAWS
def test_rotary_is_the_same_at_any_position(seed: int, far: int, width: int, base: float) -> None:
    positions = far + np.arange(5)
    x_BnSh = numbers(seed, 1, 3, 5, width)
    angles = scaled.attention.rotation(tensor(positions), width, base, torch.float64)
    ours = scaled.attention.rotary(tensor(x_BnSh[0].transpose(1, 0, 2)), angles)
    theirs = reference.attention.rotary(x_BnSh, positions[None], base)[0].transpose(1, 0, 2)
    assert_same(ours, theirs, "rotary")


@pytest.mark.parametrize("changes", [{}, {"query_key_norm": False}, {"key_value_heads": 1}, {"key_value_heads": 4}], ids=str)
@given(batch=batches(), seed=Seeds)
@FEW
def test_p18_attention_of_a_packed_stream_is_that_of_padded_rows(changes: dict[str, Any], batch: Batch, seed: int) -> None:
    config = small_config(model_changes=changes)
    model, policy = config.model, policy_of(config)
    B, S = batch.tokens.shape
    real = (np.arange(S) < batch.lengths[:, None]).reshape(-1)
    x_ND = np.where(real[:, None], numbers(seed, B * S, model.hidden), 0.0)
    prefix = "layers.0.attention."
    expected = reference.attention.attention(policy, prefix, x_ND, positions_of(batch.tokens), model, None)

    stream = pack(batch, range(B), ONE)
    cells = stream.own_cells_n
    weights = tensors(*(policy[prefix + name] for name in ("query", "key", "value", "output")))
    names = ("query_norm", "key_norm") if model.query_key_norm else ()
    norms = tensors(*(policy[prefix + name] for name in names))
    angles = scaled.attention.rotation(stream.positions_m, model.head_width, model.rope_base, torch.float64)
    found = scaled.attention.attention(
        tensor(x_ND)[cells.clamp(min=0)],
        (weights[0], weights[1], weights[2], weights[3]),
        (norms[0], norms[1]) if names else None,
        angles,
        stream.plan,
        model,
        ONE,
    )
    own = cells >= 0
    assert sorted(cells[own].tolist()) == np.flatnonzero(real).tolist()
    assert_same(found[own], expected[cells[own].numpy()], "attention")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
@given(batch=batches(), seed=Seeds)
@FEW
def test_every_context_share_attends_as_one_rank_would(layout: Layout, batch: Batch, seed: int) -> None:
    """Queries of a share against all keys in the order in which the ranks' shares are gathered."""
    rows = range(len(batch.lengths))
    width = batch.tokens.size + 1
    q_all, k_all, v_all = (tensor(numbers(seed + place, width, heads, 4)) for place, heads in enumerate((4, 2, 2)))

    def of_cells(values: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        return values[cells]  # filler, cell -1, takes the last place

    whole = pack(batch, rows, ONE)
    plain = scaled.attention.attend(
        of_cells(q_all, whole.own_cells_n), of_cells(k_all, whole.own_cells_n), of_cells(v_all, whole.own_cells_n), whole.plan
    )
    expected = {int(cell): plain[place] for place, cell in enumerate(whole.own_cells_n) if cell >= 0}
    streams = [[pack(batch, rows, rank_of(layout, c, t)) for t in range(layout.tp)] for c in range(layout.cp)]
    shares = [torch.cat([stream.own_cells_n for stream in of_tensor]) for of_tensor in streams]
    keys = torch.cat(shares)
    seen = []
    for share, of_tensor in zip(shares, streams, strict=True):
        found = scaled.attention.attend(
            of_cells(q_all, share), of_cells(k_all, keys), of_cells(v_all, keys), of_tensor[0].plan
        )
        for place, cell in enumerate(share.tolist()):
            if cell >= 0:
                assert_same(found[place], expected[cell].numpy(), f"cell {cell}")
                seen.append(cell)
    assert sorted(seen) == sorted(expected)
