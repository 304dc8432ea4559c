"""Properties of the advantage estimators."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.conformance.exercises import of_advantages, of_statistics, solutions
from seed.conformance.exercises.check import assert_holds
from seed.reference.advantage import (
    decoupled_gae,
    explained_variance,
    final_values,
    gae,
    group_advantages,
    length_adaptive_lambda,
    policy_lambda,
    token_rewards,
    whiten,
)
from seed.spec.config_rl import AlgorithmConfig
from seed.spec.datatypes import Array, BoolArray

MANY = settings(max_examples=30)
SEEDS = st.integers(0, 2**32 - 1)
ZERO = np.zeros(1)


def algorithm(**changes: object) -> AlgorithmConfig:
    """The papers' defaults with some changes."""
    return AlgorithmConfig.model_validate({"mini_batch": 1, "micro_batch": 1, **changes})


def episode(seed: int, length: int = 7) -> tuple[Array, Array, BoolArray]:
    """Random rewards and values of one response without gaps."""
    random = np.random.default_rng(seed)
    rewards, values = random.normal(size=(2, 1, length))
    return rewards, values, np.ones((1, length), dtype=bool)


def gappy(seed: int, rows: int = 3, width: int = 12) -> tuple[Array, Array, BoolArray]:
    """Random rewards and values of rows whose response tokens stand anywhere."""
    random = np.random.default_rng(seed)
    response = random.random((rows, width)) < 0.6
    response[:, 3] = True
    return random.normal(size=(rows, width)), random.normal(size=(rows, width)), response


def test_gae_gives_the_golden_table() -> None:
    assert_holds(of_advantages.gae_has_its_golden_values, gae)


def test_length_adaptive_lambda_gives_the_golden_table() -> None:
    assert_holds(of_advantages.lambda_has_its_golden_values, length_adaptive_lambda)


def test_the_window_of_the_length_adaptive_lambda_is_a_fixed_share_of_the_response() -> None:
    assert_holds(of_advantages.the_window_is_a_fixed_share_of_the_response, length_adaptive_lambda)
    assert_holds(of_advantages.lambda_stays_in_range, length_adaptive_lambda)


def test_p10_with_lambda_one_advantage_plus_value_is_the_return_at_every_token() -> None:
    assert_holds(of_advantages.lambda_one_gives_the_return, gae)


def test_with_lambda_zero_the_advantage_is_the_td_error() -> None:
    assert_holds(of_advantages.lambda_zero_gives_the_td_error, gae)


def test_gae_is_linear_in_rewards_and_values() -> None:
    assert_holds(of_advantages.gae_is_linear, gae)


@given(seed=SEEDS, trace=st.floats(0, 0.99))
@MANY
def test_gae_is_the_mixture_of_n_step_returns_less_the_value(seed: int, trace: float) -> None:
    """VC-PPO's identity, which is why the value model may be trained with another lambda."""
    rewards, values, response = episode(seed)
    computed = gae(rewards, values, response, 1.0, np.array([trace]), ZERO)[0]
    r, v, end = rewards[0], values[0], rewards.shape[1]
    for t in range(end):
        steps = [
            r[t : t + h].sum() + (v[t + h] if t + h < end else 0.0) for h in range(1, end - t + 1)
        ]
        mixture = (1 - trace) * sum(trace**i * g for i, g in enumerate(steps[:-1])) + trace ** (
            end - t - 1
        ) * steps[-1]
        assert computed[t] == pytest.approx(mixture - v[t], abs=1e-10)


def test_a_constant_added_to_all_values_decays_from_the_end() -> None:
    assert_holds(of_advantages.a_constant_in_all_values_decays_from_the_end, gae)


@given(seed=SEEDS, dirt=st.sampled_from([np.nan, np.inf, -np.inf, 1e300]))
@MANY
def test_p8_whatever_stands_outside_the_response_changes_nothing(seed: int, dirt: float) -> None:
    rewards, values, response = gappy(seed)
    dirty_rewards, dirty_values = (
        np.where(response, rewards, dirt),
        np.where(response, values, dirt),
    )
    truncated = np.array([True, False, True])
    for choice in ("zero", "last"):
        settings_ = algorithm(truncation_value=choice, whiten=True)
        clean = decoupled_gae(rewards, values, response, truncated, settings_)
        dirty = decoupled_gae(dirty_rewards, dirty_values, response, truncated, settings_)
        np.testing.assert_array_equal(clean[0], dirty[0])
        np.testing.assert_array_equal(clean[1], dirty[1])


