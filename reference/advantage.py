"""Advantage estimators: decoupled and length-adaptive GAE, group-normalised rewards.

    delta_t  = r_t + gamma V_{t+1} - V_t
    A_t      = delta_t + gamma lambda A_{t+1}
    target_t = A_t + V_t

All functions see response tokens only, wherever they stand in their row: a gap (padding, prompt,
tool output) neither creates a TD error nor breaks the recursion, and what stands in it is never
read (known bugs P8, P9).
Sources: GAE arXiv 1506.02438 eq. 16; decoupling VC-PPO 3.2 and VAPO 4.1; length-adaptive VAPO eq.
4-5; group GRPO and DAPO eq. 9.
"""

import numpy as np

from seed.spec.config_rl import AlgorithmConfig
from seed.spec.constants import EQUAL_WITHIN
from seed.spec.datatypes import Array, BoolArray, IntArray


def token_rewards(rewards_B: Array, response_BS: BoolArray) -> Array:
    """Put each reward on the last response token of its row, 0 elsewhere.

    Formula: ``r_t = R`` at the last response token, else 0.
    Source: VAPO 2.1.

    Args:
        rewards_B: One reward per response.
        response_BS: Response tokens. A row without any keeps no reward.

    Returns:
        Rewards per token [B, S].
    """
    from_end_BS = np.cumsum(response_BS[:, ::-1], axis=1)[:, ::-1]
    return np.where(response_BS & (from_end_BS == 1), rewards_B[:, None], 0.0)


def length_adaptive_lambda(lengths_B: IntArray, gae_alpha: float) -> Array:
    """Lambda by length: the window 1 / (1 - lambda) is the same share of every response.

    Formula: ``lambda = 1 - 1 / (gae_alpha l)``, clamped to [0, 1].
    Source: VAPO eq. 5.

    The paper has gae_alpha = 0.05. For l <= 1/gae_alpha the formula is not positive; the paper is
    silent, we clamp to 0 (one-step TD), as NeMo RL does.

    Args:
        lengths_B: Response tokens l, end of sequence included; 0 counts as 1.
        gae_alpha: > 0.

    Returns:
        Lambda per response [B] in [0, 1).
    """
    return np.clip(1.0 - 1.0 / (gae_alpha * np.maximum(lengths_B, 1)), 0.0, 1.0)


def gae(
    rewards_BS: Array,
    values_BS: Array,
    response_BS: BoolArray,
    discount: float,
    lambda_B: Array,
    final_value_B: Array,
) -> Array:
    """Generalised advantage estimation by backward recursion over response tokens.

    Formula: ``A_t = sum_{l >= 0} (gamma lambda)^l delta_{t+l}``, ``delta_t = r_t + gamma V_{t+1} -
    V_t``.
    Source: arXiv 1506.02438 eq. 16; VAPO eq. 3.

    Args:
        rewards_BS: Reward of each token.
        values_BS: V of the state before each token; entries outside the response may be anything,
            NaN included.
        response_BS: Response tokens.
        discount: gamma in [0, 1].
        lambda_B: lambda of each row in [0, 1].
        final_value_B: V after the last response token: 0 at a real end.

    Returns:
        Advantages [B, S], 0 outside the response. Value targets are advantages plus values (see
        ``decoupled_gae``).
    """
    rewards_BS = np.where(response_BS, rewards_BS, 0.0)
    values_BS = np.where(response_BS, values_BS, 0.0)
    advantages_BS = np.zeros_like(values_BS)
    next_value_B, next_advantage_B = final_value_B, np.zeros_like(final_value_B)
    for t in reversed(range(values_BS.shape[1])):
        here_B = response_BS[:, t]
        delta_B = rewards_BS[:, t] + discount * next_value_B - values_BS[:, t]
        advantage_B = delta_B + discount * lambda_B * next_advantage_B
        advantages_BS[:, t] = np.where(here_B, advantage_B, 0.0)
        next_value_B = np.where(here_B, values_BS[:, t], next_value_B)
        next_advantage_B = np.where(here_B, advantage_B, next_advantage_B)
    return advantages_BS


def decoupled_gae(
    rewards_BS: Array,
    values_BS: Array,
    response_BS: BoolArray,
    truncated_B: BoolArray,
    algorithm: AlgorithmConfig,
) -> tuple[Array, Array]:
    """GAE twice over the same TD errors: lambda_value for targets, lambda_policy for advantages.

    Formula: targets with lambda_value, advantages with lambda_policy.
    Source: VC-PPO algorithm 1; VAPO 4.1 (lambda_value = 1: targets are Monte-Carlo returns).

    Args:
        rewards_BS: Reward of each token.
        values_BS: V of the state before each token.
        response_BS: Response tokens.
        truncated_B: Rows cut by the token limit; ``truncation_value`` says what follows them.
        algorithm: discount, both lambdas, gae_alpha, truncation_value, whiten.

    Returns:
        Policy advantages [B, S] and value targets [B, S], both 0 outside the response.
    """
    final_B = final_values(values_BS, response_BS, truncated_B, algorithm.truncation_value)
    rows = len(rewards_BS)
    lambda_value_B = np.full(rows, algorithm.lambda_value)
    lambda_policy_B = policy_lambda(response_BS.sum(axis=1), algorithm)
    for_value_BS = gae(
        rewards_BS, values_BS, response_BS, algorithm.discount, lambda_value_B, final_B
    )
    targets_BS = np.where(response_BS, for_value_BS + np.where(response_BS, values_BS, 0.0), 0.0)
    advantages_BS = gae(
        rewards_BS, values_BS, response_BS, algorithm.discount, lambda_policy_B, final_B
    )
    return (whiten(advantages_BS, response_BS) if algorithm.whiten else advantages_BS), targets_BS


