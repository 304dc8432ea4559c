"""Loss terms as weighted sums over this rank's tokens, which add up over ranks.

All averaging is in the weights, which every rank computes for the whole optimizer step. No mean is
ever taken over a rank, so nothing depends on how tokens are spread (known bugs P1 to P6).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.spec.config_rl import AlgorithmConfig
from seed.spec.constants import LOG_RATIO_LIMIT


def token_weights(
    response_BS: Tensor, group_B: Tensor, aggregation: str, constant: float = 1.0
) -> Tensor:
    """Weight of each token under one of the four aggregations, float64 [B, S].

    The table is in ``reference.loss.token_weights``.
    """
    lengths_B = response_BS.sum(1)
    rows = max(int((lengths_B > 0).sum()), 1)
    if aggregation == "token":
        divisor_B = lengths_B.sum().expand(len(lengths_B)).to(torch.float64)
    elif aggregation == "sequence":
        divisor_B = rows * lengths_B.to(torch.float64)
    elif aggregation == "group":
        numbers, member = group_B.unique(return_inverse=True)
        tokens_P = torch.zeros(len(numbers), dtype=torch.float64, device=group_B.device)
        tokens_P = tokens_P.index_add(0, member, lengths_B.to(torch.float64))
        divisor_B = max(int((tokens_P > 0).sum()), 1) * tokens_P[member]
    else:
        divisor_B = torch.full(
            lengths_B.shape, rows * constant, dtype=torch.float64, device=lengths_B.device
        )
    return torch.where(response_BS, 1.0 / divisor_B.clamp(min=1)[:, None], 0.0)


def weighted_sum(weights: Tensor, terms: Tensor) -> Tensor:
    """``sum_t w_t l_t`` over tokens of weight other than 0, whose terms may be NaN or infinite."""
    return (torch.where(weights != 0.0, terms, 0.0) * weights).sum()


def token_log_probs(logits_nV: Tensor, targets_n: Tensor, temperature: float) -> Tensor:
    """Log-probability of each target under its logits at the sampling temperature [n]."""
    return -F.cross_entropy(logits_nV / temperature, targets_n, reduction="none")


def token_entropy(logits_nV: Tensor, temperature: float) -> Tensor:
    """Entropy in nats of the distribution behind each target [n]. A metric, not a loss."""
    log_p = torch.log_softmax(logits_nV / temperature, 1)
    return -(log_p.exp() * log_p).sum(1)


def ratio(log_probs: Tensor, behaviour_log_probs: Tensor) -> Tensor:
    """``rho = pi / pi_behaviour``; the denominator was recorded when the token was drawn."""
    return (log_probs - behaviour_log_probs).clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT).exp()


def truncated_importance(
    start_log_probs: Tensor, behaviour_log_probs: Tensor, cap: float
) -> Tensor:
    """``min(pi_start / pi_behaviour, cap)``; see the reference."""
    log_ratio = (start_log_probs - behaviour_log_probs).clamp(max=LOG_RATIO_LIMIT)
    return log_ratio.exp().clamp(max=cap)


def clipped_surrogate(
    log_probs: Tensor, behaviour_log_probs: Tensor, advantages: Tensor, algorithm: AlgorithmConfig
) -> Tensor:
    """``-min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A)``; dual clip ``<= -c A`` if A < 0."""
    rho = ratio(log_probs, behaviour_log_probs)
    low, high = _beyond_the_clip(rho, advantages, algorithm)
    held = rho.clamp(1.0 - algorithm.clip_low, 1.0 + algorithm.clip_high)
    loss = -torch.where(low | high, held, rho) * advantages
    if algorithm.dual_clip:
        too_far = (advantages < 0) & (rho > algorithm.dual_clip)
        loss = torch.where(too_far, -algorithm.dual_clip * advantages, loss)
    return loss


def clip_fractions(
    log_probs: Tensor, behaviour_log_probs: Tensor, advantages: Tensor, algorithm: AlgorithmConfig
) -> tuple[Tensor, Tensor]:
    """Tokens whose gradient the clip removes: below the floor (A < 0), above the cap (A > 0)."""
    return _beyond_the_clip(ratio(log_probs, behaviour_log_probs), advantages, algorithm)


def _beyond_the_clip(
    rho: Tensor, advantages: Tensor, algorithm: AlgorithmConfig
) -> tuple[Tensor, Tensor]:
    """Where the clipped term is the smaller one: below the floor, above the cap."""
    low = (advantages < 0) & (rho < 1.0 - algorithm.clip_low)
    high = (advantages > 0) & (rho > 1.0 + algorithm.clip_high)
    return low, high


def value_error(values: Tensor, old_values: Tensor, targets: Tensor, value_clip: float) -> Tensor:
    """``1/2 (V - target)^2``; with value clip c at least that of V held within c of the old V."""
    error = 0.5 * (values - targets) ** 2
    if not value_clip:
        return error
    held = old_values + (values - old_values).clamp(-value_clip, value_clip)
    held_error = 0.5 * (held - targets) ** 2
    beyond = (values - old_values).abs() > value_clip
    return torch.where(beyond & (held_error > error), held_error, error)


def kl_penalty(log_probs: Tensor, reference_log_probs: Tensor, estimator: str) -> Tensor:
    """KL(pi || reference policy) of a sampled token: ``k2 = d^2 / 2``, ``k3 = exp(-d) - 1 + d``.

    k3 keeps its value at d = -20 below it.
    """
    d = log_probs - reference_log_probs
    if estimator == "k2":
        return 0.5 * d * d
    d = torch.where(d < -LOG_RATIO_LIMIT, -LOG_RATIO_LIMIT, d)
    return (-d).exp() - 1.0 + d
