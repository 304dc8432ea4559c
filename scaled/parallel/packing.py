"""Packing: sequences of any length one after the other without padding, cut over ranks.

    packed     shared prompt, response, response, ...; a whole sequence; ...; filler up to a
               multiple of 2 * cp * tp
    context    rank c of cp has chunks c and 2 cp - 1 - c of 2 cp: early and late positions
               together cost the same on every rank
    tensor     rank t of tp has an equal part of that, for everything but attention

A token's state depends on the tokens before it alone. So a prompt has the same states before every
response, and its gradient is the sum over its responses: computed once, nothing changes
(``scaled.parallel.balance.prefix_groups`` decides when that pays). The same holds for what
different prompts have in common at the start (``common_front``).

Attention never looks across sequences: tokens are put into rows, attend there, and are put back.
A packed place does not determine the place in the batch, so there are two maps: the packed place of
every token of a row, and the packed place from which every response token is predicted (the one
shift of this backend).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seed.reference.rollouts.similar_lengths import runs_of_similar
from seed.scaled.parallel.balance import PrefixGroup, prefix_groups, prompt_lengths
from seed.scaled.parallel.mesh import Mesh
from seed.spec.datatypes import Batch, BoolArray, IntArray

SHORT = 32
"""Keys up to which rows of any length attend in one call: padding costs less than more calls."""

LEAST_FRONT = 32
"""Tokens that different prompts must have in common at the start for them to be computed once."""

Suffix = tuple[IntArray, IntArray]
"""Places of what follows a prefix, e.g. a response to a shared prompt, and of all that it sees."""


@dataclass(frozen=True)
class Rows:
    """Packed tokens in rows.

    Attributes:
        places_RW: Packed place of each entry of each row; padding reads place 0 and is never used.
        plain: Whether the rows are the packed tokens in their order, only cut: nothing to move.
    """

    places_RW: Tensor
    plain: bool

    def fill(self, x: Tensor) -> Tensor:
        """The tokens [tokens, ...] in their rows [R, W, ...]."""
        flat = x if self.plain else x.index_select(0, self.places_RW.flatten())
        return flat.unflatten(0, self.places_RW.shape)


@dataclass(frozen=True)
class AttentionPart:
    """Rows that attend in one call, each within itself.

    Attributes:
        queries: Rows of this rank's queries.
        keys: Rows of the keys that they may see, gathered from all context ranks.
        visible_RQK: Whether a query sees a key; None where queries and keys are the same tokens and
            causal order decides.
    """

    queries: Rows
    keys: Rows
    visible_RQK: Tensor | None


@dataclass(frozen=True)
class AttentionPlan:
    """How attention puts packed tokens into rows and back; worked out once for all layers.

    Attributes:
        parts: Prefixes, which are whole sequences, shared prompts or what all prompts begin with;
            then suffixes, which are all that follows a prefix. Each in runs of similar length.
        outputs_m: Index of the output of each query in the joined outputs of all parts.
        plain: Whether the outputs are in the order of the queries.
    """

    parts: tuple[AttentionPart, ...]
    outputs_m: Tensor
    plain: bool

    def read(self, outputs: Sequence[Tensor]) -> Tensor:
        """Outputs of the parts [R, Q, ...] in the order of the queries [m, ...]."""
        flat = [of_part.flatten(0, 1) for of_part in outputs]
        joined = torch.cat(flat) if len(flat) > 1 else flat[0]
        return joined if self.plain else joined.index_select(0, self.outputs_m)


@dataclass(frozen=True)
class PackedSequences:
    """One micro-batch as one rank sees it.

    Attributes:
        tokens_n: Token ids of this rank's slice.
        positions_m: Positions in their sequences of this rank's context share, for the rotary
            angles.
        places_p: Place of the slice from which each response token is predicted.
        targets_p: Its id.
        cells_p: Its ``row * S + column`` in the batch.
        own_places_c: Place in the slice of each token of each row; tokens of a shared prompt once
            per row.
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
        """The entries of an array of the batch that belong to the predicted tokens [p]."""
        return values_BS.reshape(-1).index_select(0, self.cells_p)

    def take_own(self, values_BS: Tensor) -> Tensor:
        """The entries of an array of the batch that belong to the tokens themselves [c]."""
        return values_BS.reshape(-1).index_select(0, self.own_cells_c)