def policy_lambda(lengths_B: IntArray, algorithm: AlgorithmConfig) -> Array:
    """Lambda of each response's advantages [B]: length-adaptive, or ``lambda_policy``.

    Formula: length-adaptive or fixed.
    Source: VAPO eq. 5; VC-PPO 3.2.
    """
    if algorithm.length_adaptive:
        return length_adaptive_lambda(lengths_B, algorithm.gae_alpha)
    return np.full(len(lengths_B), algorithm.lambda_policy)


def final_values(
    values_BS: Array, response_BS: BoolArray, truncated_B: BoolArray, choice: str
) -> Array:
    """V after the last response token [B].

    Formula: 0, or the last state's V at a cut.
    Source: T-PPO, arXiv 2506.15050.

    It is 0 at a real end; at a cut it is 0 (``zero``) or the last state's V (``last``, T-PPO).
    """
    if choice == "zero":
        return np.zeros(len(values_BS))
    last_B = np.where(response_BS, np.arange(response_BS.shape[1]), 0).max(axis=1)
    return np.where(
        truncated_B & response_BS.any(axis=1), values_BS[np.arange(len(values_BS)), last_B], 0.0
    )


def whiten(advantages_BS: Array, response_BS: BoolArray) -> Array:
    """Subtract the mean and divide by the standard deviation over all response tokens.

    Formula: ``(A - mean) / std``, std over n tokens divided by n.
    Source: common practice, in no paper.

    A constant array becomes 0.
    """
    inside = advantages_BS[response_BS]
    whitened_BS = np.zeros_like(advantages_BS)
    if inside.size and np.ptp(inside) > EQUAL_WITHIN * np.abs(inside).max():
        inside = _with_unit_spread(inside)
        whitened_BS[response_BS] = (inside - inside.mean()) / inside.std()
    return whitened_BS


def group_advantages(rewards_B: Array, group_B: IntArray, std: str) -> Array:
    """Reward of each response relative to the responses to the same prompt.

    Formula: ``A_i = (r_i - mean(r)) / std(r)`` over the group of i; a group of equal rewards gets
    exactly 0.
    Source: GRPO, arXiv 2402.03300; DAPO eq. 9.

    The papers just say std: ``population`` (ours), ``sample`` (Bessel, as verl), or ``none``. No
    epsilon is added, since the only group that would need one is set to 0.

    Args:
        rewards_B: One reward per response.
        group_B: Number of the response's prompt; groups are found by number, not by place (P14).
        std: "population", "sample" or "none".

    Returns:
        One advantage per response [B].
    """
    advantages_B = np.zeros(len(rewards_B))
    for group in np.unique(group_B):
        members = group_B == group
        rewards = rewards_B[members]
        if np.ptp(rewards) <= EQUAL_WITHIN * np.abs(rewards).max():
            continue
        if std == "none":
            advantages_B[members] = rewards - rewards.mean()
            continue
        rewards = _with_unit_spread(rewards)
        divisor = rewards.std(ddof=1 if std == "sample" else 0)
        advantages_B[members] = (rewards - rewards.mean()) / divisor
    return advantages_B


def _with_unit_spread(numbers: Array) -> Array:
    """The numbers times the power of two that brings their spread into [1/2, 1).

    Standardised they are the same, bit for bit, and no square of a difference becomes 0 or
    infinite. They must not all be equal.
    """
    exponent = int(np.frexp(np.ptp(numbers))[1])
    half = exponent // 2  # 2^1074 is no float64, its square root is
    return numbers * 2.0**-half * 2.0 ** (half - exponent)


def explained_variance(values: Array, returns: Array) -> float:
    """How much of the returns' variance the values explain: 1 is perfect, 0 is a constant.

    Formula: ``1 - Var(returns - values) / Var(returns)``; NaN if the returns are constant.
    Source: VAPO 4.1.

    Args:
        values: Predictions, any shape.
        returns: What came out, same shape; equal within rounding counts as constant.
    """
    if returns.size == 0 or np.ptp(returns) <= EQUAL_WITHIN * np.abs(returns).max():
        return float("nan")
    return 1.0 - float(np.var(returns - values)) / float(np.var(returns))