def test_p9_gae_over_a_gapped_row_is_gae_over_the_compressed_row() -> None:
    assert_holds(of_advantages.gaps_are_skipped, gae)


def test_p11_the_baseline_of_the_first_response_token_is_the_value_of_the_prompt() -> None:
    """Column t of the values is V before token t, so the first response token is compared with what
    the prompt promised.
    """
    values = np.array([[9.0, 9.0, 0.3, 0.7]])
    response = np.array([[False, False, True, True]])
    rewards = token_rewards(np.array([1.0]), response)
    computed = gae(rewards, values, response, 1.0, np.ones(1), ZERO)
    np.testing.assert_allclose(computed[0], [0.0, 0.0, 1.0 - 0.3, 1.0 - 0.7])


@given(seed=SEEDS, pad=st.integers(1, 9))
@MANY
def test_p12_the_width_of_the_padding_never_matters(seed: int, pad: int) -> None:
    rewards, values, response = gappy(seed)
    truncated = np.array([True, False, True])
    wider: list[Any] = [np.pad(array, ((0, 0), (0, pad))) for array in (rewards, values, response)]
    for choice in ("zero", "last"):
        narrow = decoupled_gae(
            rewards, values, response, truncated, algorithm(truncation_value=choice)
        )
        wide = decoupled_gae(
            wider[0], wider[1], wider[2], truncated, algorithm(truncation_value=choice)
        )
        for a, b in zip(narrow, wide, strict=True):
            np.testing.assert_array_equal(a, b[:, : a.shape[1]])


def test_p12_what_follows_a_cut_is_a_named_choice_and_a_flag_of_the_sampler() -> None:
    values = np.array([[0.0, 0.2, 0.6, 0.9], [0.0, 0.2, 0.6, 0.9]])
    response = np.array([[False, True, True, False]] * 2)
    truncated = np.array([True, False])
    np.testing.assert_array_equal(final_values(values, response, truncated, "zero"), [0.0, 0.0])
    np.testing.assert_array_equal(final_values(values, response, truncated, "last"), [0.6, 0.0])


@given(size=st.integers(1, 20), reward=st.floats(-3, 3))
@MANY
def test_p13_a_group_of_equal_rewards_gets_exactly_zero(size: int, reward: float) -> None:
    for std in ("population", "sample", "none"):
        assert not group_advantages(np.full(size, reward), np.zeros(size, dtype=int), std).any()


@given(size=st.integers(2, 32), common=st.floats(-1, 1), outlier=st.floats(-1, 1))
@MANY
def test_p13_one_outlier_stays_bounded_by_the_group_size(
    size: int, common: float, outlier: float
) -> None:
    rewards = np.full(size, common)
    rewards[0] = outlier
    assert np.abs(
        group_advantages(rewards, np.zeros(size, dtype=int), "population")
    ).max() <= np.sqrt(size - 1) * (1 + 1e-9)


def test_p14_groups_are_found_by_number_and_not_by_place() -> None:
    assert_holds(of_statistics.groups_are_found_by_number, solutions.group_advantages)


@pytest.mark.parametrize(
    ("correct", "high", "low"),
    [(1, 3.75, -0.25), (4, 1.67705, -0.55902), (8, 0.96825, -0.96825), (15, 0.25, -3.75)],
)
def test_group_advantages_give_the_golden_table(correct: int, high: float, low: float) -> None:
    """With Bessel's correction; without it by the property of the exercise."""
    assert_holds(
        of_statistics.group_advantages_have_their_golden_values, solutions.group_advantages
    )
    rewards = np.where(np.arange(16) < correct, 1.0, -1.0)
    computed = group_advantages(rewards, np.zeros(16, dtype=int), "sample")
    np.testing.assert_allclose(computed, np.where(rewards > 0, high, low), atol=5e-6)


