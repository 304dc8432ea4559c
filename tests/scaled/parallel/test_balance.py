"""Properties of load balance: nothing is lost, parts are nearly even, no number depends on it."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.conformance.cases import case_batch, case_config
from seed.reference.rollouts.similar_lengths import runs_of_similar
from seed.reference.training.batch import plain_batch
from seed.scaled.backend import ScaledBackend
from seed.scaled.parallel.balance import (
    PrefixGroup,
    deal_groups,
    group_costs,
    karmarkar_karp,
    prefix_groups,
    sequence_costs,
    spread,
)
from seed.scaled.parallel.parallelize import shards_of
from seed.scaled.processes.world import World
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Batch, Metrics, Problem, Request
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout

many = settings(max_examples=100)
lengths_of_rows = st.lists(st.integers(1, 5000), min_size=1, max_size=40)

WORST = 4 / 3
"""Largest sum over the best possible one: the differencing method stays below 4/3 - 1/(3 k)
(Michiels et al. 2003).
"""


@many
@given(
    st.lists(st.integers(1, 40), max_size=12), st.lists(st.integers(0, 30), min_size=1, max_size=8)
)
def test_equal_prompts_are_dealt_to_one_rank_and_no_rank_gets_more_than_a_share(
    responses: list[int], load: list[int]
) -> None:
    requests = [
        Request(Problem(str(group), "any", 1, "", {}, "", ""), (group,), sample, 0)
        for group, samples in enumerate(responses)
        for sample in range(samples)
    ]
    ranks = deal_groups(requests, load)
    assert len(ranks) == len(requests) and set(ranks) <= set(range(len(load)))
    share = -(-(sum(load) + len(requests)) // len(load))
    for rank, before in enumerate(load):
        assert before + ranks.count(rank) <= max(share, before)
    readers: dict[tuple[int, ...], set[int]] = {}
    for request, rank in zip(requests, ranks, strict=True):
        readers.setdefault(tuple(request.prompt_tokens), set()).add(rank)
    assert sum(map(len, readers.values())) <= len(readers) + len(load)


def test_sixteen_responses_to_each_of_as_many_prompts_as_ranks_read_each_prompt_once() -> None:
    problem = Problem("p", "any", 1, "", {}, "", "")
    requests = [Request(problem, (group,), sample, 0) for group in range(4) for sample in range(16)]
    assert deal_groups(requests, [0] * 4) == [group for group in range(4) for _ in range(16)]


def sums(costs: Sequence[float], parts: Sequence[Sequence[int]]) -> list[float]:
    """Cost of each part."""
    return [sum(costs[item] for item in part) for part in parts]


def greedy(costs: Sequence[float], parts: int) -> float:
    """Largest sum when each item, from the largest on, goes to the part with the smallest sum."""
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
def test_karmarkar_karp_gives_its_golden_sums(
    costs: list[float], parts: int, expected: list[float]
) -> None:
    assert sums(costs, karmarkar_karp(costs, parts)) == expected


@given(costs=lengths_of_rows, parts=st.integers(1, 9))
@many
def test_every_item_is_in_exactly_one_of_the_parts_and_the_fullest_comes_first(
    costs: list[int], parts: int
) -> None:
    partition = karmarkar_karp(costs, parts)
    assert len(partition) == parts
    assert sorted(item for part in partition for item in part) == list(range(len(costs)))
    assert sums(costs, partition) == sorted(sums(costs, partition), reverse=True)
    assert partition == karmarkar_karp(costs, parts)


@given(costs=lengths_of_rows, parts=st.integers(1, 9))
@many
def test_the_largest_sum_is_at_least_the_mean_and_at_most_a_third_above_the_greedy_one(
    costs: list[int], parts: int
) -> None:
    largest = max(sums(costs, karmarkar_karp(costs, parts)))
    assert largest >= max(sum(costs) / parts, *costs, 0)
    assert largest <= WORST * greedy(costs, parts)


def test_on_lengths_of_responses_it_is_better_than_greedy_and_far_better_than_no_balance() -> None:
    random = np.random.default_rng(0)
    differencing, greedily, in_order = 0.0, 0.0, 0.0
    for _ in range(50):
        costs = np.ceil(random.lognormal(6.0, 0.8, 64)).tolist()
        differencing += max(sums(costs, karmarkar_karp(costs, 8)))
        greedily += greedy(costs, 8)
        in_order += max(sums(costs, [range(start, start + 8) for start in range(0, 64, 8)]))
    assert differencing < greedily < in_order / 1.3


def test_the_cost_of_a_sequence_has_its_closed_form() -> None:
    model = load_config("tiny", "vapo").model
    # A layer: projections 2 * 64 * 64 + 2 * 64 * 32, norms 2 * 16 + 2 * 64, router 64 * 4, two
    # experts of 3 * 64 * 64.
    active = 2 * (12_288 + 160 + 256 + 24_576) + 64 + 64 * 32
    assert sequence_costs([10, 1], "flops", model) == [
        2 * active * 10 + 2 * 2 * 4 * 16 * 100,
        2 * active + 256,
    ]
    assert sequence_costs([10, 1], "tokens", model) == [10, 1]


def batch_of_prompts(*prompts_and_responses: tuple[int, Sequence[int]]) -> Batch:
    """A batch of prompts of some lengths, no two alike, with responses of some lengths."""
    prompts = [
        [3 + number] * prompt
        for number, (prompt, responses) in enumerate(prompts_and_responses)
        for _ in responses
    ]
    return plain_batch(
        prompts,
        [[2] * response for _, responses in prompts_and_responses for response in responses],
    )


def computed_tokens(batch: Batch, rows: Sequence[int]) -> int:
    """Tokens of a micro-batch, shared prompts counted once."""
    saved = sum(group.prefix * (len(group.rows) - 1) for group in prefix_groups(batch, rows))
    return sum(int(batch.lengths[row]) for row in rows) - saved


responses = st.lists(st.integers(0, 300), min_size=1, max_size=9)
groups_of_rows = st.lists(st.tuples(st.integers(1, 300), responses), min_size=1, max_size=6)


def test_rows_share_a_prompt_that_is_at_least_as_long_as_their_responses_on_average() -> None:
    batch = batch_of_prompts((5, [4, 6]), (5, [5, 6]), (9, [1]), (3, [3, 3, 3]))
    alone = [PrefixGroup((row,), 0) for row in (2, 3, 4)]
    expected = [PrefixGroup((0, 1), 5), *alone, PrefixGroup((5, 6, 7), 3)]
    assert prefix_groups(batch, range(8)) == expected
    assert prefix_groups(batch, [7, 1, 0]) == [PrefixGroup((0,), 0), PrefixGroup((1, 2), 5)]


def test_a_prompt_is_shared_in_every_micro_batch_or_in_none() -> None:
    shared, apart = batch_of_prompts((5, [1, 1, 1, 9])), batch_of_prompts((5, [9, 9, 9, 1]))
    assert prefix_groups(shared, [2, 3]) == [PrefixGroup((0, 1), 5)]
    assert prefix_groups(apart, [2, 3]) == [PrefixGroup((0,), 0), PrefixGroup((1,), 0)]


def test_rows_of_other_prompts_never_share_even_if_one_begins_with_the_other() -> None:
    batch = plain_batch([[3, 4, 5], [3, 4], [3, 4, 5]], [[6], [5, 6], [6]])
    assert prefix_groups(batch, range(3)) == [PrefixGroup((0, 2), 3), PrefixGroup((1,), 0)]


def test_the_cost_of_a_prefix_group_counts_its_prompt_once() -> None:
    model = load_config("tiny", "vapo").model
    one, other, prompt = sequence_costs([10, 12, 7], "flops", model)
    shared, alone = PrefixGroup((0, 1), 7), PrefixGroup((1,), 0)
    costs = group_costs([shared, alone], [10, 12], "flops", model)
    assert costs == [one + other - prompt, other]
    assert group_costs([shared], [10, 12], "tokens", model) == [15]


@given(
    groups=groups_of_rows,
    ranks=st.integers(1, 5),
    balance=st.sampled_from(["none", "tokens", "flops"]),
    micro_batch=st.sampled_from([1, 4, 32]),
    spare=st.sampled_from([None, 0, 700]),
    share_prompts=st.booleans(),
)
@many
def test_every_row_is_in_one_of_equally_many_micro_batches_a_rank_none_above_the_cap(
    groups: list[tuple[int, list[int]]],
    ranks: int,
    balance: str,
    micro_batch: int,
    spare: int | None,
    share_prompts: bool,
) -> None:
    batch = batch_of_prompts(*groups)
    cap = 0 if spare is None else int(max(batch.lengths)) + spare
    changes = (
        f"parallel.balance={balance}",
        f"algorithm.micro_batch={micro_batch}",
        f"parallel.micro_batch_tokens={cap}",
        f"parallel.share_prompts={str(share_prompts).lower()}",
    )
    shares = spread(batch, load_config("tiny", "vapo", changes), ranks)
    assert len(shares) == ranks
    assert len({len(share) for share in shares}) == 1
    parts = [part for share in shares for part in share]
    assert sorted(row for part in parts for row in part) == list(range(len(batch.lengths)))
    for part in parts if cap else []:
        tokens = computed_tokens(batch, part) if share_prompts else batch.lengths[list(part)].sum()
        assert tokens <= cap


def test_rows_of_a_prompt_are_together_and_in_fewer_micro_batches() -> None:
    batch = batch_of_prompts(*[(60, [4] * 4)] * 4)
    (apart,), (together,) = (
        spread(batch, load_config("tiny", "vapo", ["algorithm.micro_batch=4", share]), 1)
        for share in ("parallel.share_prompts=false", "parallel.share_prompts=true")
    )
    assert len(apart) == 4
    assert len(together) == 2
    whole_prompts = {(a,) * 4 + (b,) * 4 for a in range(4) for b in range(4)}
    assert {tuple(row // 4 for row in part) for part in together} <= whole_prompts


def test_a_large_prefix_group_is_cut_so_that_ranks_stay_even() -> None:
    batch = batch_of_prompts((10, [10] * 16))
    shares = spread(batch, load_config("tiny", "vapo"), 4)
    assert sorted(len(share[0]) for share in shares) == [4, 4, 4, 4]


def test_a_cap_below_the_longest_sequence_is_refused_with_the_least_legal_value() -> None:
    batch = batch_of_prompts((3, [4]), (10, [20]), (4, [5]))
    with pytest.raises(SeedError) as error:
        spread(batch, load_config("tiny", "vapo", ["parallel.micro_batch_tokens=29"]), 2)
    assert error.value.reason is Reason.ILLEGAL_COMBINATION
    line = "parallel.micro_batch_tokens=29 must be at least the longest sequence, 30 tokens"
    assert error.value.line == line


@cache
def stepped(*changes: str) -> tuple[dict[str, Array], Metrics]:
    """All weights and the metrics after one policy update with every term of the loss."""
    config = case_config("everything", *changes)
    backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
    state = backend.start_rl(backend.initial_state(config), config)
    batch = case_batch(config)
    waves = np.sin(np.arange(batch.tokens.size)).reshape(batch.tokens.shape)
    advantages = np.where(batch.response, waves, 0.0)
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
        ("parallel.share_prompts=false",),
        ("parallel.share_prompts=false", "parallel.balance=none"),
    ],
    ids=" ".join,
)
def test_p1_an_optimizer_step_does_not_depend_on_the_partition(changes: tuple[str, ...]) -> None:
    (weights, metrics), (expected, expected_metrics) = stepped(*changes), stepped()
    assert expected_metrics["grad_norm"] > 0.01
    for name, weight in weights.items():
        np.testing.assert_allclose(weight, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)
    assert metrics == pytest.approx(expected_metrics, rel=1e-12, abs=1e-12)


@given(lengths=st.lists(st.integers(1, 500), max_size=40))
def test_runs_of_similar_lengths_cover_all_and_pad_less_than_half(lengths: list[int]) -> None:
    falling = sorted(lengths, reverse=True)
    runs = [falling[run] for run in runs_of_similar(falling)]
    assert [length for run in runs for length in run] == falling
    assert all(run and sum(run) * 2 >= len(run) * run[0] for run in runs)
