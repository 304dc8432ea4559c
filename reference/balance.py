"""Spreading the sequences of one mini-batch evenly over data ranks and micro-batches: Karmarkar-Karp differencing.

    take the two partial partitions whose largest and smallest sums differ most;
    join the largest part of the one with the smallest of the other, the second largest with the second smallest, ...
    until one partition is left

The report (5.3) rearranges sequences *within* a mini-batch, so the optimizer step stays what it was; its result does not
depend on the partition, only its time does. Source: Karmarkar and Karp, "The differencing method of set partitioning",
UCB/CSD 82/113 (1982), generalised to k parts as in Michiels et al. (2003).
"""

import heapq
from collections.abc import Sequence
from itertools import count, pairwise

from spec.config import Config, ModelConfig
from spec.errors import Reason, SeedError
from spec.parameters import architecture
from spec.parameters import count as count_parameters


def karmarkar_karp(costs: Sequence[float], parts: int) -> list[list[int]]:
    """Partition items into ``parts`` sets whose sums are nearly equal.

    A heuristic: the largest sum exceeds the best possible one by little when there are several items a part, and may
    exceed it clearly with few ({8, 7, 6, 5, 4} in two gives 16 and 14).

    Args:
        costs: One number >= 0 per item.
        parts: k >= 1.

    Returns:
        Numbers of the items of each part, ascending; the part with the largest sum first. Parts may be empty.
    """
    ties = count()  # equal spreads in the order of the items, so that the answer is the same everywhere
    heap: list[tuple[float, int, list[tuple[float, list[int]]]]] = []
    for item in sorted(range(len(costs)), key=lambda item: -costs[item]):
        bins: list[tuple[float, list[int]]] = [(costs[item], [item]), *((0.0, []) for _ in range(parts - 1))]
        heap.append((-costs[item] if parts > 1 else 0.0, next(ties), bins))
    heapq.heapify(heap)
    while len(heap) > 1:
        _, _, left = heapq.heappop(heap)
        _, _, right = heapq.heappop(heap)
        joined = [(a + b, items + others) for (a, items), (b, others) in zip(left, reversed(right), strict=True)]
        joined.sort(key=lambda part: -part[0])
        heapq.heappush(heap, (joined[-1][0] - joined[0][0], next(ties), joined))
    return [sorted(items) for _, items in heap[0][2]] if heap else [[] for _ in range(parts)]


def sequence_costs(lengths: Sequence[int], measure: str, model: ModelConfig) -> list[float]:
    """What each sequence costs to compute.

    Formula: ``tokens``: l. ``flops``: ``2 A l + 2 L H h l^2``, matrix products with the A active weights (without the
    input embedding, a look-up) and causal attention, which sees half of all pairs.

    Args:
        lengths: Tokens l of each sequence.
        measure: ``tokens`` or ``flops``.
        model: Sizes.
    """
    if measure == "tokens":
        return [float(length) for length in lengths]
    active = count_parameters(architecture(model)).active - (0 if model.tied_embeddings else model.vocabulary * model.hidden)
    pairs = 2 * model.layers * model.heads * model.head_width
    return [2.0 * active * length + float(pairs) * length * length for length in lengths]


def spread(lengths: Sequence[int], config: Config, data_ranks: int) -> list[list[list[int]]]:
    """Deal a mini-batch out: to every data rank equally many micro-batches, all of nearly equal cost.

    Args:
        lengths: Tokens of each row.
        config: ``algorithm.micro_batch`` (rows a micro-batch, on average), ``parallel.balance``, ``parallel.micro_batch_tokens``.
        data_ranks: Ranks with different sequences.

    Returns:
        Data rank -> micro-batch -> rows. Every row is in exactly one; micro-batches may be empty.

    Raises:
        SeedError: ILLEGAL_COMBINATION if one sequence alone is longer than ``parallel.micro_batch_tokens``.
    """
    cap = config.parallel.micro_batch_tokens
    if cap and max(lengths, default=0) > cap:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"parallel.micro_batch_tokens={cap} must be at least the longest sequence, {max(lengths)} tokens",
        )
    rounds = max(-(-len(lengths) // (data_ranks * config.algorithm.micro_batch)), 1)
    while True:
        parts = _parts(lengths, config, rounds * data_ranks)
        if not cap or max(sum(lengths[row] for row in part) for part in parts) <= cap:
            return [parts[rank::data_ranks] for rank in range(data_ranks)]
        rounds += 1  # ends at one sequence a part, which fits


def _parts(lengths: Sequence[int], config: Config, parts: int) -> list[list[int]]:
    if config.parallel.balance == "none":
        bounds = [len(lengths) * part // parts for part in range(parts + 1)]
        return [list(range(start, end)) for start, end in pairwise(bounds)]
    return karmarkar_karp(sequence_costs(lengths, config.parallel.balance, config.model), parts)


def runs_of_similar(lengths: Sequence[int]) -> list[slice]:
    """Cut a falling list into runs in which nothing is shorter than half the longest, so that padding is less than half.

    Args:
        lengths: Lengths >= 1, the longest first.
    """
    cuts = [0]
    for place, length in enumerate(lengths):
        if 2 * length < lengths[cuts[-1]]:
            cuts.append(place)
    return [slice(start, stop) for start, stop in zip(cuts, [*cuts[1:], len(lengths)], strict=True) if start < stop]