def test_a_length_penalty_in_a_solved_group_gives_advantages() -> None:
    """Why dynamic sampling must filter by accuracy: by the reward this group looks useful."""
    rewards = np.array([1.0] * 15 + [0.5])
    computed = group_advantages(rewards, np.zeros(16, dtype=int), "population")
    np.testing.assert_allclose(computed, [0.2582] * 15 + [-3.873], atol=5e-4)


def test_whitening_is_off_by_default_and_gives_mean_zero_and_spread_one() -> None:
    assert not algorithm().whiten
    rewards, _, response = gappy(3)
    computed = whiten(rewards, response)
    assert computed[response].mean() == pytest.approx(0.0, abs=1e-12)
    assert computed[response].std() == pytest.approx(1.0)
    assert not whiten(np.where(response, 0.95, 7.0), response).any()


@given(seed=SEEDS)
@MANY
def test_p7_whitened_advantages_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    rewards, _, response = gappy(seed)
    np.testing.assert_allclose(
        whiten(rewards[::-1], response[::-1])[::-1], whiten(rewards, response), atol=1e-12
    )


def test_token_rewards_stand_on_the_last_response_token_only() -> None:
    response = np.array([[0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]], dtype=bool)
    expected = [[0, 0, 0, 0, 2, 0], [0] * 6, [5, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(token_rewards(np.array([2.0, 3.0, 5.0]), response), expected)


@given(seed=SEEDS)
@MANY
def test_decoupled_targets_are_returns_whatever_lambda_the_policy_uses(seed: int) -> None:
    _, values, response = gappy(seed)
    rewards = token_rewards(np.array([1.0, -1.0, 0.5]), response)
    nobody = np.zeros(3, dtype=bool)
    for changes in ({"length_adaptive": True}, {"length_adaptive": False, "lambda_policy": 0.3}):
        advantages, targets = decoupled_gae(rewards, values, response, nobody, algorithm(**changes))
        np.testing.assert_allclose(
            targets, np.where(response, [[1.0], [-1.0], [0.5]], 0.0), atol=1e-12
        )
        lambdas = policy_lambda(response.sum(axis=1), algorithm(**changes))
        np.testing.assert_allclose(
            advantages, gae(rewards, values, response, 1.0, lambdas, np.zeros(3)), atol=1e-12
        )


def test_policy_lambda_is_adaptive_or_fixed() -> None:
    lengths = np.array([20, 40])
    np.testing.assert_allclose(policy_lambda(lengths, algorithm()), [0.0, 0.5])
    np.testing.assert_allclose(
        policy_lambda(lengths, algorithm(length_adaptive=False, lambda_policy=0.95)), [0.95, 0.95]
    )


def test_explained_variance_is_one_for_the_truth_and_zero_for_a_constant() -> None:
    assert_holds(of_statistics.the_truth_explains_all_and_a_constant_nothing, explained_variance)
    assert_holds(of_statistics.half_the_returns_explain_three_quarters, explained_variance)


def test_value_targets_give_the_golden_table() -> None:
    assert_holds(of_advantages.value_targets_have_their_golden_values, solutions.decoupled_gae)


@pytest.mark.parametrize(
    ("trace", "back", "weight"),
    [(0.95, 100, 0.0059205), (0.95, 199, 3.69e-5), (0.97, 199, 2.33e-3), (0.99, 199, 0.13533)],
)
def test_the_weight_of_a_reward_decays_with_its_distance_as_in_the_golden_values(
    trace: float, back: int, weight: float
) -> None:
    rewards = np.zeros((1, 200))
    rewards[0, -1] = 1.0
    computed = gae(
        rewards, np.zeros((1, 200)), np.ones((1, 200), dtype=bool), 1.0, np.array([trace]), ZERO
    )
    assert computed[0, -1 - back] == pytest.approx(weight, rel=2e-3)
    assert computed[0, -1 - back] == pytest.approx(trace**back)


def test_length_adaptive_lambda_counts_an_empty_response_as_one_token() -> None:
    assert_holds(of_advantages.an_empty_response_counts_as_one_token, length_adaptive_lambda)


@given(seed=SEEDS)
@MANY
def test_p10_with_both_lambdas_one_each_token_learns_the_return_end_of_sequence_included(
    seed: int,
) -> None:
    _, values, response = gappy(seed)
    returns = np.array([[1.0], [-1.0], [0.5]])
    rewards, nobody = token_rewards(returns[:, 0], response), np.zeros(3, dtype=bool)
    ones = algorithm(lambda_value=1.0, lambda_policy=1.0, length_adaptive=False)
    advantages, targets = decoupled_gae(rewards, values, response, nobody, ones)
    np.testing.assert_allclose(advantages, np.where(response, returns - values, 0.0), atol=1e-12)
    np.testing.assert_allclose(targets, np.where(response, returns, 0.0), atol=1e-12)


@given(seed=SEEDS, trace=st.floats(0, 1), prompt=st.integers(1, 5))
@MANY
def test_p11_the_value_of_the_first_response_column_is_the_baseline_of_the_first_token_only(
    seed: int, trace: float, prompt: int
) -> None:
    rewards, values, response = episode(seed, length=8)
    response[:, :prompt] = False
    promised = values.copy()
    promised[0, prompt] += 1.0
    computed, other = (
        gae(rewards, v, response, 1.0, np.array([trace]), ZERO) for v in (values, promised)
    )
    expected = np.zeros(8)
    expected[prompt] = -1.0
    np.testing.assert_allclose((other - computed)[0], expected, atol=1e-12)


@given(seed=SEEDS, discount=st.floats(0, 1), trace=st.floats(0, 1))
@MANY
def test_p12_a_bootstrapped_cut_adds_the_decayed_last_value_to_advantages_and_targets(
    seed: int, discount: float, trace: float
) -> None:
    """At distance d from the cut: gamma (gamma lambda)^d V_last more than with ``zero``; without a
    cut nothing.
    """
    rewards, values, response = gappy(seed)
    truncated = np.array([True, False, True])
    fixed = {"discount": discount, "lambda_value": trace, "lambda_policy": trace}
    zero, last = (
        algorithm(truncation_value=choice, length_adaptive=False, **fixed)
        for choice in ("zero", "last")
    )
    as_ended, bootstrapped = (
        decoupled_gae(rewards, values, response, truncated, choice) for choice in (zero, last)
    )
    expected = np.zeros_like(values)
    for row in np.flatnonzero(truncated):
        columns = np.flatnonzero(response[row])
        distance = np.arange(len(columns) - 1, -1, -1)
        expected[row, columns] = (
            discount * (discount * trace) ** distance * values[row, columns[-1]]
        )
    for with_zero, with_last in zip(as_ended, bootstrapped, strict=True):
        np.testing.assert_allclose(with_last - with_zero, expected, atol=1e-12)


def test_p12_a_cut_is_told_by_the_flag_and_not_by_a_row_that_fills_the_width() -> None:
    values, response = np.array([[0.2, 0.6]] * 2), np.ones((2, 2), dtype=bool)
    np.testing.assert_array_equal(
        final_values(values, response, np.array([False, True]), "last"), [0.0, 0.6]
    )


@pytest.mark.parametrize("choice", ["zero", "last"])
def test_p8_a_row_without_a_response_gets_nothing_and_gives_nothing(choice: str) -> None:
    rewards, values, response = gappy(5)
    response[1], values[1], rewards[1] = False, np.nan, np.nan
    truncated = np.ones(3, dtype=bool)
    rules = algorithm(truncation_value=choice, whiten=True)
    computed = decoupled_gae(rewards, values, response, truncated, rules)
    kept = [0, 2]
    rows = rewards[kept], values[kept], response[kept], truncated[kept]
    alone = decoupled_gae(*rows, rules)
    for of_all, of_kept in zip(computed, alone, strict=True):
        assert not of_all[1].any()
        np.testing.assert_array_equal(of_all[kept], of_kept)


@pytest.mark.parametrize("dirt", [np.nan, np.inf, -np.inf])
def test_p8_whitening_never_reads_outside_the_response(dirt: float) -> None:
    rewards, _, response = gappy(6)
    np.testing.assert_array_equal(
        whiten(np.where(response, rewards, dirt), response), whiten(rewards, response) * response
    )
    assert not whiten(np.full((2, 3), dirt), np.zeros((2, 3), dtype=bool)).any()


@pytest.mark.parametrize("reward", [0.95, 0.1, 1 / 3, -0.7])
@pytest.mark.parametrize("size", [1, 3, 7, 10, 100])
def test_p13_equal_rewards_without_an_exact_mean_still_give_exactly_zero(
    size: int, reward: float
) -> None:
    for std in ("population", "sample", "none"):
        np.testing.assert_array_equal(
            group_advantages(np.full(size, reward), np.zeros(size, dtype=int), std), 0.0
        )
    assert not whiten(np.full((1, size), reward), np.ones((1, size), dtype=bool)).any()


@pytest.mark.parametrize("size", [2, 8, 16])
def test_p13_a_lone_correct_response_reaches_the_bound(size: int) -> None:
    rewards = np.where(np.arange(size) == 0, 0.95, 0.1)
    assert group_advantages(rewards, np.zeros(size, dtype=int), "population")[0] == pytest.approx(
        np.sqrt(size - 1)
    )


@given(seed=SEEDS)
@MANY
def test_group_advantages_are_those_of_each_group_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    rewards, group = random.normal(size=12), random.permutation(np.repeat([7, 3, 5], 4))
    for std in ("population", "sample", "none"):
        computed = group_advantages(rewards, group, std)
        for number in (3, 5, 7):
            inside = rewards[group == number]
            divisor = {"population": inside.std(), "sample": inside.std(ddof=1), "none": 1.0}[std]
            np.testing.assert_allclose(
                computed[group == number] * divisor, inside - inside.mean(), atol=1e-12
            )


def test_group_advantages_know_neither_unit_nor_origin_of_the_reward() -> None:
    assert_holds(
        of_statistics.unit_and_origin_of_the_reward_do_not_matter, solutions.group_advantages
    )


@given(seed=SEEDS)
@MANY
def test_whitening_gives_mean_zero_and_spread_one_over_response_tokens(seed: int) -> None:
    _, values, response = gappy(seed)
    rewards = token_rewards(np.array([1.0, -1.0, 0.5]), response)
    nobody = np.zeros(3, dtype=bool)
    computed, _ = decoupled_gae(rewards, values, response, nobody, algorithm(whiten=True))
    assert computed[response].mean() == pytest.approx(0.0, abs=1e-12)
    assert computed[response].std() == pytest.approx(1.0)
    assert not computed[~response].any()


@given(seed=SEEDS, row=st.permutations(range(3)))
@MANY
def test_p14_permuting_rows_permutes_advantages_and_targets(seed: int, row: list[int]) -> None:
    rewards, values, response = gappy(seed)
    truncated = np.array([True, False, False])
    bootstrapped = algorithm(truncation_value="last")
    straight = decoupled_gae(rewards, values, response, truncated, bootstrapped)
    permuted = decoupled_gae(rewards[row], values[row], response[row], truncated[row], bootstrapped)
    for before, after in zip(straight, permuted, strict=True):
        np.testing.assert_array_equal(after, before[row])


def test_gae_changes_none_of_its_arguments() -> None:
    rewards, values, response = gappy(4)
    before = [array.copy() for array in (rewards, values, response)]
    rules = algorithm(truncation_value="last", whiten=True)
    decoupled_gae(rewards, values, response, np.ones(3, dtype=bool), rules)
    for array, copy in zip((rewards, values, response), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_explained_variance_of_constant_returns_is_not_a_number() -> None:
    assert_holds(of_statistics.constant_returns_cannot_be_explained, explained_variance)


def test_explained_variance_ignores_a_constant_error_and_punishes_the_wrong_sign() -> None:
    assert_holds(of_statistics.a_constant_error_does_not_count, explained_variance)
    assert_holds(of_statistics.the_wrong_sign_is_punished, explained_variance)


@given(seed=SEEDS)
@MANY
def test_explained_variance_of_equal_targets_is_not_a_number_whatever_round_off_left_on_them(
    seed: int,
) -> None:
    """Where every answer is wrong, each target is the advantage -1 - V plus V: -1 up to
    round-off.
    """
    _, values, response = gappy(seed)
    rewards = token_rewards(np.full(3, -1.0), response)
    _, targets = decoupled_gae(rewards, values, response, np.zeros(3, dtype=bool), algorithm())
    assert np.isnan(explained_variance(values[response], targets[response]))
