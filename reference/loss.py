"""Loss terms: weighted sums over tokens, ``L = sum_t w_t l_t``, weights fixed over the whole step.

The weights hold all the averaging: ``w_t = 1/N`` for a token mean, ``1/(B |o_i|)`` for a mean of
sequence means. They are computed once, before the step is cut into micro-batches or spread over
ranks, and a sum does not care how it is cut. So no term can depend on the micro-batch size: by
construction, not by care (known bugs P1 to P6).

    rho_t = pi(a_t) / pi_behaviour(a_t)
    l_clip = -min(rho_t A_t, clip(rho_t, 1 - eps_low, 1 + eps_high) A_t)
    l_nll  = -log pi(a_t) on correct responses,      l_value = 1/2 (V_t - target_t)^2

Sources: clip-higher DAPO eq. 10 and VAPO eq. 8; token-level VAPO eq. 7; positive-example LM loss
VAPO eq. 9-10; value loss VC-PPO algorithm 1; dual clip arXiv 1912.09729 eq. 5; KL estimators:
Schulman, "Approximating KL divergence".
"""

import autograd.numpy as anp
import numpy as np

from seed.reference.generate import log_distribution
from seed.spec.config_rl import AlgorithmConfig
from seed.spec.constants import LOG_RATIO_LIMIT
from seed.spec.datatypes import Array, BoolArray, IntArray


def token_weights(
    response_BS: BoolArray, group_B: IntArray, aggregation: str, constant: float = 1.0
) -> Array:
    """Weight of each token under one of the four meanings of "mean loss".

    Formula: the mean over tokens, sequences, groups, or a constant.
    Source: VAPO eq. 6-7; DAPO eq. 8.

    ======== ======================================================== ===========================
    name     mean over                                                weight of token t of i
    ======== ======================================================== ===========================
    token    all response tokens of the optimizer step (VAPO eq. 7)   1 / sum_j |o_j|
    sequence responses, then tokens (VAPO eq. 6, GRPO)                1 / (B |o_i|)
    group    prompts, then tokens of a prompt (DAPO eq. 8 as printed) 1 / (P sum_{j in group} |o_j|)
    constant responses; token sums divided by a constant (Dr. GRPO)   1 / (B constant)
    ======== ======================================================== ===========================

    Args:
        response_BS: Tokens that count, over the whole optimizer step. Rows without any do not count
            in B or P.
        group_B: Number of the row's prompt.
        aggregation: A name of the table.
        constant: Divisor of ``constant``, the token limit of a response.

    Returns:
        Weights [B, S], 0 outside the response; all 0 if no token counts.
    """
    lengths_B = response_BS.sum(axis=1)
    rows = max(int((lengths_B > 0).sum()), 1)
    if aggregation == "token":
        divisor_B = np.full(len(lengths_B), lengths_B.sum())
    elif aggregation == "sequence":
        divisor_B = rows * lengths_B
    elif aggregation == "group":
        numbers, member = np.unique(group_B, return_inverse=True)
        tokens_P = np.bincount(member, weights=lengths_B, minlength=len(numbers))
        divisor_B = max(int((tokens_P > 0).sum()), 1) * tokens_P[member]
    else:
        divisor_B = np.full(len(lengths_B), rows * constant)
    return np.where(response_BS, 1.0 / np.maximum(divisor_B, 1)[:, None], 0.0)


def weighted_sum(weights_BS: Array, terms_BS: Array) -> Array:
    """Sum over tokens; terms at weight 0 are left out, since they may be NaN or inf.

    Formula: ``sum_t w_t l_t``.
    Source: known bug P1.

    Known bug P8: 0 times NaN is NaN.
    """
    return anp.sum(anp.where(weights_BS != 0.0, terms_BS, 0.0) * weights_BS)


def token_log_probs(logits_BSV: Array, tokens_BS: IntArray, temperature: float) -> Array:
    """Log-probability of each token given the tokens before it.

    Formula: ``log pi(a_t | s_t)``.
    Source: definition.

    Args:
        logits_BSV: Logits that each token was drawn from.
        tokens_BS: Tokens.
        temperature: The sampling temperature: the trained policy is the one that was sampled from.

    Returns:
        Log-probabilities [B, S]; what column 0 holds means nothing, as the first token was not
        drawn.
    """
    hit = tokens_BS[:, :, None] == np.arange(logits_BSV.shape[-1])
    return anp.sum(anp.where(hit, log_distribution(logits_BSV, temperature), 0.0), axis=-1)


def token_entropy(logits_BSV: Array, temperature: float) -> Array:
    """Entropy in nats of the distribution that each token was drawn from [B, S]; only a metric.

    Formula: ``-sum_a pi log pi``.
    Source: definition.
    """
    log_p = log_distribution(logits_BSV, temperature)
    return -anp.sum(anp.exp(log_p) * log_p, axis=-1)


def ratio(log_probs: Array, behaviour_log_probs: Array) -> Array:
    """Probability ratio; the denominator was recorded when the token was drawn.

    Formula: ``rho = pi / pi_behaviour``.
    Source: VAPO eq. 2.
    """
    return anp.exp(anp.clip(log_probs - behaviour_log_probs, -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT))


