"""Properties of advantage estimators. The docstring of each is what a student reads.

Sources: VC-PPO figure 3 and section 3; VAPO eq. 3-5.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seed.conformance.exercises.draws import Draw
from seed.conformance.exercises.violation import agree, require
from seed.reference.advantage import gae as reference_gae
from seed.reference.advantage import token_rewards
from seed.spec.datatypes import Array

Function = Callable[..., Any]
ZERO, ONE = np.zeros(1), np.ones(1)
REWARDS, VALUES = np.array([[0.0, 0, 0, 0, 1]]), np.array([[0.1, 0.2, 0.3, 0.4, 0.5]])
"""One response with a reward of 1 at its end, and a value model that grows hopeful."""

ADVANTAGES = {
    0.0: (0.1, 0.1, 0.1, 0.1, 0.5),
    0.5: (0.21875, 0.2375, 0.275, 0.35, 0.5),
    0.95: (0.778240625, 0.7139375, 0.64625, 0.575, 0.5),
    1.0: (0.9, 0.8, 0.7, 0.6, 0.5),
}
"""Lambda -> advantages of that response, gamma = 1."""

LAMBDAS = {
    10: 0.0,
    20: 0.0,
    21: 1 / 21,
    40: 0.5,
    100: 0.8,
    200: 0.9,
    400: 0.95,
    1000: 0.98,
    2000: 0.99,
    4096: 1 - 20 / 4096,
    16384: 1 - 20 / 16384,
    20480: 1 - 20 / 20480,
}
"""Response length -> lambda at gae_alpha = 0.05."""

DIRT = (np.nan, np.inf, -np.inf, 1e300)


def remaining_rewards(rewards_BS: Array) -> Array:
    """At each token the sum of its reward and all later ones."""
    return np.cumsum(rewards_BS[:, ::-1], axis=1)[:, ::-1]


# --- GAE


def gae_has_its_golden_values(gae: Function, _: Draw) -> None:
    """Five tokens, a reward of 1 at the end, values 0.1 to 0.5: at lambda = 0 the advantages are
    0.1, 0.1, 0.1, 0.1, 0.5, and at lambda = 1 they are 0.9, 0.8, 0.7, 0.6, 0.5.
    """
    response = np.ones((1, 5), dtype=bool)
    for trace, advantages in ADVANTAGES.items():
        computed = gae(REWARDS, VALUES, response, 1.0, np.array([trace]), ZERO)
        agree(computed[0], advantages, f"advantages at lambda = {trace:g}")


def lambda_zero_gives_the_td_error(gae: Function, draw: Draw) -> None:
    """With lambda = 0 the advantage is the TD error r_t + gamma V_{t+1} - V_t."""
    rewards, values, response = draw.response()
    computed = gae(rewards, values, response, 0.75, ZERO, ZERO)
    following = np.append(values[0, 1:], 0.0)
    agree(computed[0], rewards[0] + 0.75 * following - values[0], "advantage against TD error")


def lambda_one_gives_the_return(gae: Function, draw: Draw) -> None:
    """With lambda = 1 and gamma = 1, advantage plus value is the return: all rewards from this
    token to the end.
    """
    rewards, values, response = draw.response()
    computed = gae(rewards, values, response, 1.0, ONE, ZERO)
    agree(computed + values, remaining_rewards(rewards), "advantage + value against return")


def gae_is_linear(gae: Function, draw: Draw) -> None:
    """The advantages of 2 (r, V) - 3 (r', V') are 2 A - 3 A'."""
    (r, v, response), (other_r, other_v, _) = draw.response(), draw.response()
    lambdas = np.array([draw.share()])
    first = gae(r, v, response, 1.0, lambdas, ZERO)
    second = gae(other_r, other_v, response, 1.0, lambdas, ZERO)
    mixed = gae(2 * r - 3 * other_r, 2 * v - 3 * other_v, response, 1.0, lambdas, ZERO)
    agree(mixed, 2 * first - 3 * second, "advantages of the mixture against the mixture of both")


