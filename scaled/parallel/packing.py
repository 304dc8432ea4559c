"""Packing: sequences of any length become one stream of tokens without padding between them, cut
over ranks.

    stream   the prompt that several responses answer, once, then each response; a sequence alone in one piece; ...;
             filler up to a multiple of 2 * cp * tp
    context  rank c of cp takes chunks c and 2 cp - 1 - c of 2 cp: early and late positions cost the
    same together
    tensor   rank t of tp takes an equal part of that for everything but attention

A token's state depends on the tokens before it alone, so a prompt has the same states whatever
answers it, and its gradient is the sum over its answers: computed once, nothing changes
(``scaled.parallel.balance.families`` says when).

Attention never looks across sequences: it works on rows, filled from the stream and read back.
Where a token stands says nothing about what it is in the batch, so each stream has two maps: where
every token of a row stands, and from where every token of a response is predicted (the one shift of
this backend).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seed.reference.rollouts.similar_lengths import runs_of_similar
from seed.scaled.parallel.balance import Family, families
from seed.scaled.parallel.mesh import Mesh
from seed.spec.datatypes import Batch, BoolArray, IntArray

SHORT = 32
"""Keys up to which rows of any length are attended together: to fill them up costs less than a call
for each length.
"""


@dataclass(frozen=True)
class Rows:
    """Tokens of a stream in rows.

    Attributes:
        places_RW: Where in the stream each place of each row is read; fill reads the first token,
            and nobody reads it.
        plain: Whether the rows are just the stream, cut: nothing to move.
    """

    places_RW: Tensor
    plain: bool

    def fill(self, x: Tensor) -> Tensor:
        """The tokens [tokens, ...] in their rows [R, W, ...]."""
        flat = x if self.plain else x.index_select(0, self.places_RW.flatten())
        return flat.unflatten(0, self.places_RW.shape)


@dataclass(frozen=True)
class AttentionPart:
    """Rows that are attended together, each within itself.

    Attributes:
        queries: Rows of this rank's queries.
        keys: Rows of the keys that they may see, gathered from all context ranks.
        visible_RQK: Whether a query sees a key; None where both are the same tokens and causal
            order says it all.
    """

    queries: Rows
    keys: Rows
    visible_RQK: Tensor | None


@dataclass(frozen=True)
class AttentionPlan:
    """How attention finds its rows, once per stream.

    Attributes:
        parts: Sequences with the prompts that are shared, then the responses that share them, each
            in runs of similar length.
        answers_m: Where among the answers of all parts, one after the other, that of each query
            stands.
        plain: Whether they stand in the order of the queries.
    """

    parts: tuple[AttentionPart, ...]
    answers_m: Tensor
    plain: bool

    def read(self, answers: Sequence[Tensor]) -> Tensor:
        """Answers of the parts [R, Q, ...] in the order of the queries [m, ...]."""
        flat = (
            torch.cat([of_part.flatten(0, 1) for of_part in answers])
            if len(answers) > 1
            else answers[0].flatten(0, 1)
        )
        return flat if self.plain else flat.index_select(0, self.answers_m)


@dataclass(frozen=True)
class Stream:
    """One micro-batch as one rank sees it.

    Attributes:
        tokens_n: Token ids of this rank's slice.
        positions_m: Positions in their sequences of this rank's context share, for the rotary
            angles.
        places_p: From which place of the slice each response token is predicted.
        targets_p: Its id.
        cells_p: Its ``row * S + column`` in the batch.
        own_places_c: At which place of the slice each token of each row stands; a shared prompt's
            once per row.
        own_cells_c: Its ``row * S + column`` in the batch.
        plan: How attention finds its rows.
    """

    tokens_n: Tensor
    positions_m: Tensor
    places_p: Tensor
    targets_p: Tensor
    cells_p: Tensor
    own_places_c: Tensor
    own_cells_c: Tensor
    plan: AttentionPlan

    def take(self, values_BS: Tensor) -> Tensor:
        """What an array of the batch says about the predicted tokens [p]."""
        return values_BS.reshape(-1).index_select(0, self.cells_p)

    def take_own(self, values_BS: Tensor) -> Tensor:
        """What an array of the batch says about the tokens themselves [c]."""
        return values_BS.reshape(-1).index_select(0, self.own_cells_c)


def pack(batch: Batch, rows: Sequence[int], mesh: Mesh, share_prompts: bool = True) -> Stream:
    """Pack rows of a batch and keep this rank's part.

    Args:
        batch: The whole mini-batch.
        rows: Numbers of the rows to pack; may be empty, then all of the stream is filler.
        mesh: Ranks along ``context`` and ``tensor`` share the stream.
        share_prompts: Whether a prompt of several of the rows stands in the stream once, where that
            pays.
    """
    place_BS, trunks, branches = laid_out(batch, rows, share_prompts)
    S = batch.tokens.shape[1]
    used = int(place_BS.max(initial=-1)) + 1
    unit = 2 * mesh.context.size * mesh.tensor.size
    length = max(-(-used // unit), 1) * unit
    trunks += [np.arange(used, length)] if used < length else []

    row, column = np.nonzero(place_BS >= 0)
    place, cell = place_BS[row, column], np.asarray(rows, dtype=np.int64)[row] * S + column
    tokens, position = (np.zeros(length, dtype=np.int64) for _ in range(2))
    tokens[place], position[place] = batch.tokens.reshape(-1)[cell], column
    position[used:] = np.arange(length - used)
    asked = batch.response.reshape(-1)[cell] & (column > 0)
    asked_from, asked_cell = place_BS[row[asked], column[asked] - 1], cell[asked]

    order = context_order(length, mesh.context.size)
    share = order[mesh.context.rank]
    mine = np.array_split(share, mesh.tensor.size)[mesh.tensor.rank]
    slot = np.full(length, -1)
    slot[mine] = np.arange(len(mine))
    here, asked_here = slot[place] >= 0, slot[asked_from] >= 0

    def tensor(array: IntArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(mesh.device)

    return Stream(
        tokens_n=tensor(tokens[mine]),
        positions_m=tensor(position[share]),
        places_p=tensor(slot[asked_from[asked_here]]),
        targets_p=tensor(batch.tokens.reshape(-1)[asked_cell[asked_here]]),
        cells_p=tensor(asked_cell[asked_here]),
        own_places_c=tensor(slot[place[here]]),
        own_cells_c=tensor(cell[here]),
        plan=attention_plan(trunks, branches, position, share, np.concatenate(order), mesh.device),
    )


def laid_out(
    batch: Batch, rows: Sequence[int], share_prompts: bool
) -> tuple[IntArray, list[IntArray], list[tuple[IntArray, IntArray]]]:
    """Give every token of some rows its place in the stream.

    Returns:
        Place of each token of each row [rows, S], -1 outside of a row; places of every trunk, a
        sequence or a shared prompt; places of every branch, a response to one, and of all that it
        sees, itself included.
    """
    place_BS = np.full((len(rows), batch.tokens.shape[1]), -1)
    lengths = batch.lengths[np.asarray(rows, dtype=np.int64)]
    trunks: list[IntArray] = []
    branches: list[tuple[IntArray, IntArray]] = []
    used = 0
    for family in (
        families(batch, rows) if share_prompts else [Family((row,), 0) for row in range(len(rows))]
    ):
        first = family.rows[0]
        stem = family.prompt or int(lengths[first])
        place_BS[list(family.rows), :stem] = np.arange(used, used + stem)
        trunks.append(np.arange(used, used + stem))
        used += stem
        for row in family.rows if family.prompt else ():
            end = int(lengths[row])
            place_BS[row, stem:end] = np.arange(used, used + end - stem)
            branches.append((place_BS[row, stem:end], place_BS[row, :end]))
            used += end - stem
    return place_BS, trunks, branches


def context_order(length: int, shares: int) -> list[IntArray]:
    """Places of each context share: zigzag, chunks c and 2 shares - 1 - c."""
    chunks = np.array_split(np.arange(length), 2 * shares)
    return [np.concatenate([chunks[c], chunks[2 * shares - 1 - c]]) for c in range(shares)]


def attention_plan(
    trunks: Sequence[IntArray],
    branches: Sequence[tuple[IntArray, IntArray]],
    position: IntArray,
    queries: IntArray,
    keys: IntArray,
    device: torch.device,
) -> AttentionPlan:
    """Rows of queries and keys: trunks, which see themselves, and branches, which see their trunk
    as well.

    Args:
        trunks: Places of each trunk.
        branches: Places of each branch, and of all that it sees.
        position: Position of each place of the stream in its sequence.
        queries: Places that this rank asks from, in the order of its tokens.
        keys: Places in the order in which all keys are gathered.
        device: Where attention is computed.
    """
    asked, held = np.full(len(position), -1), np.full(len(position), -1)
    asked[queries], held[keys] = np.arange(len(queries)), np.arange(len(keys))
    whole = len(queries) == len(keys)
    answers = np.zeros(len(queries), dtype=np.int64)
    parts: list[AttentionPart] = []
    answered = 0
    for pairs, is_causal in (([(trunk, trunk) for trunk in trunks], whole), (branches, False)):
        for run in similar([(asking[asked[asking] >= 0], seen) for asking, seen in pairs]):
            asking_RQ, asks_RQ = side_by_side([asking for asking, _ in run])
            seen_RK, real_RK = side_by_side([seen for _, seen in run])
            visible = None
            if not is_causal:
                # Fill asks at the end of time: it sees every key of its row, and is never read. As
                # a key it is never seen.
                asked_at = np.where(asks_RQ, position[asking_RQ], len(position))
                seen_at = np.where(real_RK, position[seen_RK], len(position) + 1)
                visible = torch.from_numpy(seen_at[:, None] <= asked_at[:, :, None]).to(device)
            rows_of_queries = _rows(np.where(asks_RQ, asked[asking_RQ], 0), len(queries), device)
            rows_of_keys = _rows(np.where(real_RK, held[seen_RK], 0), len(keys), device)
            parts.append(AttentionPart(rows_of_queries, rows_of_keys, visible))
            answers[asked[asking_RQ[asks_RQ]]] = answered + np.flatnonzero(asks_RQ)
            answered += asks_RQ.size
    plain = bool(np.array_equal(answers, np.arange(answered)))
    return AttentionPlan(tuple(parts), torch.from_numpy(answers).to(device), plain)


def similar(pairs: Sequence[tuple[IntArray, IntArray]]) -> list[list[tuple[IntArray, IntArray]]]:
    """Runs of what asks and what it sees that lose little by being filled up to the longest; who
    asks nothing is left out.
    """
    falling = sorted((pair for pair in pairs if len(pair[0])), key=lambda pair: -len(pair[1]))
    return [falling[run] for run in runs_of_similar([max(len(seen), SHORT) for _, seen in falling])]


def side_by_side(lists: Sequence[IntArray]) -> tuple[IntArray, BoolArray]:
    """Lists of places as rows filled up with place 0 [R, W], and which entries are real [R, W]."""
    lengths = np.array([len(places) for places in lists])
    real = np.arange(lengths.max()) < lengths[:, None]
    filled = np.zeros(real.shape, dtype=np.int64)
    filled[real] = np.concatenate(lists)
    return filled, real


def _rows(places_RW: IntArray, tokens: int, device: torch.device) -> Rows:
    plain = bool(np.array_equal(places_RW.reshape(-1), np.arange(tokens)))
    return Rows(torch.from_numpy(places_RW).to(device), plain)