def truncated_importance(start_log_probs: Array, behaviour_log_probs: Array, cap: float) -> Array:
    """Weight of a token's loss for what happened before the step.

    The ratio splits at the start of the step. ``pi / pi_start`` is clipped, since it is what the
    step changes; this factor accounts for stale or quantised samplers.

    Formula: ``min(pi_start / pi_behaviour, cap)``.
    Source: decoupled PPO, Hilton et al. arXiv 2110.00641, truncated at a cap as in verl and AReaL.

    Args:
        start_log_probs: Under the policy at the start of the step [B, S].
        behaviour_log_probs: Recorded when the token was drawn [B, S].
        cap: Largest weight, > 0.
    """
    log_ratio = np.minimum(start_log_probs - behaviour_log_probs, LOG_RATIO_LIMIT)
    return np.minimum(np.exp(log_ratio), cap)


def clipped_surrogate(
    log_probs: Array, behaviour_log_probs: Array, advantages: Array, algorithm: AlgorithmConfig
) -> Array:
    """PPO's pessimistic surrogate with separate bounds, as a loss per token.

    Formula: ``l = -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A)``; with dual clip c > 1,
    ``l <= -c A`` where A < 0.
    Gradient: ``dl/dlog pi = -A rho`` where (A > 0 and rho <= 1 + clip_high) or (A < 0 and
    rho >= 1 - clip_low and, with dual clip, rho <= c), else 0. A bound itself is inside: with
    ``clip_low = 0`` the first update, where rho = 1, still learns.
    Source: DAPO eq. 10; VAPO eq. 8; report eq. 1.

    Args:
        log_probs: log pi of each token, any shape.
        behaviour_log_probs: log pi at the time of sampling.
        advantages: A of each token.
        algorithm: clip_low, clip_high, dual_clip.
    """
    rho = ratio(log_probs, behaviour_log_probs)
    low, high = _beyond_the_clip(rho, advantages, algorithm)
    held = anp.clip(rho, 1.0 - algorithm.clip_low, 1.0 + algorithm.clip_high)
    loss = -anp.where(low | high, held, rho) * advantages
    if algorithm.dual_clip:
        too_far = (advantages < 0) & (rho > algorithm.dual_clip)
        loss = anp.where(too_far, -algorithm.dual_clip * advantages, loss)
    return loss


def clip_fractions(
    log_probs: Array, behaviour_log_probs: Array, advantages: Array, algorithm: AlgorithmConfig
) -> tuple[BoolArray, BoolArray]:
    """Tokens whose gradient the clip removes: below the floor (A < 0), above the cap (A > 0).

    Formula: ``A < 0`` and ``rho < 1 - clip_low``; ``A > 0`` and ``rho > 1 + clip_high``.
    Source: DAPO 3.1.
    """
    return _beyond_the_clip(ratio(log_probs, behaviour_log_probs), advantages, algorithm)


def _beyond_the_clip(
    rho: Array, advantages: Array, algorithm: AlgorithmConfig
) -> tuple[BoolArray, BoolArray]:
    """Where the clipped term is the smaller one: below the floor, above the cap."""
    low = (advantages < 0) & (rho < 1.0 - algorithm.clip_low)
    high = (advantages > 0) & (rho > 1.0 + algorithm.clip_high)
    return low, high


def value_error(values: Array, old_values: Array, targets: Array, value_clip: float) -> Array:
    """Squared error of the value, optionally clipped.

    Formula: ``1/2 (V - target)^2``; with value clip c the larger of it and the same with V held
    within c of the old V.
    Gradient: ``V - target``, or 0 where V is beyond c and the error of the held V is larger.
    Source: VC-PPO algorithm 1; the clip is that of PPO implementations.
    """
    error = 0.5 * (values - targets) ** 2
    if not value_clip:
        return error
    held = old_values + anp.clip(values - old_values, -value_clip, value_clip)
    held_error = 0.5 * (held - targets) ** 2
    beyond = anp.abs(values - old_values) > value_clip
    return anp.where(beyond & (held_error > error), held_error, error)


def kl_penalty(log_probs: Array, reference_log_probs: Array, estimator: str) -> Array:
    """KL(pi || pi_reference) per sampled token, to be differentiated.

    Formula: with d = log pi - log pi_reference, ``k2 = d^2 / 2`` and ``k3 = exp(-d) - 1 + d``; k3
    keeps its value at d = -20 below it.
    Gradient: ``d`` and ``1 - exp(-d)``, which never push pi away from the reference policy; k3's is
    0 below d = -20.
    Source: Schulman, Approximating KL Divergence.

    On on-policy samples the gradient of k2 is an unbiased estimate of the reverse KL's gradient
    (known bug P20); k3's value is unbiased but its gradient is not.
    """
    d = log_probs - reference_log_probs
    if estimator == "k2":
        return 0.5 * d * d
    d = anp.where(d < -LOG_RATIO_LIMIT, -LOG_RATIO_LIMIT, d)
    return anp.exp(-d) - 1.0 + d
