"""Properties of packing: every token has its place, no sequence depends on another (bug P19)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seed.conformance.compare import assert_all_close
from seed.conformance.compare_backends import (
    CPU,
    EXACT,
    ONE,
    assert_same,
    gradient_of,
    model_of,
    policy_of,
    rank_of,
)
from seed.conformance.strategies import FEW, MANY, Seeds, batches, small_config
from seed.reference.training.batch import plain_batch
from seed.scaled.loss import token_log_probs
from seed.scaled.model import Transformer
from seed.scaled.objective import forward, policy_loss, step_weights
from seed.scaled.parallel.balance import prefix_groups
from seed.scaled.parallel.packing import LEAST_FRONT, common_front, context_order, pack
from seed.spec.datatypes import Batch, IntArray
from seed.spec.layout import Layout

CONFIG = small_config()
MODEL = model_of(CONFIG, policy_of(CONFIG))
LAYOUTS = [Layout(), Layout(cp=2), Layout(cp=3), Layout(tp=4), Layout(cp=2, tp=2)]


@pytest.mark.parametrize("share_prompts", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
@given(batch=batches())
@MANY
def test_every_token_has_one_place_and_each_response_token_is_predicted_once(
    layout: Layout, share_prompts: bool, batch: Batch
) -> None:
    B, S = batch.tokens.shape
    flat, real = batch.tokens.reshape(-1), np.flatnonzero(np.arange(S) < batch.lengths[:, None])
    ranks = [rank_of(layout, c, t) for c in range(layout.cp) for t in range(layout.tp)]
    micro_batches = [pack(batch, range(B), rank, share_prompts) for rank in ranks]
    assert len({len(packed.tokens_n) for packed in micro_batches}) == 1
    own, predicted = (
        torch.cat([getattr(packed, name) for packed in micro_batches]).numpy()
        for name in ("own_cells_c", "cells_p")
    )
    assert sorted(own.tolist()) == real.tolist()
    assert sorted(predicted.tolist()) == [
        cell for cell in np.flatnonzero(batch.response).tolist() if cell % S
    ]
    for packed in micro_batches:
        np.testing.assert_array_equal(
            packed.tokens_n[packed.own_places_c], flat[packed.own_cells_c]
        )
        np.testing.assert_array_equal(packed.targets_p, flat[packed.cells_p])
        place_of_cell = dict(
            zip(packed.own_cells_c.tolist(), packed.own_places_c.tolist(), strict=True)
        )
        assert packed.places_p.tolist() == [
            place_of_cell[cell - 1] for cell in packed.cells_p.tolist()
        ]


@given(batch=batches())
@MANY
def test_a_shared_prompt_is_packed_once_and_nothing_else_is_shared(batch: Batch) -> None:
    rows = range(len(batch.lengths))
    packed = pack(batch, rows, ONE)
    rows_at: dict[int, set[int]] = {}
    for place, cell in zip(packed.own_places_c.tolist(), packed.own_cells_c.tolist(), strict=True):
        rows_at.setdefault(place, set()).add(cell // batch.tokens.shape[1])
    groups = prefix_groups(batch, rows)
    expected = [set(group.rows) for group in groups for _ in range(group.prefix)]
    assert sorted(sorted(at) for at in rows_at.values() if len(at) > 1) == sorted(
        map(sorted, expected)
    )
    assert len(rows_at) == sum(batch.lengths) - sum(
        group.prefix * (len(group.rows) - 1) for group in groups
    )


@given(batch=batches(), layout=st.sampled_from(LAYOUTS))
@MANY
def test_entries_of_the_batch_go_to_their_tokens(batch: Batch, layout: Layout) -> None:
    cells = torch.arange(batch.tokens.size).reshape(batch.tokens.shape)
    packed = pack(batch, range(len(batch.lengths)), rank_of(layout, 0, 0))
    assert torch.equal(packed.take(cells), packed.cells_p)
    assert torch.equal(packed.take_own(cells), packed.own_cells_c)


@pytest.mark.parametrize("front", [0, LEAST_FRONT])
@given(batch=batches())
@FEW
def test_computing_a_prompt_once_changes_neither_log_probs_nor_gradients(
    front: int, batch: Batch
) -> None:
    config = small_config(
        {
            "load_balance_weight": 0.5,
            "router_z_weight": 0.1,
            "kl_weight": 0.2,
            "positive_weight": 0.3,
        }
    )
    batch = behind(front, batch)
    results = []
    for share_prompts in (True, False):
        model = model_of(config, policy_of(config))
        packed = pack(batch, range(len(batch.lengths)), ONE, share_prompts)
        weights = step_weights(batch, config, CPU)
        loss, metrics = policy_loss(model, packed, weights, batch, config, ONE)
        loss.backward()
        results.append(
            gradient_of(model) | {name: value.numpy() for name, value in metrics.items()}
        )
    assert_all_close(results[0], results[1], EXACT, "with shared prompts")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
def test_what_different_prompts_begin_with_is_packed_once(layout: Layout) -> None:
    """Two rows share a prompt, a third has another one, a fourth prompt is the front itself."""
    front = [1 + place % 4 for place in range(LEAST_FRONT)]
    prompts = [[*front, 5, 6], [*front, 5, 6], [*front, 7], front]
    batch = plain_batch(prompts, [[8, 9], [9], [8, 7, 6], [5]])
    computed = len(front) + (2 + 2 + 1) + (1 + 3) + 1
    multiple = 2 * layout.cp * layout.tp
    rank = rank_of(layout, 0, 0)
    packed = pack(batch, range(4), rank)
    assert len(packed.tokens_n) * layout.cp * layout.tp == -(-computed // multiple) * multiple
    together = log_probs(MODEL, batch, range(4))
    for row in range(4):
        assert_same(together[row], log_probs(MODEL, batch, [row])[row].numpy(), f"row {row}")
    assert not torch.equal(together[0], together[1])


def test_a_front_is_common_to_all_prompts_long_and_not_followed_by_more() -> None:
    front = list(range(LEAST_FRONT))
    lengths = np.array([2 * LEAST_FRONT, 2 * LEAST_FRONT])
    assert common_front([[*front, 1], [*front, 2, 3]], lengths) == LEAST_FRONT
    assert common_front([[*front, 1], front], lengths) == LEAST_FRONT
    assert common_front([[*front, 1], [*front, 2]], lengths + 1) == 0
    assert common_front([[*front[:-1], 1], [*front[:-1], 2]], lengths) == 0
    assert common_front([[*front, 1], [*front, 2], [9, *front]], lengths) == 0
    assert common_front([[*front, 1]], lengths) == common_front([], lengths[:0]) == 0


@given(length=st.integers(1, 200), shares=st.integers(1, 8))
@MANY
def test_zigzag_gives_every_share_the_same_work(length: int, shares: int) -> None:
    """Causal attention at place p costs p + 1; chunks c and 2 cp - 1 - c together cost the same."""
    total = 2 * shares * length
    order = context_order(total, shares)
    np.testing.assert_array_equal(np.sort(np.concatenate(order)), np.arange(total))
    assert len({len(share) for share in order}) == 1
    assert len({int((share + 1).sum()) for share in order}) == 1


@given(batch=batches())
@FEW
def test_p19_log_probs_of_a_packed_sequence_are_those_of_the_sequence_alone(batch: Batch) -> None:
    rows = range(len(batch.lengths))
    together = log_probs(MODEL, batch, rows)
    for row in rows:
        alone = log_probs(MODEL, batch, [row])
        assert_same(together[row], alone[row].numpy(), f"sequence {row}")


@given(batch=batches(), seed=Seeds)
@FEW
def test_p19_other_tokens_in_one_sequence_change_nothing_in_the_others(
    batch: Batch, seed: int
) -> None:
    rows = len(batch.lengths)
    chosen = seed % rows
    tokens = batch.tokens.copy()
    tokens[chosen, : batch.lengths[chosen]] = (
        tokens[chosen, : batch.lengths[chosen]] + 5
    ) % CONFIG.model.vocabulary
    before, after = (
        log_probs(MODEL, either, range(rows)) for either in (batch, replace(batch, tokens=tokens))
    )
    others = [row for row in range(rows) if row != chosen]
    assert_same(after[others], before[others].numpy(), "the other sequences")
    assert not batch.response[chosen].any() or not torch.equal(after[chosen], before[chosen])


def test_p19_no_gradient_flows_from_one_sequence_into_another() -> None:
    model = model_of(CONFIG, policy_of(CONFIG))
    tokens = np.array(
        [[2, 3, 4], [5, 6, 7]]
    )  # no token in both sequences, so that their embeddings are apart
    packed = pack(two_sequences(tokens), range(2), ONE)
    logits, _ = forward(model, packed, CONFIG)
    logits[packed.cells_p < 3].sum().backward()
    gradient = model.embedding.grad
    assert gradient is not None
    assert gradient[tokens[0, :2]].any() and not gradient[tokens[1]].any()


@given(batch=batches(), seed=Seeds)
@FEW
def test_the_order_of_packed_sequences_changes_nothing(batch: Batch, seed: int) -> None:
    rows = list(range(len(batch.lengths)))
    moved = np.random.default_rng(seed).permutation(rows).tolist()
    assert_same(log_probs(MODEL, batch, moved), log_probs(MODEL, batch, rows).numpy(), "log-probs")


def test_p5_without_sequences_all_is_filler_and_the_model_runs() -> None:
    batch = two_sequences(np.array([[2, 3, 4], [5, 6, 7]]))
    for layout in LAYOUTS:
        packed = pack(batch, [], rank_of(layout, 0, 0))
        assert len(packed.tokens_n) and not len(packed.cells_p) and not len(packed.own_cells_c)
    logits, _ = forward(MODEL, pack(batch, [], ONE), CONFIG)
    assert torch.isfinite(logits).all()


def behind(front: int, batch: Batch) -> Batch:
    """The batch with the same tokens in front of every prompt."""
    if not front:
        return batch

    def widened(array: Any, fill: Any) -> Any:
        return np.pad(array, ((0, 0), (front, 0)), constant_values=fill)

    names = [name for name in Batch.__dataclass_fields__ if name != "weights"]
    arrays = {name: getattr(batch, name) for name in names}
    changed = {
        name: widened(array, name == "importance")
        for name, array in arrays.items()
        if array.ndim == 2
    }
    changed["tokens"][:, :front] = np.arange(1, front + 1) % CONFIG.model.vocabulary
    return replace(batch, lengths=batch.lengths + front, **changed)


def two_sequences(tokens: IntArray) -> Batch:
    """A batch of two rows of equal length, all response but for the first token."""
    return plain_batch([row[:1].tolist() for row in tokens], [row[1:].tolist() for row in tokens])


def log_probs(model: Transformer, batch: Batch, rows: Sequence[int]) -> Tensor:
    """Log-probability of every response token given those before it in its sequence [B, S]."""
    packed = pack(batch, rows, ONE)
    with torch.no_grad():
        of_packed, _ = forward(
            model, packed, CONFIG, lambda logits, targets: token_log_probs(logits, targets, 1.0)
        )
    cells = torch.zeros(batch.tokens.size, dtype=torch.float64)
    cells[packed.cells_p] = of_packed
    return cells.reshape(batch.tokens.shape)
