"""Spreading the sequences of one mini-batch evenly over data ranks and micro-batches:
Karmarkar-Karp differencing.

    take the two partial partitions whose largest and smallest sums differ most; join the largest
    part of the one with the smallest of the other, the second largest with the second smallest, ...
    until one partition is left

The report (5.3) rearranges sequences *within* a mini-batch, so the optimizer step stays what it
was; its result does not depend on the partition, only its time does. Source: Karmarkar and Karp,
"The differencing method of set partitioning", UCB/CSD 82/113 (1982), generalised to k parts as in
Michiels et al. (2003).
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

import numpy as np

from seed.spec.config import Config
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Batch, IntArray
from seed.spec.errors import Reason, SeedError
from seed.spec.parameters import architecture
from seed.spec.parameters import count as count_parameters


def karmarkar_karp(costs: Sequence[float], parts: int) -> list[list[int]]:
    """Partition items into ``parts`` sets whose sums are nearly equal.

    A heuristic: the largest sum exceeds the best possible one by little when there are several
    items a part, and may exceed it clearly with few ({8, 7, 6, 5, 4} in two gives 16 and 14).

    Args:
        costs: One number >= 0 per item.
        parts: k >= 1.

    Returns:
        Numbers of the items of each part, ascending; the part with the largest sum first. Parts may
        be empty.
    """
    ties = (
        count()
    )  # equal spreads in the order of the items, so that the answer is the same everywhere
    heap: list[tuple[float, int, list[tuple[float, list[int]]]]] = []
    for item in sorted(range(len(costs)), key=lambda item: -costs[item]):
        bins: list[tuple[float, list[int]]] = [
            (costs[item], [item]),
            *((0.0, []) for _ in range(parts - 1)),
        ]
        heap.append((-costs[item] if parts > 1 else 0.0, next(ties), bins))
    heapq.heapify(heap)
    while len(heap) > 1:
        _, _, left = heapq.heappop(heap)
        _, _, right = heapq.heappop(heap)
        joined = [
            (a + b, items + others)
            for (a, items), (b, others) in zip(left, reversed(right), strict=True)
        ]
        joined.sort(key=lambda part: -part[0])
        heapq.heappush(heap, (joined[-1][0] - joined[0][0], next(ties), joined))
    return [sorted(items) for _, items in heap[0][2]] if heap else [[] for _ in range(parts)]


def sequence_costs(lengths: Sequence[int], measure: str, model: ModelConfig) -> list[float]:
    """What each sequence costs to compute.

    Formula: ``tokens``: l. ``flops``: ``2 A l + 2 L H h l^2``, matrix products with the A active
    weights (without the input embedding, a look-up) and causal attention, which sees half of all
    pairs.

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
class Family:
    """Rows that share their prompt, or one row alone.

    Attributes:
        rows: Where they stand in the list that was asked about.
        prompt: Tokens that they share; 0 where every row is computed whole.
    """

    rows: tuple[int, ...]
    prompt: int


def families(batch: Batch, rows: Sequence[int]) -> list[Family]:
    """Which of some rows have one prompt that is worth computing once: at least as long as its
    responses on average.

    With shorter prompts less than half could be saved, and rows that stay apart are spread more
    evenly. All rows of the batch with this prompt are asked, so that a prompt is worth it in each
    micro-batch or in none.
    """
    starts = prompt_lengths(batch)
    by_prompt: dict[bytes, list[int]] = {}
    for row, prompt in enumerate(starts.tolist()):
        by_prompt.setdefault(batch.tokens[row, :prompt].tobytes(), []).append(row)
    place = {row: place for place, row in enumerate(rows)}
    found: list[Family] = []
    for answering in by_prompt.values():
        prompt, asked = (
            int(starts[answering[0]]),
            sorted(place[row] for row in answering if row in place),
        )
        if len(asked) > 1 and batch.lengths[answering].mean() <= 2 * prompt:
            found.append(Family(tuple(asked), prompt))
        else:
            found += [Family((one,), 0) for one in asked]
    return sorted(found, key=lambda family: family.rows)


def prompt_lengths(batch: Batch) -> IntArray:
    """Tokens of each row before its response [B]."""
    return np.where(batch.response.any(1), batch.response.argmax(1), batch.lengths)


def family_costs(
    together: Sequence[Family], lengths: Sequence[int], measure: str, model: ModelConfig
) -> list[float]:
    """``sum_rows c(l) - (rows - 1) c(prompt)`` of each family with the cost c of a sequence: its
    prompt is computed once.
    """
    of_rows = sequence_costs(lengths, measure, model)
    of_prompts = sequence_costs([family.prompt for family in together], measure, model)
    return [
        sum(of_rows[row] for row in family.rows) - (len(family.rows) - 1) * prompt
        for family, prompt in zip(together, of_prompts, strict=True)
    ]


def spread(batch: Batch, config: Config, data_ranks: int) -> list[list[list[int]]]:
    """Deal a mini-batch out: to every data rank equally many micro-batches, all of nearly equal
    cost.

    Rows that share their prompt stay together as long as they cost at most half of a micro-batch.

    Args:
        batch: The mini-batch.
        config: ``algorithm.micro_batch`` (rows a micro-batch, on average; what is computed once
            counts once), ``parallel.balance``, ``parallel.share_prompts``,
            ``parallel.micro_batch_tokens``.
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
    together = _together(batch, config)
    rounds = max(
        math.ceil(
            _rows_worth(together, lengths, config) / (data_ranks * config.algorithm.micro_batch)
        ),
        1,
    )
    while True:
        parts = _parts(together, lengths, config, rounds * data_ranks)
        if (
            not cap
            or max(sum(family_costs(part, lengths, "tokens", config.model)) for part in parts)
            <= cap
        ):
            dealt = [sorted(row for family in part for row in family.rows) for part in parts]
            return [dealt[rank::data_ranks] for rank in range(data_ranks)]
        rounds += 1  # ends at one sequence a part, which fits


def _together(batch: Batch, config: Config) -> list[Family]:
    rows = range(len(batch.lengths))
    if config.parallel.share_prompts and config.parallel.balance != "none":
        return families(batch, rows)
    return [Family((row,), 0) for row in rows]


def _rows_worth(together: Sequence[Family], lengths: Sequence[int], config: Config) -> float:
    """Rows of average length that have as many tokens as are computed."""
    computed = sum(family_costs(together, lengths, "tokens", config.model))
    return len(lengths) * computed / sum(lengths) if lengths else 0.0


def _parts(
    together: Sequence[Family], lengths: Sequence[int], config: Config, parts: int
) -> list[list[Family]]:
    measure, model = config.parallel.balance, config.model
    if measure == "none":
        bounds = [len(together) * part // parts for part in range(parts + 1)]
        return [list(together[start:end]) for start, end in pairwise(bounds)]
    costs = family_costs(together, lengths, measure, model)
    half = sum(costs) / (2 * parts)
    pieces = [
        piece
        for family, cost in zip(together, costs, strict=True)
        for piece in _cut(family, math.ceil(cost / half))
    ]
    partition = karmarkar_karp(family_costs(pieces, lengths, measure, model), parts)
    return [[pieces[item] for item in part] for part in partition]


def _cut(family: Family, pieces: int) -> list[Family]:
    """A family in so many pieces, at most its rows."""
    count = min(pieces, len(family.rows))
    bounds = [len(family.rows) * piece // count for piece in range(count + 1)]
    return [replace(family, rows=family.rows[start:end]) for start, end in pairwise(bounds)]
