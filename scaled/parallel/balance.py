"""Load balance: one mini-batch is spread evenly over data ranks and micro-batches.

Karmarkar-Karp differencing:

    1. every item is a partition of its own: itself in one part, the other parts empty
    2. take the two partitions whose largest and smallest sums differ most
    3. join them crosswise: largest part of one with the smallest of the other, second largest with
       second smallest, ...
    4. repeat from 2 until one partition is left

The report (5.3) rearranges sequences *within* a mini-batch, so the optimizer step stays what it
was: its result does not depend on the partition, only its time does.
Source: Karmarkar and Karp, "The differencing method of set partitioning", UCB/CSD 82/113 (1982),
generalised to k parts as in Michiels et al. (2003).
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

import numpy as np

from seed.spec.config import Config
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Batch, IntArray, Request
from seed.spec.errors import Reason, SeedError
from seed.spec.parameters import architecture
from seed.spec.parameters import count as count_parameters


def deal_groups(requests: Sequence[Request], load: Sequence[int]) -> list[int]:
    """The data rank of each response, so that equal prompts are decoded where one is read.

    No rank gets more responses than an equal share of all, rounded up, unless it had more before.
    Prompts are dealt in their order, each to the rank with most room; one that does not fit is cut,
    so at most one prompt a rank is read by several.

    Args:
        requests: What is to be answered; those with equal prompts belong together.
        load: Responses that each rank has already.
    """
    share = -(-(sum(load) + len(requests)) // len(load))
    room = [share - responses for responses in load]
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, request in enumerate(requests):
        groups.setdefault(tuple(request.prompt_tokens), []).append(number)
    rank_of = [0] * len(requests)
    for group in groups.values():
        left = group
        while left:
            rank = room.index(max(room))
            taken, left = left[: room[rank]], left[room[rank] :]
            room[rank] -= len(taken)
            for number in taken:
                rank_of[number] = rank
    return rank_of


def karmarkar_karp(costs: Sequence[float], parts: int) -> list[list[int]]:
    """Partition items into ``parts`` sets whose sums are nearly equal.

    Formula: join the two partitions of largest spread, largest part with smallest, until one is
    left.
    Source: Karmarkar and Karp 1982; report 5.3.

    A heuristic: with several items a part the largest sum is close to the best possible one; with
    few it may be clearly larger ({8, 7, 6, 5, 4} in two gives 16 and 14).

    Args:
        costs: One number >= 0 per item.
        parts: k >= 1.

    Returns:
        Numbers of the items of each part, ascending; the part with the largest sum first. Parts may
        be empty.
    """
    # heapq pops the smallest entry, so an entry begins with minus the spread of its partition.
    # Equal spreads keep the order of the items, so that every rank computes the same partition.
    ties = count()
    heap: list[tuple[float, int, list[tuple[float, list[int]]]]] = []
    for item in sorted(range(len(costs)), key=lambda item: -costs[item]):
        empty: list[tuple[float, list[int]]] = [(0.0, []) for _ in range(parts - 1)]
        spread_of_one = costs[item] if parts > 1 else 0.0
        heap.append((-spread_of_one, next(ties), [(costs[item], [item]), *empty]))
    heapq.heapify(heap)
    while len(heap) > 1:
        _, _, first = heapq.heappop(heap)
        _, _, second = heapq.heappop(heap)
        joined = [
            (a + b, items + others)
            for (a, items), (b, others) in zip(first, reversed(second), strict=True)
        ]
        joined.sort(key=lambda part: -part[0])
        heapq.heappush(heap, (joined[-1][0] - joined[0][0], next(ties), joined))
    return [sorted(items) for _, items in heap[0][2]] if heap else [[] for _ in range(parts)]


def sequence_costs(lengths: Sequence[int], measure: str, model: ModelConfig) -> list[float]:
    """Cost of computing each sequence.

    Formula: ``tokens``: l. ``flops``: ``2 A l + 2 L H h l^2``: products with the A active weights
    (not the input embedding, a look-up), and causal attention, which sees half of all pairs.
    Source: matrix products and causal attention, counted.

    Args:
        lengths: Tokens l of each sequence.
        measure: ``tokens`` or ``flops``.
        model: Sizes.
    """
    if measure == "tokens":
        return [float(length) for length in lengths]
    active = count_parameters(architecture(model)).active - (
        0 if model.tied_embeddings else model.vocabulary * model.hidden
    )
    pairs = 2 * model.layers * model.heads * model.head_width
    return [2.0 * active * length + float(pairs) * length * length for length in lengths]


@dataclass(frozen=True)
class PrefixGroup:
    """Rows whose prompt is computed once for all, or one row alone.

    Attributes:
        rows: Indices into the list of rows that was given, ascending.
        prefix: Tokens of the shared prompt; 0 for a row alone.
    """

    rows: tuple[int, ...]
    prefix: int


def prefix_groups(batch: Batch, rows: Sequence[int]) -> list[PrefixGroup]:
    """Group rows by prompts that are worth computing once: at least as long as their mean response.

    With a shorter prompt less than half of the tokens could be saved, and rows that stay apart are
    spread more evenly. The mean is over all rows of the batch with this prompt, so that a prompt is
    shared in every micro-batch or in none.
    """
    starts = prompt_lengths(batch)
    rows_of: dict[bytes, list[int]] = {}
    for row, start in enumerate(starts.tolist()):
        rows_of.setdefault(batch.tokens[row, :start].tobytes(), []).append(row)
    index = {row: index for index, row in enumerate(rows)}
    groups: list[PrefixGroup] = []
    for same_prompt in rows_of.values():
        prompt = int(starts[same_prompt[0]])
        members = sorted(index[row] for row in same_prompt if row in index)
        if len(members) > 1 and batch.lengths[same_prompt].mean() <= 2 * prompt:
            groups.append(PrefixGroup(tuple(members), prompt))
        else:
            groups += [PrefixGroup((member,), 0) for member in members]
    return sorted(groups, key=lambda group: group.rows)


def prompt_lengths(batch: Batch) -> IntArray:
    """Tokens of each row before its response [B]."""
    return np.where(batch.response.any(1), batch.response.argmax(1), batch.lengths)


def group_costs(
    groups: Sequence[PrefixGroup], lengths: Sequence[int], measure: str, model: ModelConfig
) -> list[float]:
    """Cost of each group, its prompt computed once.

    Formula: ``sum_rows c(prompt + response) - (rows - 1) c(prompt)``, shared where ``|prompt| >=
    mean |response|``.
    Source: a token's state depends on those before it alone.
    """
    of_rows = sequence_costs(lengths, measure, model)
    of_prompts = sequence_costs([group.prefix for group in groups], measure, model)
    return [
        sum(of_rows[row] for row in group.rows) - (len(group.rows) - 1) * prompt
        for group, prompt in zip(groups, of_prompts, strict=True)
    ]


def spread(batch: Batch, config: Config, data_ranks: int) -> list[list[list[int]]]:
    """Give every data rank equally many micro-batches, all of nearly equal cost.

    Rows that share their prompt stay together while they cost at most half of a micro-batch.

    Args:
        batch: The mini-batch.
        config: ``algorithm.micro_batch`` (mean rows of a micro-batch; a shared prompt counts once),
            ``parallel.balance``, ``parallel.share_prompts``, ``parallel.micro_batch_tokens``.
        data_ranks: Ranks with different sequences.

    Returns:
        Data rank -> micro-batch -> rows. Every row is in exactly one; micro-batches may be empty.

    Raises:
        SeedError: ILLEGAL_COMBINATION if one sequence alone is longer than
            ``parallel.micro_batch_tokens``.
    """
    lengths, cap = [int(length) for length in batch.lengths], config.parallel.micro_batch_tokens
    if cap and max(lengths, default=0) > cap:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"parallel.micro_batch_tokens={cap} must be at least the longest sequence,"
            f" {max(lengths)} tokens",
        )
    groups = _groups(batch, config)
    rows = _rows_worth(groups, lengths, config)
    rounds = max(math.ceil(rows / (data_ranks * config.algorithm.micro_batch)), 1)
    while True:
        parts = _parts(groups, lengths, config, rounds * data_ranks)
        tokens = [sum(group_costs(part, lengths, "tokens", config.model)) for part in parts]
        if not cap or max(tokens) <= cap:
            micro_batches = [sorted(row for group in part for row in group.rows) for part in parts]
            return [micro_batches[rank::data_ranks] for rank in range(data_ranks)]
        rounds += 1  # ends at the latest with one sequence a part, which fits


def _groups(batch: Batch, config: Config) -> list[PrefixGroup]:
    rows = range(len(batch.lengths))
    if config.parallel.share_prompts and config.parallel.balance != "none":
        return prefix_groups(batch, rows)
    return [PrefixGroup((row,), 0) for row in rows]


def _rows_worth(groups: Sequence[PrefixGroup], lengths: Sequence[int], config: Config) -> float:
    """Rows of average length that have as many tokens as are computed."""
    computed = sum(group_costs(groups, lengths, "tokens", config.model))
    return len(lengths) * computed / sum(lengths) if lengths else 0.0


def _parts(
    groups: Sequence[PrefixGroup], lengths: Sequence[int], config: Config, parts: int
) -> list[list[PrefixGroup]]:
    measure, model = config.parallel.balance, config.model
    if measure == "none":
        bounds = [len(groups) * part // parts for part in range(parts + 1)]
        return [list(groups[start:end]) for start, end in pairwise(bounds)]
    # A group that costs more than half of a part is cut, or it could not be placed evenly.
    costs = group_costs(groups, lengths, measure, model)
    half = sum(costs) / (2 * parts)
    pieces = [
        piece
        for group, cost in zip(groups, costs, strict=True)
        for piece in _cut(group, math.ceil(cost / half))
    ]
    partition = karmarkar_karp(group_costs(pieces, lengths, measure, model), parts)
    return [[pieces[item] for item in part] for part in partition]


def _cut(group: PrefixGroup, pieces: int) -> list[PrefixGroup]:
    """A group in so many pieces, at most one per row."""
    count = min(pieces, len(group.rows))
    bounds = [len(group.rows) * piece // count for piece in range(count + 1)]
    return [replace(group, rows=group.rows[start:end]) for start, end in pairwise(bounds)]
