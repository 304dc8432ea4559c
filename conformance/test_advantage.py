"""Both backends' advantage estimators, under every combination of their switches."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.conformance.compare_backends import assert_same, on_tensors, tensor, tensors
from seed.conformance.strategies import (
    ADVANTAGE_SWITCHES,
    FEW,
    MANY,
    Seeds,
    algorithm,
    combinations,
    dirty,
    groups_of,
    masks,
    numbers,
    rewards_of,
)
from seed.reference import advantage as reference_advantage
from seed.scaled import advantage as scaled_advantage
from seed.spec.datatypes import BoolArray

STANDARDS = ("population", "sample", "none")


@given(response=masks(least_rows=0), seed=Seeds)
@MANY
def test_rewards_and_last_values_are_at_the_same_tokens(response: BoolArray, seed: int) -> None:
    rows = len(response)
    rewards, truncated = numbers(seed, rows), numbers(seed + 1, rows) > 0
    ours = on_tensors(scaled_advantage.token_rewards, rewards, response)
    assert_same(ours, reference_advantage.token_rewards(rewards, response), "token rewards")
    values = dirty(numbers(seed, *response.shape), response, seed)
    for choice in ("zero", "last"):
        ours = on_tensors(scaled_advantage.final_values, values, response, truncated, choice)
        assert_same(
            ours,
            reference_advantage.final_values(values, response, truncated, choice),
            f"final values, {choice}",
        )


@pytest.mark.parametrize("std", ["population", "sample"])
@given(seed=Seeds, exponent=st.integers(-1060, 900))
@MANY
def test_standardised_numbers_do_not_depend_on_their_scale(
    std: str, seed: int, exponent: int
) -> None:
    """Rewards 1e-300 apart are apart: no square under- or overflows, in either backend."""
    rewards, group = np.round(numbers(seed, 6), 3), np.array([0, 0, 0, 1, 1, 1])
    scaled = np.ldexp(rewards, exponent)
    theirs = reference_advantage.group_advantages(scaled, group, std)
    assert_same(on_tensors(scaled_advantage.group_advantages, scaled, group, std), theirs, "group")
    response = np.ones((2, 3), dtype=bool)
    whitened = reference_advantage.whiten(scaled.reshape(2, 3), response)
    ours = on_tensors(scaled_advantage.whiten, scaled.reshape(2, 3), response)
    assert_same(ours, whitened, "whitened")
    if exponent > -1000:  # below, the rewards themselves are rounded
        np.testing.assert_array_equal(
            theirs, reference_advantage.group_advantages(rewards, group, std)
        )
        np.testing.assert_array_equal(
            whitened, reference_advantage.whiten(rewards.reshape(2, 3), response)
        )


def test_a_response_of_a_hundred_thousand_tokens_gives_the_same_advantages() -> None:
    rows, length = 2, 100_000
    response = np.arange(length) < np.array([length, 70_000])[:, None]
    rewards, values = (
        numbers(1, rows, length) * (numbers(2, rows, length) > 3),
        numbers(3, rows, length),
    )
    truncated, switches = np.array([True, False]), algorithm(whiten=True)
    inputs = tensors(rewards, values, response, truncated)
    ours = scaled_advantage.decoupled_gae(inputs[0], inputs[1], inputs[2], inputs[3], switches)
    theirs = reference_advantage.decoupled_gae(rewards, values, response, truncated, switches)
    for name, our, their in zip(("advantages", "targets"), ours, theirs, strict=True):
        assert_same(our, their, name)


@given(lengths=st.lists(st.integers(0, 10_000), max_size=8), gae_alpha=st.floats(1e-3, 10.0))
@MANY
def test_lambdas_are_the_same_at_any_length(lengths: list[int], gae_alpha: float) -> None:
    array = np.array(lengths, dtype=np.int64)
    for adaptive in (False, True):
        switches = algorithm(length_adaptive=adaptive, gae_alpha=gae_alpha)
        ours = scaled_advantage.policy_lambda(tensor(array), switches)
        assert_same(ours, reference_advantage.policy_lambda(array, switches), "policy lambda")
    ours = scaled_advantage.length_adaptive_lambda(tensor(array), gae_alpha)
    assert_same(
        ours, reference_advantage.length_adaptive_lambda(array, gae_alpha), "length-adaptive lambda"
    )


@given(response=masks(least_rows=0), seed=Seeds, discount=st.floats(0.0, 1.0))
@MANY
def test_p8_gae_is_the_same_over_gaps_with_any_values(
    response: BoolArray, seed: int, discount: float
) -> None:
    rows, shape = len(response), response.shape
    rewards, values = (dirty(numbers(seed + place, *shape), response, seed) for place in range(2))
    traces, after = np.random.default_rng(seed).random(rows), numbers(seed, rows)
    ours = on_tensors(scaled_advantage.gae, rewards, values, response, discount, traces, after)
    assert_same(
        ours, reference_advantage.gae(rewards, values, response, discount, traces, after), "gae"
    )


@pytest.mark.parametrize(
    "changes",
    combinations(ADVANTAGE_SWITCHES),
    ids=lambda changes: "-".join(map(str, changes.values())),
)
@given(response=masks(least_rows=0), seed=Seeds)
@FEW
def test_p18_decoupled_gae_is_the_same_under_every_combination(
    changes: dict[str, Any], response: BoolArray, seed: int
) -> None:
    truncated = numbers(seed, len(response)) > 0
    rewards, values = (
        dirty(numbers(seed + place, *response.shape), response, seed) for place in range(2)
    )
    arrays = rewards, values, response, truncated
    ours = on_tensors(scaled_advantage.decoupled_gae, *arrays, algorithm(**changes))
    assert_same(
        ours, reference_advantage.decoupled_gae(*arrays, algorithm(**changes)), f"{changes}"
    )


@given(response=masks(), seed=Seeds, constant=st.booleans())
@MANY
def test_whitening_is_the_same_and_makes_a_constant_zero(
    response: BoolArray, seed: int, constant: bool
) -> None:
    values = np.full(response.shape, 0.1) if constant else numbers(seed, *response.shape)
    ours = on_tensors(scaled_advantage.whiten, np.where(response, values, 0.0), response)
    assert_same(
        ours, reference_advantage.whiten(np.where(response, values, 0.0), response), "whitened"
    )
    assert not constant or not ours.any()


@given(drawn=st.integers(0, 9).flatmap(lambda rows: st.tuples(rewards_of(rows), groups_of(rows))))
@MANY
def test_group_advantages_are_the_same_whatever_the_divisor(drawn: Any) -> None:
    rewards, group = drawn
    for std in STANDARDS:
        ours = on_tensors(scaled_advantage.group_advantages, rewards, group, std)
        assert_same(ours, reference_advantage.group_advantages(rewards, group, std), std)


@pytest.mark.parametrize("std", STANDARDS)
@pytest.mark.parametrize("reward", [0.1, 0.95, -1.0, 1e6, 0.0])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16])
def test_p13_a_group_of_equal_rewards_gets_exactly_zero(std: str, reward: float, size: int) -> None:
    rewards, group = tensors(np.full(size, reward), np.zeros(size, dtype=np.int64))
    assert not scaled_advantage.group_advantages(rewards, group, std).any()


@pytest.mark.parametrize("std", STANDARDS)
def test_p13_rewards_that_differ_by_rounding_are_equal(std: str) -> None:
    rewards, group = np.array([0.3, 0.1 + 0.2, 0.3]), np.zeros(3, dtype=np.int64)
    assert np.ptp(rewards) > 0.0
    assert not on_tensors(scaled_advantage.group_advantages, rewards, group, std).any()
    assert not reference_advantage.group_advantages(rewards, group, std).any()


@given(size=st.integers(2, 20), outlier=st.floats(1.0, 1e9))
@MANY
def test_p13_one_outlier_stays_within_the_root_of_the_others(size: int, outlier: float) -> None:
    rewards = np.where(np.arange(size) == 0, outlier, 0.1)
    advantages = on_tensors(
        scaled_advantage.group_advantages, rewards, np.zeros(size, dtype=np.int64), "population"
    )
    assert float(advantages.abs().max()) <= np.sqrt(size - 1) * (1 + 1e-12)


@given(
    drawn=st.integers(1, 9).flatmap(
        lambda rows: st.tuples(rewards_of(rows), groups_of(rows), st.permutations(range(rows)))
    )
)
@MANY
def test_p14_permuting_rows_permutes_group_advantages(drawn: Any) -> None:
    rewards, group, order = drawn
    whole = on_tensors(scaled_advantage.group_advantages, rewards, group, "population")
    moved = on_tensors(
        scaled_advantage.group_advantages, rewards[order], group[order], "population"
    )
    assert_same(moved, whole.numpy()[order], "permuted")
