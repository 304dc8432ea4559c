"""Advantage estimators on tensors [B, S].

Every rank computes them for all rows, so no layout changes them (known bug P7). Equal to the
reference, with two differences in method: the recursion joins stretches of doubling length instead
of going column by column, and groups come from ``unique``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.spec.config_rl import AlgorithmConfig
from seed.spec.constants import EQUAL_WITHIN


def token_rewards(rewards_B: Tensor, response_BS: Tensor) -> Tensor:
    """Put each reward on the last response token of its row, 0 elsewhere [B, S]."""
    from_end_BS = response_BS.flip(1).cumsum(1).flip(1)
    return torch.where(response_BS & (from_end_BS == 1), rewards_B[:, None], 0.0)


def length_adaptive_lambda(lengths_B: Tensor, gae_alpha: float) -> Tensor:
    """``lambda = 1 - 1 / (gae_alpha l)``, clamped to [0, 1] (VAPO eq. 5) [B]."""
    return (1.0 - 1.0 / (gae_alpha * lengths_B.clamp(min=1).to(torch.float64))).clamp(0.0, 1.0)


def gae(
    rewards_BS: Tensor,
    values_BS: Tensor,
    response_BS: Tensor,
    discount: float,
    lambda_B: Tensor,
    final_value_B: Tensor,
) -> Tensor:
    """``A_t = delta_t + gamma lambda A_{t+1}`` over response tokens, gaps skipped [B, S].

    A pair (d, c) means ``A_t = d + c A_after``; in a gap it is (0, 1). Two neighbouring stretches
    of a row together have the pair ``(d_1 + c_1 d_2, c_1 c_2)``. So after log2 S rounds, in which
    stretches double, every one reaches the end of its row.
    """
    values_BS = torch.where(response_BS, values_BS, 0.0)
    delta_BS = (
        rewards_BS + discount * values_after(values_BS, response_BS, final_value_B) - values_BS
    )
    sums_BS = torch.where(response_BS, delta_BS, 0.0)
    decays_BS = torch.where(response_BS, discount * lambda_B[:, None], 1.0)
    reach = 1
    while reach < response_BS.shape[1]:
        sums_BS = sums_BS + decays_BS * F.pad(sums_BS[:, reach:], (0, reach))
        decays_BS = decays_BS * F.pad(decays_BS[:, reach:], (0, reach), value=1.0)
        reach *= 2
    return torch.where(response_BS, sums_BS, 0.0)


def values_after(values_BS: Tensor, response_BS: Tensor, final_value_B: Tensor) -> Tensor:
    """V at the next response token after each column; ``final_value_B`` after the last [B, S]."""
    S = response_BS.shape[1]
    places_BS = torch.where(response_BS, torch.arange(S, device=response_BS.device), S)
    here_or_later_BS = places_BS.flip(1).cummin(1).values.flip(1)
    later_BS = F.pad(here_or_later_BS[:, 1:], (0, 1), value=S)
    return torch.cat([values_BS, final_value_B[:, None]], 1).gather(1, later_BS)


def decoupled_gae(
    rewards_BS: Tensor,
    values_BS: Tensor,
    response_BS: Tensor,
    truncated_B: Tensor,
    algorithm: AlgorithmConfig,
) -> tuple[Tensor, Tensor]:
    """Advantages by GAE with lambda_policy, value targets with lambda_value (VC-PPO alg. 1)."""
    final_B = final_values(values_BS, response_BS, truncated_B, algorithm.truncation_value)
    lambda_value_B = torch.full_like(final_B, algorithm.lambda_value)
    lambda_policy_B = policy_lambda(response_BS.sum(1), algorithm)
    for_value_BS = gae(
        rewards_BS, values_BS, response_BS, algorithm.discount, lambda_value_B, final_B
    )
    targets_BS = torch.where(response_BS, for_value_BS + values_BS, 0.0)
    advantages_BS = gae(
        rewards_BS, values_BS, response_BS, algorithm.discount, lambda_policy_B, final_B
    )
    return (whiten(advantages_BS, response_BS) if algorithm.whiten else advantages_BS), targets_BS


def policy_lambda(lengths_B: Tensor, algorithm: AlgorithmConfig) -> Tensor:
    """Lambda of the policy advantages [B]: length-adaptive, or the fixed ``lambda_policy``."""
    if algorithm.length_adaptive:
        return length_adaptive_lambda(lengths_B, algorithm.gae_alpha)
    return torch.full(
        lengths_B.shape, algorithm.lambda_policy, dtype=torch.float64, device=lengths_B.device
    )


def final_values(
    values_BS: Tensor, response_BS: Tensor, truncated_B: Tensor, choice: str
) -> Tensor:
    """V after the last response token [B]: 0 at a real end.

    At a cut by the token limit it is 0 (``zero``) or V of the last state (``last``).
    """
    if choice == "zero":
        return torch.zeros_like(values_BS[:, 0])
    columns = torch.arange(response_BS.shape[1], device=response_BS.device)
    last_B = torch.where(response_BS, columns, 0).amax(1)
    last_value_B = values_BS.gather(1, last_B[:, None]).squeeze(1)
    return torch.where(truncated_B & response_BS.any(1), last_value_B, 0.0)


def whiten(advantages_BS: Tensor, response_BS: Tensor) -> Tensor:
    """Zero mean and unit standard deviation over response tokens; a constant array becomes 0."""
    inside = advantages_BS[response_BS]
    whitened_BS = torch.zeros_like(advantages_BS)
    if len(inside) and inside.max() - inside.min() > EQUAL_WITHIN * inside.abs().max():
        inside = _with_unit_spread(inside)
        whitened_BS[response_BS] = (inside - inside.mean()) / inside.std(correction=0)
    return whitened_BS


def group_advantages(rewards_B: Tensor, group_B: Tensor, std: str) -> Tensor:
    """``(r_i - mean(r)) / std(r)`` over the responses to one prompt; equal rewards give 0 [B]."""
    advantages_B = torch.zeros_like(rewards_B)
    for group in group_B.unique():
        members = group_B == group
        rewards = rewards_B[members]
        if rewards.max() - rewards.min() <= EQUAL_WITHIN * rewards.abs().max():
            continue
        if std == "none":
            advantages_B[members] = rewards - rewards.mean()
            continue
        rewards = _with_unit_spread(rewards)
        divisor = rewards.std(correction=1 if std == "sample" else 0)
        advantages_B[members] = (rewards - rewards.mean()) / divisor
    return advantages_B


def _with_unit_spread(numbers: Tensor) -> Tensor:
    """The numbers times the power of two that brings their spread into [1/2, 1)."""
    exponent = int(torch.frexp(numbers.max() - numbers.min()).exponent)
    half = exponent // 2
    return numbers * 2.0**-half * 2.0 ** (half - exponent)
