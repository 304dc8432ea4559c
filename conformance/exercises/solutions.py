"""Solutions of the exercises whose function the reference has with other parameters.

Each calls the reference. Signature and docstring are what a student starts from, see ``blank``.
"""

import numpy as np

from seed.reference import advantage as reference
from seed.reference.loss import clipped_surrogate as reference_surrogate
from seed.reference.loss import kl_penalty, weighted_sum
from seed.reference.loss import token_weights as reference_weights
from seed.reference.moe import gates, top_k
from seed.spec.config_rl import AlgorithmConfig
from seed.spec.datatypes import Array, BoolArray, IntArray


def settings(**changes: object) -> AlgorithmConfig:
    """The papers' settings with some changes."""
    return AlgorithmConfig.model_validate({"mini_batch": 1, "micro_batch": 1, **changes})


def decoupled_gae(
    rewards_BS: Array,
    values_BS: Array,
    response_BS: BoolArray,
    lambda_value: float,
    lambda_policy: float,
) -> tuple[Array, Array]:
    """GAE twice: with lambda_value for the value targets, with lambda_policy for the advantages.

    Formula: ``target_t = A_t + V_t`` with A of lambda_value; advantages with lambda_policy.
    Source: VC-PPO algorithm 1; VAPO 4.1.

    gamma is 1, and the value after the last response token is 0. You may call the reference:
    ``from seed.reference.advantage import gae``.

    Args:
        rewards_BS: Reward of each token [B, S].
        values_BS: V of the state before each token [B, S]; outside of the response anything.
        response_BS: Response tokens [B, S].
        lambda_value: In [0, 1].
        lambda_policy: In [0, 1].

    Returns:
        Policy advantages [B, S] and value targets [B, S], both 0 outside of the response.
    """
    lambdas = {"lambda_value": lambda_value, "lambda_policy": lambda_policy}
    algorithm = settings(length_adaptive=False, **lambdas)
    nobody = np.zeros(len(rewards_BS), dtype=bool)
    return reference.decoupled_gae(rewards_BS, values_BS, response_BS, nobody, algorithm)


def group_advantages(rewards_B: Array, group_B: IntArray) -> Array:
    """Reward of each response relative to the other responses to its prompt.

    Formula: ``A_i = (r_i - mean(r)) / std(r)`` over the group of i; a group of equal rewards gets
    exactly 0.
    Source: GRPO, arXiv 2402.03300; DAPO eq. 9.

    Args:
        rewards_B: One reward per response [B].
        group_B: Number of the response's prompt [B]; rows of a group may stand anywhere.

    Returns:
        One advantage per response [B]; std is the population's.
    """
    return reference.group_advantages(rewards_B, group_B, "population")


def clipped_surrogate(
    log_probs: Array,
    behaviour_log_probs: Array,
    advantages: Array,
    clip_low: float,
    clip_high: float,
) -> Array:
    """PPO's pessimistic surrogate with separate bounds, as a loss per token.

    Formula: ``l = -min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A)``, ``rho = exp(log pi - log
    pi_behaviour)``.
    Source: DAPO eq. 10; VAPO eq. 8.

    Args:
        log_probs: log pi of each token, any shape.
        behaviour_log_probs: log pi when the token was drawn, same shape.
        advantages: A of each token, same shape.
        clip_low: In [0, 1].
        clip_high: At least clip_low.

    Returns:
        Loss of each token, same shape.
    """
    bounds = settings(clip_low=clip_low, clip_high=clip_high)
    return reference_surrogate(log_probs, behaviour_log_probs, advantages, bounds)


def dual_clipped_surrogate(
    log_probs: Array,
    behaviour_log_probs: Array,
    advantages: Array,
    clip_low: float,
    clip_high: float,
    dual_clip: float,
) -> Array:
    """The clipped surrogate, whose loss is bounded where the advantage is negative.

    Formula: ``l`` as in clip-higher; where A < 0, ``min(l, -c A)``.
    Source: arXiv 1912.09729 eq. 5.

    A token that the behaviour policy hardly ever drew has a huge ratio. With A < 0 no other bound
    stops it.

    Args:
        log_probs: log pi of each token, any shape.
        behaviour_log_probs: log pi when the token was drawn, same shape.
        advantages: A of each token, same shape.
        clip_low: In [0, 1].
        clip_high: At least clip_low.
        dual_clip: c, above 1.

    Returns:
        Loss of each token, same shape.
    """
    bounds = settings(clip_low=clip_low, clip_high=clip_high, dual_clip=dual_clip)
    return reference_surrogate(log_probs, behaviour_log_probs, advantages, bounds)


def positive_example_loss(
    log_probs_BS: Array, response_BS: BoolArray, correct_B: BoolArray, mu: float
) -> float:
    """Language-model loss on the responses that turned out correct.

    Formula: ``mu L_NLL``, ``L_NLL = -sum log pi(a_t) / N`` over the N tokens of all correct
    responses; 0 if there are none.
    Source: VAPO eq. 9-10.

    Args:
        log_probs_BS: log pi of each token [B, S]; outside of the response anything.
        response_BS: Response tokens [B, S].
        correct_B: Responses that are correct [B].
        mu: Weight of the loss; VAPO has 0.1.

    Returns:
        One number.
    """
    rows = np.arange(len(correct_B))
    weights_BS = mu * reference_weights(response_BS & correct_B[:, None], rows, "token")
    return float(weighted_sum(weights_BS, -log_probs_BS))


def kl_estimators(log_probs: Array, reference_log_probs: Array) -> tuple[Array, Array, Array]:
    """Three estimates of KL(pi || pi_reference) from tokens that pi has drawn.

    Formula: with d = log pi - log pi_reference: ``k1 = d``, ``k2 = d^2 / 2``, ``k3 = exp(-d) - 1 +
    d``.
    Source: Schulman, Approximating KL Divergence.

    Args:
        log_probs: log pi of each drawn token, any shape.
        reference_log_probs: log pi_reference of the same tokens, same shape.

    Returns:
        k1, k2 and k3 of each token, each of the same shape.
    """
    k2, k3 = (kl_penalty(log_probs, reference_log_probs, name) for name in ("k2", "k3"))
    return log_probs - reference_log_probs, k2, k3


def route(logits_NE: Array, k: int) -> tuple[IntArray, Array]:
    """Choose the experts of each token and the gates that weigh their outputs.

    Formula: ``I`` = ids of the k largest router logits; ``g_i = p_i / sum_{j in I} p_j`` with ``p =
    softmax(logits)``.
    Source: arXiv 1701.06538 eq. 5; Qwen3-MoE.

    Args:
        logits_NE: Router logits of N tokens over E experts [N, E].
        k: Experts per token, 1 <= k <= E.

    Returns:
        Expert ids [N, k], the largest logit first, of equal logits the smaller id first; gates
        [N, k] of the same experts.
    """
    expert_ids_Nk = top_k(logits_NE, k)
    return expert_ids_Nk, gates(logits_NE, expert_ids_Nk, True)