def pack(
    batch: Batch, rows: Sequence[int], mesh: Mesh, share_prompts: bool = True
) -> PackedSequences:
    """Pack rows of a batch and keep this rank's part.

    Formula: sequence after sequence, a shared prompt once; position t predicts t + 1 of its own
    sequence.
    Source: known bug P19.

    Args:
        batch: The whole mini-batch.
        rows: Numbers of the rows to pack; may be empty, then all is filler.
        mesh: Ranks along ``context`` and ``tensor`` share the packed tokens.
        share_prompts: Whether the prompt of several rows is packed once, where that pays.
    """
    place_BS, prefixes, suffixes = laid_out(batch, rows, share_prompts)
    S = batch.tokens.shape[1]
    used = int(place_BS.max(initial=-1)) + 1
    multiple = 2 * mesh.context.size * mesh.tensor.size
    length = max(-(-used // multiple), 1) * multiple
    prefixes += [np.arange(used, length)] if used < length else []  # filler is its own sequence

    # Every token of every row: its packed place and its cell in the batch. A shared place occurs
    # once per row, with the same token each time.
    row, column = np.nonzero(place_BS >= 0)
    place, cell = place_BS[row, column], np.asarray(rows, dtype=np.int64)[row] * S + column
    tokens, position = (np.zeros(length, dtype=np.int64) for _ in range(2))
    tokens[place], position[place] = batch.tokens.reshape(-1)[cell], column
    position[used:] = np.arange(length - used)
    # A response token is predicted from the token before it in its row: with a shared prompt, the
    # last prompt token predicts the first token of every response.
    predicted = batch.response.reshape(-1)[cell] & (column > 0)
    source, target_cell = place_BS[row[predicted], column[predicted] - 1], cell[predicted]

    # Cut: a context share for attention, its tensor slice for everything else.
    order = context_order(length, mesh.context.size)
    share = order[mesh.context.rank]
    mine = np.array_split(share, mesh.tensor.size)[mesh.tensor.rank]
    local = np.full(length, -1)
    local[mine] = np.arange(len(mine))
    own, own_source = local[place] >= 0, local[source] >= 0

    def tensor(array: IntArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(mesh.device)

    keys = np.concatenate(order)
    return PackedSequences(
        tokens_n=tensor(tokens[mine]),
        positions_m=tensor(position[share]),
        places_p=tensor(local[source[own_source]]),
        targets_p=tensor(batch.tokens.reshape(-1)[target_cell[own_source]]),
        cells_p=tensor(target_cell[own_source]),
        own_places_c=tensor(local[place[own]]),
        own_cells_c=tensor(cell[own]),
        plan=attention_plan(prefixes, suffixes, position, share, keys, mesh.device),
    )


def laid_out(
    batch: Batch, rows: Sequence[int], share_prompts: bool
) -> tuple[IntArray, list[IntArray], list[Suffix]]:
    """Give every token of some rows its packed place.

    Returns:
        Place of each token of each row [rows, S], -1 outside of a row; places of every prefix (a
        whole sequence, a shared prompt, or the common start of all prompts); every suffix.
    """
    place_BS = np.full((len(rows), batch.tokens.shape[1]), -1)
    lengths = batch.lengths[np.asarray(rows, dtype=np.int64)]
    prefixes: list[IntArray] = []
    suffixes: list[Suffix] = []
    used = 0

    def place(members: list[int], start: int, end: int) -> None:
        """Place these columns of some equal rows; what follows something is a suffix of it."""
        nonlocal used
        own = np.arange(used, used + end - start)
        place_BS[members, start:end] = own
        used += end - start
        if start:
            suffixes.append((own, place_BS[members[0], :end]))
        else:
            prefixes.append(own)

    groups = [PrefixGroup((row,), 0) for row in range(len(rows))]
    front = 0
    if share_prompts:
        groups = prefix_groups(batch, rows)
        firsts = [rows[group.rows[0]] for group in groups]
        ends = prompt_lengths(batch)[firsts] if firsts else ()
        prompts = [batch.tokens[row, :end].tolist() for row, end in zip(firsts, ends, strict=True)]
        front = common_front(prompts, lengths)
    if front:
        place(list(range(len(rows))), 0, front)
    for group in groups:
        shared = group.prefix or int(lengths[group.rows[0]])
        place(list(group.rows), front, shared)
        for row in group.rows if group.prefix else ():
            place([row], shared, int(lengths[row]))
    return place_BS, prefixes, suffixes


def common_front(prompts: Sequence[Sequence[int]], lengths: IntArray) -> int:
    """Tokens that several different prompts begin with, 0 if they are not worth computing once.

    A system message or worked examples, for instance. They are, if they are ``LEAST_FRONT`` at
    least and as many as follow them in a row on average.

    Args:
        prompts: Token ids.
        lengths: Tokens of all rows that have one of these prompts.
    """
    front = common_start(prompts) if len(prompts) > 1 else 0
    return front if front >= LEAST_FRONT and lengths.mean() <= 2 * front else 0


def common_start(texts: Sequence[Sequence[int]]) -> int:
    """Tokens that all texts begin with; at least one text."""
    # What the first and the last one in alphabetical order have in common, all have in common.
    in_order = sorted(map(tuple, texts))
    first, last = in_order[0], in_order[-1]
    pairs = enumerate(zip(first, last, strict=False))
    return next((place for place, (one, other) in pairs if one != other), len(first))


def context_order(length: int, shares: int) -> list[IntArray]:
    """Places of each context share, in zigzag order.

    Formula: context share c of n holds chunks ``c`` and ``2 n - 1 - c`` of 2 n.
    Source: Llama 3, arXiv 2407.21783 section 3.3.2.
    """
    chunks = np.array_split(np.arange(length), 2 * shares)
    return [np.concatenate([chunks[c], chunks[2 * shares - 1 - c]]) for c in range(shares)]


def attention_plan(
    prefixes: Sequence[IntArray],
    suffixes: Sequence[Suffix],
    position: IntArray,
    queries: IntArray,
    keys: IntArray,
    device: torch.device,
) -> AttentionPlan:
    """Rows of queries and keys: a prefix sees itself, a suffix its prefix and itself.

    Args:
        prefixes: Places of each prefix.
        suffixes: Places of each suffix, and of all that it sees.
        position: Position of each packed place in its sequence.
        queries: Places of this rank's queries, in the order of its tokens.
        keys: Places in the order in which all keys are gathered.
        device: Where attention is computed.
    """
    # Inverse maps: packed place -> this rank's query number (-1: another rank's), -> key number.
    query_of, key_of = np.full(len(position), -1), np.full(len(position), -1)
    query_of[queries], key_of[keys] = np.arange(len(queries)), np.arange(len(keys))
    has_all_queries = len(queries) == len(keys)
    outputs = np.zeros(len(queries), dtype=np.int64)
    parts: list[AttentionPart] = []
    done = 0
    # With all queries on this rank a prefix attends causally to itself, which needs no mask.
    whole = [(prefix, prefix) for prefix in prefixes]
    for pairs, is_causal in ((whole, has_all_queries), (suffixes, False)):
        for run in similar([(own[query_of[own] >= 0], seen) for own, seen in pairs]):
            query_RQ, is_query_RQ = side_by_side([own for own, _ in run])
            key_RK, is_key_RK = side_by_side([seen for _, seen in run])
            visible = None
            if not is_causal:
                # A padding query comes after all positions: it sees every key of its row, so its
                # softmax is finite, and its output is never read. A padding key is never seen.
                query_at = np.where(is_query_RQ, position[query_RQ], len(position))
                key_at = np.where(is_key_RK, position[key_RK], len(position) + 1)
                visible = torch.from_numpy(key_at[:, None] <= query_at[:, :, None]).to(device)
            query_rows = _rows(np.where(is_query_RQ, query_of[query_RQ], 0), len(queries), device)
            key_rows = _rows(np.where(is_key_RK, key_of[key_RK], 0), len(keys), device)
            parts.append(AttentionPart(query_rows, key_rows, visible))
            outputs[query_of[query_RQ[is_query_RQ]]] = done + np.flatnonzero(is_query_RQ)
            done += is_query_RQ.size
    plain = bool(np.array_equal(outputs, np.arange(done)))
    return AttentionPlan(tuple(parts), torch.from_numpy(outputs).to(device), plain)


def similar(pairs: Sequence[Suffix]) -> list[list[Suffix]]:
    """Runs of (queries, keys) with similar numbers of keys, longest first, without empty queries.

    Little is lost when the rows of a run are padded to its longest.
    """
    falling = sorted((pair for pair in pairs if len(pair[0])), key=lambda pair: -len(pair[1]))
    return [falling[run] for run in runs_of_similar([max(len(seen), SHORT) for _, seen in falling])]


def side_by_side(lists: Sequence[IntArray]) -> tuple[IntArray, BoolArray]:
    """Lists of places as rows padded with place 0 [R, W], and which entries are real [R, W]."""
    lengths = np.array([len(places) for places in lists])
    real = np.arange(lengths.max()) < lengths[:, None]
    padded = np.zeros(real.shape, dtype=np.int64)
    padded[real] = np.concatenate(lists)
    return padded, real


def _rows(places_RW: IntArray, tokens: int, device: torch.device) -> Rows:
    plain = bool(np.array_equal(places_RW.reshape(-1), np.arange(tokens)))
    return Rows(torch.from_numpy(places_RW).to(device), plain)