def a_reward_decays_by_gamma_lambda_per_token(gae: Function, draw: Draw) -> None:
    """With V = 0, a reward at the end reaches the token d places before it with weight (gamma
    lambda)^d.
    """
    size, discount, trace = draw.size, draw.share(), draw.share()
    rewards = np.where(np.arange(size) == size - 1, 1.0, 0.0)[None]
    response = np.ones((1, size), dtype=bool)
    computed = gae(rewards, 0 * rewards, response, discount, np.array([trace]), ZERO)
    expected = (discount * trace) ** np.arange(size - 1, -1, -1.0)
    agree(computed[0], expected, "weight of the last reward at each token")


def a_constant_in_all_values_decays_from_the_end(gae: Function, draw: Draw) -> None:
    """Adding c to every value changes the advantage d tokens before the end by -c lambda^d, gamma =
    1: only the end has no value after it.
    """
    rewards, values, response = draw.response()
    trace = draw.share()
    before = gae(rewards, values, response, 1.0, np.array([trace]), ZERO)
    after = gae(rewards, values + 2.0, response, 1.0, np.array([trace]), ZERO)
    expected = -2.0 * trace ** np.arange(draw.size - 1, -1, -1.0)
    agree((after - before)[0], expected, "change of the advantages by c = 2")


def gaps_are_skipped(gae: Function, draw: Draw) -> None:
    """A row with gaps has the advantages of the row without them, and 0 in the gaps."""
    rewards, values, response = draw.rows_with_gaps()
    rewards, values, response = rewards[:1], values[:1], response[:1]
    traces, full = np.array([draw.share()]), np.ones((1, int(response.sum())), dtype=bool)
    compressed = gae(rewards[response][None], values[response][None], full, 0.75, traces, ZERO)
    computed = gae(rewards, values, response, 0.75, traces, ZERO)
    agree(computed[response], compressed[0], "advantages with gaps against those without")
    agree(computed[~response], 0.0, "advantages in the gaps")


def what_stands_in_gaps_is_never_read(gae: Function, draw: Draw) -> None:
    """NaN, infinity or any other number outside of the response changes nothing."""
    rewards, values, response = draw.rows_with_gaps()
    lambdas, end = np.array([draw.share(), 0.5]), np.zeros(2)
    clean = gae(rewards, values, response, 1.0, lambdas, end)
    for dirt in DIRT:
        dirty = (np.where(response, array, dirt) for array in (rewards, values))
        agree(gae(*dirty, response, 1.0, lambdas, end), clean, "advantages with and without dirt")


def the_value_after_the_end_is_bootstrapped(gae: Function, draw: Draw) -> None:
    """A final value c adds gamma (gamma lambda)^d c to the advantage d tokens before the end."""
    rewards, values, response = draw.response()
    discount, trace = draw.share(), np.array([draw.share()])
    ended = gae(rewards, values, response, discount, trace, ZERO)
    cut = gae(rewards, values, response, discount, trace, np.array([2.0]))
    distance = np.arange(draw.size - 1, -1, -1.0)
    expected = 2.0 * discount * (discount * trace[0]) ** distance
    agree((cut - ended)[0], expected, "change of the advantages by a final value of 2")


def rows_do_not_touch_each_other(gae: Function, draw: Draw) -> None:
    """Each row has its own lambda and final value: swapping two rows swaps their advantages."""
    rewards, values, response = draw.rows_with_gaps()
    lambdas, end = np.array([0.25, 1.0]), draw.numbers(2)
    straight = gae(rewards, values, response, 1.0, lambdas, end)
    swapped = gae(rewards[::-1], values[::-1], response[::-1], 1.0, lambdas[::-1], end[::-1])
    agree(swapped[::-1], straight, "advantages of the swapped rows")


# --- length-adaptive lambda


def lambda_has_its_golden_values(length_adaptive_lambda: Function, _: Draw) -> None:
    """At gae_alpha = 0.05 the published lengths have their lambda: 100 tokens 0.8, 400 tokens 0.95,
    1000 tokens 0.98.
    """
    computed = length_adaptive_lambda(np.array(list(LAMBDAS)), 0.05)
    agree(computed, list(LAMBDAS.values()), "lambda by length")


