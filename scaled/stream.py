"""Packing: sequences of any length become one stream of tokens without padding between them, cut over ranks.

    stream   tokens of document 0, of document 1, ..., filler up to a multiple of 2 * cp * tp
    context  rank c of cp takes chunks c and 2 cp - 1 - c of 2 cp: early and late positions cost the same together
    tensor   rank t of tp takes an equal part of that for everything but attention

Attention never looks across documents: it works on rows, one document each, filled from the stream and read back.
Everything about a *predicted* token (its id, its weights, its behaviour log-probability) stands where it is predicted
from, one place earlier, so no rank needs its neighbour's tokens: this is the one shift of this house.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scaled.mesh import Mesh
from spec.types import Batch, IntArray

FILLER = -1
"""Document of the tokens that only fill a stream up; they attend to themselves and carry no weight."""


@dataclass(frozen=True)
class Rows:
    """Where the tokens of a stream stand in rows of one document each.

    Attributes:
        count, width: R rows of so many places.
        slots: Place ``row * width + column`` of each token; ``count * width`` for a token that belongs to no row.
        plain: Whether the rows are just the stream, cut: nothing to move.
    """

    count: int
    width: int
    slots: Tensor
    plain: bool

    def fill(self, x: Tensor) -> Tensor:
        """The tokens [tokens, ...] in their rows [R, width, ...], zeros elsewhere."""
        if self.plain:
            return x.unflatten(0, (self.count, self.width))
        places = x.new_zeros(self.count * self.width + 1, *x.shape[1:])
        return places.index_copy(0, self.slots, x)[:-1].unflatten(0, (self.count, self.width))

    def read(self, rows: Tensor) -> Tensor:
        """Undo ``fill``, where every token has a row."""
        flat = rows.flatten(0, 1)
        return flat if self.plain else flat.index_select(0, self.slots)


@dataclass(frozen=True)
class AttentionPlan:
    """How attention finds its rows, once per stream.

    Attributes:
        queries: Rows of this rank's m queries.
        keys: Rows of all M keys, of the same documents.
        visible_RQK: Whether a query sees a key; None where documents are whole and causal order says it all.
    """

    queries: Rows
    keys: Rows
    visible_RQK: Tensor | None


@dataclass(frozen=True)
class Stream:
    """One micro-batch as one rank sees it.

    Attributes:
        tokens_n: Token ids of this rank's slice.
        positions_m: Positions in their documents of this rank's context share, for the rotary angles.
        targets_n: Id of the token predicted from each place; 0 where none is.
        cells_n: ``row * S + column`` of the predicted token in the batch; -1 where none is.
        own_cells_n: The same of the token itself; -1 for filler.
        plan: How attention finds its rows.
    """

    tokens_n: Tensor
    positions_m: Tensor
    targets_n: Tensor
    cells_n: Tensor
    own_cells_n: Tensor
    plan: AttentionPlan

    def take(self, values_BS: Tensor) -> Tensor:
        """What an array of the batch says about the predicted tokens [n]; 0 where none is predicted."""
        flat = values_BS.reshape(-1)
        return torch.where(self.cells_n >= 0, flat[self.cells_n.clamp(min=0)], torch.zeros((), dtype=flat.dtype))

    def take_own(self, values_BS: Tensor) -> Tensor:
        """What an array of the batch says about the tokens themselves [n]; 0 for filler."""
        flat = values_BS.reshape(-1)
        return torch.where(self.own_cells_n >= 0, flat[self.own_cells_n.clamp(min=0)], torch.zeros((), dtype=flat.dtype))


def pack(batch: Batch, rows: Sequence[int], mesh: Mesh) -> Stream:
    """Pack rows of a batch and keep this rank's part.

    Args:
        batch: The whole mini-batch.
        rows: Numbers of the rows to pack; may be empty, then all of the stream is filler.
        mesh: Ranks along ``context`` and ``tensor`` share the stream.
    """
    lengths = [int(batch.lengths[row]) for row in rows]
    unit = 2 * mesh.context.size * mesh.tensor.size
    filler = -sum(lengths) % unit or (0 if lengths else unit)
    document = np.concatenate([np.repeat(np.arange(len(rows)), lengths), np.full(filler, FILLER)]).astype(np.int64)
    position = np.concatenate([np.arange(length) for length in [*lengths, filler]]).astype(np.int64)
    row = np.concatenate([np.repeat(np.asarray(rows, dtype=np.int64), lengths), np.zeros(filler, dtype=np.int64)])
    real = document != FILLER
    tokens = np.where(real, batch.tokens[row, np.where(real, position, 0)], 0)
    last = np.concatenate([document[1:] != document[:-1], [True]])
    predicts = real & ~last
    width = batch.tokens.shape[1]
    cells = np.where(predicts, row * width + position + 1, -1)
    own_cells = np.where(real, row * width + position, -1)
    targets = np.where(predicts, batch.tokens.reshape(-1)[np.maximum(cells, 0)], 0)

    order = context_order(len(document), mesh.context.size)
    share = order[mesh.context.rank]
    mine = np.array_split(share, mesh.tensor.size)[mesh.tensor.rank]

    def tensor(array: IntArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(mesh.device)

    return Stream(
        tokens_n=tensor(tokens[mine]),
        positions_m=tensor(position[share]),
        targets_n=tensor(targets[mine]),
        cells_n=tensor(cells[mine]),
        own_cells_n=tensor(own_cells[mine]),
        plan=attention_plan(document, position, share, np.concatenate(order), mesh.device),
    )


def context_order(length: int, shares: int) -> list[IntArray]:
    """Places of each context share: zigzag, chunks c and 2 shares - 1 - c."""
    chunks = np.array_split(np.arange(length), 2 * shares)
    return [np.concatenate([chunks[c], chunks[2 * shares - 1 - c]]) for c in range(shares)]


def attention_plan(
    document: IntArray, position: IntArray, queries: IntArray, keys: IntArray, device: torch.device
) -> AttentionPlan:
    """Rows of queries and keys, one document each.

    Args:
        document: Document of each place of the stream.
        position: Position of each place in its document.
        queries: Places of the stream that this rank asks from, in the order of its tokens.
        keys: Places of the stream in the order in which all keys are gathered.
        device: Where attention is computed.
    """
    documents = np.flatnonzero(np.bincount(document[queries] - FILLER)) + FILLER
    query_slots, query_width = slots_of(document[queries], documents)
    key_slots, key_width = slots_of(document[keys], documents)

    def rows(slots: IntArray, width: int) -> Rows:
        plain = bool(np.array_equal(slots, np.arange(len(documents) * width)))
        return Rows(len(documents), width, torch.from_numpy(slots).to(device), plain)

    plan = rows(query_slots, query_width), rows(key_slots, key_width)
    if len(queries) == len(keys):  # all of the stream: a row is a whole document, and fill stands behind it
        return AttentionPlan(*plan, None)
    # Fill stands at the end of time: as a query it sees every key of its row and is never read, as a key it is unseen.
    never = len(document)
    asked_at = np.full(len(documents) * query_width + 1, never)
    asked_at[query_slots] = position[queries]
    held_at = np.full(len(documents) * key_width + 1, never + 1)
    held_at[key_slots] = position[keys]
    visible = held_at[:-1].reshape(-1, 1, key_width) <= asked_at[:-1].reshape(-1, query_width, 1)
    return AttentionPlan(*plan, torch.from_numpy(visible).to(device))


def slots_of(document: IntArray, documents: IntArray) -> tuple[IntArray, int]:
    """Place of each token in rows of one document each, and the width of the rows: the longest document's share.

    Args:
        document: Document of each token.
        documents: The documents that have a row, ascending; tokens of others go to the place after the last row.
    """
    row = np.searchsorted(documents, document)
    has_row = documents[np.minimum(row, len(documents) - 1)] == document
    counts = np.bincount(row[has_row], minlength=len(documents))
    width = int(counts.max())
    order = np.argsort(np.where(has_row, row, len(documents)), kind="stable")
    starts = np.cumsum(counts) - counts
    slots = np.full(len(document), len(documents) * width, dtype=np.int64)
    placed = order[: int(has_row.sum())]
    slots[placed] = row[placed] * width + np.arange(len(placed)) - starts[row[placed]]
    return slots, width
