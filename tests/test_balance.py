"""Laws of the deal of sequences over data ranks and micro-batches: nothing lost, nearly even, and no number depends on it."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cases import case_batch, case_config
from reference.balance import karmarkar_karp, runs_of_similar, sequence_costs, spread
from scaled.backend import ScaledBackend
from scaled.launch import World
from scaled.parallelize import shards_of
from spec.config import load_config
from spec.errors import Reason, SeedError
from spec.layout import Layout
from spec.types import Array, Metrics

laws = settings(derandomize=True, deadline=None, max_examples=100)
lengths_of_rows = st.lists(st.integers(1, 5000), min_size=1, max_size=40)

WORST = 4 / 3
"""Largest sum over the best possible one: the differencing method stays below 4/3 - 1/(3 k) (Michiels et al. 2003)."""


def sums(costs: Sequence[float], parts: Sequence[Sequence[int]]) -> list[float]:
    """Cost of each part."""
    return [sum(costs[item] for item in part) for part in parts]


def greedy(costs: Sequence[float], parts: int) -> float:
    """Largest sum when the items, the largest first, each go to the part that is smallest then."""
    heap = [0.0] * parts
    for cost in sorted(costs, reverse=True):
        heapq.heapreplace(heap, heap[0] + cost)
    return max(heap)


@pytest.mark.parametrize(
    ("costs", "parts", "expected"),
    [
        ([8, 7, 6, 5, 4], 2, [16, 14]),  # the best is 15 and 15: a heuristic
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 3, [19, 18, 18]),
        ([1000, 900, 300, 200, 100, 50], 3, [1000, 900, 650]),
        ([], 2, [0, 0]),
        ([5], 3, [5, 0, 0]),
        ([3, 1, 2], 1, [6]),
    ],
)
def test_karmarkar_karp_gives_its_golden_sums(costs: list[float], parts: int, expected: list[float]) -> None:
    assert sums(costs, karmarkar_karp(costs, parts)) == expected


@given(costs=lengths_of_rows, parts=st.integers(1, 9))
@laws
def test_every_item_is_in_exactly_one_of_the_parts_and_the_fullest_comes_first(costs: list[int], parts: int) -> None:
    partition = karmarkar_karp(costs, parts)
    assert len(partition) == parts
    assert sorted(item for part in partition for item in part) == list(range(len(costs)))
    assert sums(costs, partition) == sorted(sums(costs, partition), reverse=True)
    assert partition == karmarkar_karp(costs, parts)


@given(costs=lengths_of_rows, parts=st.integers(1, 9))
@laws
def test_the_largest_sum_is_at_least_the_mean_and_at_most_a_third_above_the_greedy_one(costs: list[int], parts: int) -> None:
    largest = max(sums(costs, karmarkar_karp(costs, parts)))
    assert largest >= max(sum(costs) / parts, *costs, 0)
    assert largest <= WORST * greedy(costs, parts)


def test_on_lengths_like_those_of_responses_it_is_better_than_greedy_and_far_better_than_no_balance() -> None:
    random = np.random.default_rng(0)
    ours, theirs, dealt = 0.0, 0.0, 0.0
    for _ in range(50):
        costs = np.ceil(random.lognormal(6.0, 0.8, 64)).tolist()
        ours += max(sums(costs, karmarkar_karp(costs, 8)))
        theirs += greedy(costs, 8)
        dealt += max(sums(costs, [range(start, start + 8) for start in range(0, 64, 8)]))
    assert ours < theirs < dealt / 1.3


def test_the_cost_of_a_sequence_has_its_closed_form() -> None:
    model = load_config("tiny", "vapo").model
    # A layer: projections 2 * 64 * 64 + 2 * 64 * 32, norms 2 * 16 + 2 * 64, router 64 * 4, two experts of 3 * 64 * 64.
    active = 2 * (12_288 + 160 + 256 + 24_576) + 64 + 64 * 32
    assert sequence_costs([10, 1], "flops", model) == [2 * active * 10 + 2 * 2 * 4 * 16 * 100, 2 * active + 256]
    assert sequence_costs([10, 1], "tokens", model) == [10, 1]


@given(
    lengths=lengths_of_rows,
    ranks=st.integers(1, 5),
    balance=st.sampled_from(["none", "tokens", "flops"]),
    micro_batch=st.sampled_from([1, 4, 32]),
    spare=st.sampled_from([None, 0, 700]),
)
@laws
def test_every_row_is_dealt_once_in_equally_many_micro_batches_a_rank_none_above_the_cap(
    lengths: list[int], ranks: int, balance: str, micro_batch: int, spare: int | None
) -> None:
    cap = 0 if spare is None else max(lengths) + spare
    changes = f"parallel.balance={balance}", f"algorithm.micro_batch={micro_batch}", f"parallel.micro_batch_tokens={cap}"
    shares = spread(lengths, load_config("tiny", "vapo", changes), ranks)
    assert len(shares) == ranks
    assert len({len(share) for share in shares}) == 1
    assert sorted(row for share in shares for part in share for row in part) == list(range(len(lengths)))
    assert not cap or all(sum(lengths[row] for row in part) <= cap for share in shares for part in share)


def test_a_cap_below_the_longest_sequence_is_refused_with_the_least_legal_value() -> None:
    with pytest.raises(SeedError) as refusal:
        spread([7, 30, 9], load_config("tiny", "vapo", ["parallel.micro_batch_tokens=29"]), 2)
    assert refusal.value.reason is Reason.ILLEGAL_COMBINATION
    assert refusal.value.line == "parallel.micro_batch_tokens=29 must be at least the longest sequence, 30 tokens"


@cache
def stepped(*changes: str) -> tuple[dict[str, Array], Metrics]:
    """All weights and the metrics after one optimizer step of the policy, every term of the loss switched on."""
    config = case_config("everything", *changes)
    backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
    state = backend.begin_reinforcement(backend.initial_state(config), config)
    batch = case_batch(config)
    advantages = np.where(batch.response, np.sin(np.arange(batch.tokens.size)).reshape(batch.tokens.shape), 0.0)
    state, metrics = backend.update_policy(state, config, replace(batch, advantages=advantages))
    return {name: weight.numpy() for name, weight in shards_of(state.policy).items()}, metrics


@pytest.mark.parametrize(
    "changes",
    [
        ("algorithm.micro_batch=1",),
        ("algorithm.micro_batch=16",),
        ("parallel.balance=none",),
        ("parallel.balance=flops", "algorithm.micro_batch=3"),
        ("parallel.micro_batch_tokens=24",),
    ],
    ids=" ".join,
)
def test_p1_an_optimizer_step_does_not_depend_on_the_deal(changes: tuple[str, ...]) -> None:
    (weights, metrics), (expected, expected_metrics) = stepped(*changes), stepped()
    assert expected_metrics["grad_norm"] > 0.01
    for name, weight in weights.items():
        np.testing.assert_allclose(weight, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)
    assert metrics == pytest.approx(expected_metrics, rel=1e-12, abs=1e-12)


@given(lengths=st.lists(st.integers(1, 500), max_size=40))
@settings(derandomize=True, deadline=None)
def test_runs_of_similar_lengths_cover_all_and_pad_less_than_half(lengths: list[int]) -> None:
    falling = sorted(lengths, reverse=True)
    runs = [falling[run] for run in runs_of_similar(falling)]
    assert [length for run in runs for length in run] == falling
    assert all(run and sum(run) * 2 >= len(run) * run[0] for run in runs)
