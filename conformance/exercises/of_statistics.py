"""Properties of group advantages (DAPO eq. 9) and of explained variance (VAPO 4.1)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seed.conformance.exercises.draws import Draw
from seed.conformance.exercises.violation import agree, require

Function = Callable[..., Any]


# --- group advantages


def group_advantages_have_their_golden_values(group_advantages: Function, _: Draw) -> None:
    """Of 16 responses with rewards +1 and -1, k correct: the correct get sqrt((1 - p) / p), the
    wrong -sqrt(p / (1 - p)), p = k / 16.
    """
    for correct in (1, 4, 8, 15):
        share = correct / 16
        rewards = np.where(np.arange(16) < correct, 1.0, -1.0)
        computed = group_advantages(rewards, np.zeros(16, dtype=int))
        high, low = ((1 - share) / share) ** 0.5, -((share / (1 - share)) ** 0.5)
        agree(computed, np.where(rewards > 0, high, low), f"advantages with {correct} of 16 right")


def a_group_of_equal_rewards_gets_exactly_zero(group_advantages: Function, draw: Draw) -> None:
    """A group whose responses all have one reward gets exactly 0: not NaN, not rounding divided by
    rounding.
    """
    for reward in (0.0, 1.0, 0.95, 0.1, 1 / 3, -0.7):
        rewards = np.full(draw.size + 2, reward)
        computed = group_advantages(rewards, np.zeros(len(rewards), dtype=int))
        require(computed == 0.0, "all advantages are 0", computed=computed)


def every_group_is_normalised_alone(group_advantages: Function, draw: Draw) -> None:
    """Within every group the advantages have mean 0 and, unless all are 0, a population standard
    deviation of 1; they rise with the reward.
    """
    rewards, group = draw.numbers(draw.size + 1), draw.groups(draw.size + 1)
    computed = group_advantages(rewards, group)
    for number in np.unique(group):
        inside, own = computed[group == number], rewards[group == number]
        agree(inside.mean(), 0.0, f"mean of group {number}", advantages=computed)
        if np.ptp(own):
            agree(inside.std(), 1.0, f"standard deviation of group {number}", advantages=computed)
            order = np.argsort(own, kind="stable")
            rises = np.diff(inside[order]) >= -1e-12
            require(rises, "a larger reward has a larger advantage", advantages=computed)


def groups_are_found_by_number(group_advantages: Function, draw: Draw) -> None:
    """Responses to one prompt may stand anywhere: changing the order of rows changes the order of
    advantages and nothing else.
    """
    rewards, group = draw.numbers(draw.size + 2), draw.groups(draw.size + 2)
    order = draw.random.permutation(len(rewards))
    straight = group_advantages(rewards, group)
    agree(group_advantages(rewards[order], group[order]), straight[order], "advantages by row")


def unit_and_origin_of_the_reward_do_not_matter(group_advantages: Function, draw: Draw) -> None:
    """Rewards times 3 plus 5 have the same advantages."""
    rewards, group = draw.numbers(draw.size + 2), draw.groups(draw.size + 2)
    before = group_advantages(rewards, group)
    agree(group_advantages(3.0 * rewards + 5.0, group), before, "advantages after the change")


# --- explained variance


def the_truth_explains_all_and_a_constant_nothing(explained_variance: Function, draw: Draw) -> None:
    """Values that are the returns explain 1, a constant explains 0."""
    returns = np.append(draw.numbers(draw.size), 3.0)
    agree(explained_variance(returns, returns), 1.0, "explained by the returns themselves")
    constant = np.full(len(returns), 0.25)
    agree(explained_variance(constant, returns), 0.0, "explained by a constant")


def a_constant_error_does_not_count(explained_variance: Function, draw: Draw) -> None:
    """Values that are off by the same number everywhere explain as much as before."""
    returns, values = np.append(draw.numbers(draw.size), 3.0), draw.numbers(draw.size + 1)
    before = explained_variance(values, returns)
    agree(explained_variance(values + 5.0, returns), before, "explained after adding 5")


def the_wrong_sign_is_punished(explained_variance: Function, draw: Draw) -> None:
    """Values that are minus the returns explain -3: worse than a constant."""
    returns = np.append(draw.numbers(draw.size), 3.0)
    agree(explained_variance(-returns, returns), -3.0, "explained by minus the returns")


def half_the_returns_explain_three_quarters(explained_variance: Function, draw: Draw) -> None:
    """Values that are half the returns leave a quarter of the variance: they explain 3/4."""
    returns = np.append(draw.numbers(draw.size), 3.0)
    agree(explained_variance(returns / 2, returns), 0.75, "explained by half the returns")


def constant_returns_cannot_be_explained(explained_variance: Function, draw: Draw) -> None:
    """Where all returns are equal there is nothing to explain: the result is NaN, also where their
    mean is only exact up to rounding.
    """
    for returned in (1.0, 0.95, 0.1, 1 / 3, -0.7):
        returns = np.full(draw.size + 2, returned)
        computed = explained_variance(draw.numbers(len(returns)), returns)
        require(np.isnan(computed), "NaN for equal returns", computed=computed)