def lambda_stays_in_range(length_adaptive_lambda: Function, draw: Draw) -> None:
    """Lambda is at least 0 and below 1, also where the formula is negative: a response of less than
    1 / gae_alpha tokens.
    """
    lengths, alpha = draw.random.integers(1, 4**draw.size, 5), 0.05 * draw.size
    computed = length_adaptive_lambda(lengths, alpha)
    require((computed >= 0) & (computed < 1), "0 <= lambda < 1", computed=computed)


def the_window_is_a_fixed_share_of_the_response(
    length_adaptive_lambda: Function, draw: Draw
) -> None:
    """The window 1 / (1 - lambda) is gae_alpha times the length, where that is more than 1."""
    lengths, alpha = draw.random.integers(1, 4**draw.size + 1, 4), float(draw.random.choice([1, 4]))
    computed = length_adaptive_lambda(lengths, alpha)
    agree(1.0 / (1.0 - computed), alpha * lengths, "window against gae_alpha x length")


def an_empty_response_counts_as_one_token(length_adaptive_lambda: Function, _: Draw) -> None:
    """A response of 0 tokens has the lambda of one of 1 token; nothing divides by 0."""
    agree(length_adaptive_lambda(np.array([0, 1]), 2.0), [0.5, 0.5], "lambda of 0 and 1 tokens")


# --- decoupled GAE


def value_targets_have_their_golden_values(decoupled_gae: Function, _: Draw) -> None:
    """Five tokens, a reward of 1 at the end, values 0.1 to 0.5: with lambda_value = 0 the targets
    are 0.2, 0.3, 0.4, 0.5, 1, and with 1 all are 1.
    """
    response = np.ones((1, 5), dtype=bool)
    for trace, advantages in ADVANTAGES.items():
        _, targets = decoupled_gae(REWARDS, VALUES, response, trace, 0.3)
        expected = np.add(advantages, VALUES[0])
        agree(targets[0], expected, f"targets at lambda_value = {trace:g}")


def targets_are_returns_whatever_the_policy_uses(decoupled_gae: Function, draw: Draw) -> None:
    """With lambda_value = 1 every token of a response has its final reward as target, whatever
    lambda_policy is.
    """
    _, values, response = draw.rows_with_gaps()
    returns = np.array([1.0, -1.0])
    rewards = token_rewards(returns, response)
    _, targets = decoupled_gae(rewards, values, response, 1.0, draw.share())
    agree(targets, np.where(response, returns[:, None], 0.0), "targets against final rewards")


def advantages_use_the_policys_lambda(decoupled_gae: Function, draw: Draw) -> None:
    """The advantages are GAE with lambda_policy, whatever lambda_value is."""
    rewards, values, response = draw.rows_with_gaps()
    trace = draw.share()
    advantages, _ = decoupled_gae(rewards, values, response, draw.share(), trace)
    expected = reference_gae(rewards, values, response, 1.0, np.full(2, trace), np.zeros(2))
    agree(advantages, expected, "advantages against GAE with lambda_policy")


def targets_are_gae_plus_values(decoupled_gae: Function, draw: Draw) -> None:
    """Targets are GAE with lambda_value plus the values at response tokens, and 0 elsewhere."""
    rewards, values, response = draw.rows_with_gaps()
    trace = draw.share()
    _, targets = decoupled_gae(rewards, values, response, trace, draw.share())
    for_value = reference_gae(rewards, values, response, 1.0, np.full(2, trace), np.zeros(2))
    agree(targets, np.where(response, for_value + values, 0.0), "targets against GAE + V")


def neither_part_reads_outside_the_response(decoupled_gae: Function, draw: Draw) -> None:
    """NaN, infinity or any other number outside of the response changes neither advantages nor
    targets.
    """
    rewards, values, response = draw.rows_with_gaps()
    clean = decoupled_gae(rewards, values, response, 1.0, 0.5)
    for dirt in DIRT:
        dirty = (np.where(response, array, dirt) for array in (rewards, values))
        computed = decoupled_gae(*dirty, response, 1.0, 0.5)
        agree(computed[0], clean[0], "advantages with and without dirt")
        agree(computed[1], clean[1], "targets with and without dirt")
