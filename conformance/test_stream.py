"""Laws of packing: every token has its place, and no document knows its neighbours (P19)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from conformance.strategies import FEW, LAWS, Seeds, batches, small_config
from conformance.twins import ONE, assert_same, model_of, policy_of, rank_of
from reference.batch import plain_batch
from scaled.loss import token_log_probs
from scaled.model import Transformer
from scaled.objective import forward
from scaled.stream import context_order, pack
from spec.layout import Layout
from spec.types import Batch, IntArray

CONFIG = small_config()
MODEL = model_of(CONFIG, policy_of(CONFIG))
LAYOUTS = [Layout(), Layout(cp=2), Layout(cp=3), Layout(tp=4), Layout(cp=2, tp=2)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.title)
@given(batch=batches())
@LAWS
def test_every_token_stands_once_and_predicts_its_successor(layout: Layout, batch: Batch) -> None:
    B, S = batch.tokens.shape
    real = np.flatnonzero(np.arange(S) < batch.lengths[:, None])
    streams = [pack(batch, range(B), rank_of(layout, c, t)) for c in range(layout.cp) for t in range(layout.tp)]
    assert len({len(stream.tokens_n) for stream in streams}) == 1
    own = torch.cat([stream.own_cells_n for stream in streams])
    predicted = torch.cat([stream.cells_n for stream in streams])
    tokens, targets = (torch.cat([getattr(stream, name) for stream in streams]) for name in ("tokens_n", "targets_n"))
    flat = batch.tokens.reshape(-1)
    assert sorted(own[own >= 0].tolist()) == real.tolist()
    assert sorted(predicted[predicted >= 0].tolist()) == [cell for cell in real.tolist() if cell % S]
    np.testing.assert_array_equal(tokens[own >= 0].numpy(), flat[own[own >= 0].numpy()])
    np.testing.assert_array_equal(targets[predicted >= 0].numpy(), flat[predicted[predicted >= 0].numpy()])
    assert torch.equal(predicted[predicted >= 0], own[predicted >= 0] + 1)
    assert not targets[predicted < 0].any() and not tokens[own < 0].any()


@given(batch=batches(), seed=Seeds)
@LAWS
def test_what_a_stream_takes_from_the_batch_stands_at_its_token(batch: Batch, seed: int) -> None:
    values = torch.arange(1.0, batch.tokens.size + 1).double().reshape(batch.tokens.shape)
    stream = pack(batch, range(len(batch.lengths)), ONE)
    for taken, cells in ((stream.take(values), stream.cells_n), (stream.take_own(values), stream.own_cells_n)):
        assert torch.equal(taken, torch.where(cells >= 0, cells + 1.0, 0.0).double())


@given(length=st.integers(1, 200), shares=st.integers(1, 8))
@LAWS
def test_zigzag_gives_every_share_the_same_work(length: int, shares: int) -> None:
    """Causal attention of the token at place p costs p + 1; chunks c and 2 cp - 1 - c together cost the same for all c."""
    total = 2 * shares * length
    order = context_order(total, shares)
    np.testing.assert_array_equal(np.sort(np.concatenate(order)), np.arange(total))
    assert len({len(share) for share in order}) == 1
    assert len({int((share + 1).sum()) for share in order}) == 1


@given(batch=batches())
@FEW
def test_p19_log_probs_of_a_packed_document_are_those_of_the_document_alone(batch: Batch) -> None:
    rows = range(len(batch.lengths))
    together = log_probs(MODEL, batch, rows)
    for row in rows:
        alone = log_probs(MODEL, batch, [row])
        assert_same(together[row], alone[row].numpy(), f"document {row}")


@given(batch=batches(), seed=Seeds)
@FEW
def test_p19_other_tokens_in_one_document_change_nothing_in_the_others(batch: Batch, seed: int) -> None:
    rows = len(batch.lengths)
    chosen = seed % rows
    tokens = batch.tokens.copy()
    tokens[chosen, : batch.lengths[chosen]] = (tokens[chosen, : batch.lengths[chosen]] + 5) % CONFIG.model.vocabulary
    before, after = (log_probs(MODEL, asked, range(rows)) for asked in (batch, replace(batch, tokens=tokens)))
    others = [row for row in range(rows) if row != chosen]
    assert_same(after[others], before[others].numpy(), "the other documents")
    assert batch.lengths[chosen] == 1 or not torch.equal(after[chosen], before[chosen])


def test_p19_no_gradient_flows_from_one_document_into_another() -> None:
    model = model_of(CONFIG, policy_of(CONFIG))
    tokens = np.array([[2, 3, 4], [5, 6, 7]])  # no token in both documents, so that their embeddings are apart
    batch = two_documents(tokens)
    stream = pack(batch, range(2), ONE)
    logits, _ = forward(model, stream, CONFIG)
    first = (stream.own_cells_n >= 0) & (stream.own_cells_n < 3)
    logits[first].sum().backward()
    gradient = model.embedding.grad
    assert gradient is not None
    assert gradient[tokens[0]].any() and not gradient[tokens[1]].any()


@given(batch=batches(), seed=Seeds)
@FEW
def test_the_order_of_documents_in_a_stream_changes_nothing(batch: Batch, seed: int) -> None:
    rows = list(range(len(batch.lengths)))
    moved = np.random.default_rng(seed).permutation(rows).tolist()
    assert_same(log_probs(MODEL, batch, moved), log_probs(MODEL, batch, rows).numpy(), "log-probs")


def test_p5_a_stream_without_documents_is_filler_and_computes() -> None:
    batch = two_documents(np.array([[2, 3, 4], [5, 6, 7]]))
    for layout in LAYOUTS:
        stream = pack(batch, [], rank_of(layout, 0, 0))
        assert len(stream.tokens_n) and (stream.cells_n == -1).all() and (stream.own_cells_n == -1).all()
    logits, _ = forward(MODEL, pack(batch, [], ONE), CONFIG)
    assert torch.isfinite(logits).all()


def two_documents(tokens: IntArray) -> Batch:
    """A batch of two rows of equal length, all response but for the first token."""
    return plain_batch([row[:1].tolist() for row in tokens], [row[1:].tolist() for row in tokens])


def log_probs(model: Transformer, batch: Batch, rows: Sequence[int]) -> Tensor:
    """Log-probability of every token given those before it in its document [B, S], 0 where there is none."""
    stream = pack(batch, rows, ONE)
    with torch.no_grad():
        found, _ = forward(model, stream, CONFIG, lambda logits, targets: token_log_probs(logits, targets, 1.0))
    cells = torch.zeros(batch.tokens.size, dtype=torch.float64)
    predicted = stream.cells_n >= 0
    cells[stream.cells_n[predicted]] = found[predicted]
    return cells.reshape(batch.tokens.shape)
