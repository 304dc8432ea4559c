"""What an optimizer step minimises: the weights of all tokens, the terms of each loss, its metrics.

    L = sum over micro-batches and tokens of w_t l_t,   w computed for the whole optimizer step

A function here sees one micro-batch and returns its part of the sum and of every metric. Nothing is
averaged over a micro-batch, so the parts add up to the step's loss however the step is cut.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from autograd.tracer import getval

from seed.reference.loss import (
    clip_fractions,
    clipped_surrogate,
    kl_penalty,
    ratio,
    token_entropy,
    token_log_probs,
    token_weights,
    value_error,
    weighted_sum,
)
from seed.reference.model import RouterTrace, token_logits, token_values
from seed.reference.moe import balance_loss, z_loss
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, Metrics, Params

LOSS_TERMS: tuple[str, ...] = ("kl", "positive", "load_balance", "router_z")
"""Optional terms of the policy's loss; ``algorithm.TERM_weight`` is the coefficient of each."""

Loss = tuple[Any, Metrics]
"""A sum to be differentiated, and metrics that are sums as well."""


def step_weights(batch: Batch, config: Config) -> Mapping[str, Array]:
    """Token weights of every loss term over one whole optimizer step.

    Args:
        batch: All rows of the step, over all micro-batches and ranks.
        config: Aggregation, coefficients, overlong filter, switches of off-policy data.

    Returns:
        Weights [B, S] by term, coefficients included. ``surrogate`` and ``kl`` follow the chosen
        aggregation; ``positive`` is a mean over tokens of correct responses; ``load_balance`` and
        ``router_z`` are means over all real tokens, prompt included; ``tokens`` is the plain mean
        over response tokens (value loss, SFT, metrics). A term that is off, or applies to no token,
        is absent.
    """
    algorithm = config.algorithm
    trained = batch.response
    if algorithm.overlong_filter:
        trained = trained & ~batch.truncated[:, None]
    if algorithm.newest_segment_only:
        trained = trained & batch.current
    limit = float(config.rollout.max_response_tokens)
    mean = token_weights(trained, batch.group, algorithm.aggregation, limit)
    positive = batch.response & batch.positive[:, None]
    real = np.arange(batch.tokens.shape[1]) < batch.lengths[:, None]
    router = token_weights(real, batch.group, "token")
    weights = {
        # A weight of 0 stays 0 whatever the importance is: it may be infinite there.
        "surrogate": mean * np.where(mean != 0.0, batch.importance, 0.0),
        "kl": algorithm.kl_weight * mean,
        "positive": algorithm.positive_weight * token_weights(positive, batch.group, "token"),
        "tokens": token_weights(batch.response, batch.group, "token"),
        "load_balance": algorithm.load_balance_weight * router,
        "router_z": algorithm.router_z_weight * router,
    }
    always = ("surrogate", "tokens")
    return {name: weight for name, weight in weights.items() if name in always or weight.any()}


def policy_loss(params: Params, batch: Batch, config: Config) -> Loss:
    """All terms of the policy's loss on one micro-batch.

    Formula: ``sum_t w_t l_clip + mu w_t l_nll + kl w_t KL + balance + z``.
    Source: VAPO eq. 9-10; report eq. 2; the switches of ``AlgorithmConfig``.

    Args:
        params: Policy weights.
        batch: Rows with the weights of the whole step.
        config: Sizes, temperature, clip bounds, switches.

    Returns:
        Scalar loss; metrics that add up over the micro-batches of a step to token means.
    """
    algorithm, weights = config.algorithm, batch.weights
    logits, trace = token_logits(params, batch.tokens, config.model)
    log_probs = token_log_probs(logits, batch.tokens, config.rollout.temperature)
    surrogate = clipped_surrogate(log_probs, batch.behaviour_log_probs, batch.advantages, algorithm)
    terms = {"surrogate": weighted_sum(weights["surrogate"], surrogate)}
    if "positive" in weights:
        terms["positive"] = weighted_sum(weights["positive"], -log_probs)
    if "kl" in weights:
        penalty = kl_penalty(log_probs, batch.reference_log_probs, algorithm.kl_estimator)
        terms["kl"] = weighted_sum(weights["kl"], penalty)
    terms |= router_terms(trace, batch)
    metrics = policy_metrics(
        np.asarray(getval(log_probs)), np.asarray(getval(logits)), batch, config
    )
    return sum(terms.values()), term_metrics(terms) | metrics


def sft_loss(params: Params, batch: Batch, config: Config) -> Loss:
    """Token mean of ``-log pi(a_t)`` over demonstrations, plus the router terms."""
    logits, trace = token_logits(params, batch.tokens, config.model)
    log_probs = token_log_probs(logits, batch.tokens, 1.0)
    terms = {"nll": weighted_sum(batch.weights["tokens"], -log_probs)}
    terms |= router_terms(trace, batch)
    return sum(terms.values()), term_metrics(terms)


def value_loss(params: Params, batch: Batch, config: Config) -> Loss:
    """Token mean of ``1/2 (V - target)^2`` on one micro-batch."""
    values = token_values(params, batch.tokens, config.model)
    error = value_error(values, batch.old_values, batch.value_targets, config.algorithm.value_clip)
    loss = weighted_sum(batch.weights["tokens"], error)
    return loss, {"loss": float(getval(loss))}


def router_terms(trace: RouterTrace, batch: Batch) -> dict[str, Any]:
    """Load-balance and z loss, summed over MoE layers, if switched on."""
    terms: dict[str, Any] = {}
    if "load_balance" in batch.weights:
        layers = zip(trace.logits, trace.expert_ids, strict=True)
        weights = batch.weights["load_balance"]
        terms["load_balance"] = sum(
            balance_loss(logits, ids, weights, trace.kind) for logits, ids in layers
        )
    if "router_z" in batch.weights:
        weights = batch.weights["router_z"]
        terms["router_z"] = sum(z_loss(logits, weights) for logits in trace.logits)
    return terms


def term_metrics(terms: Mapping[str, Any]) -> Metrics:
    """The value of each term as ``loss_TERM``."""
    return {f"loss_{name}": float(getval(term)) for name, term in terms.items()}


def policy_metrics(log_probs: Array, logits: Array, batch: Batch, config: Config) -> Metrics:
    """Entropy, ratio, clip fractions and gap: token means of the step, as sums of their parts.

    ``log_prob_gap`` is the mean of ``|log pi - log pi_behaviour|``.
    """
    token_mean = batch.weights["tokens"]
    behaviour = batch.behaviour_log_probs
    low, high = clip_fractions(log_probs, behaviour, batch.advantages, config.algorithm)
    observed = {
        "entropy": token_entropy(logits, config.rollout.temperature),
        "ratio": ratio(log_probs, behaviour),
        "clip_fraction_low": low.astype(token_mean.dtype),
        "clip_fraction_high": high.astype(token_mean.dtype),
        "log_prob_gap": np.abs(log_probs - behaviour),
    }
    return {name: float(weighted_sum(token_mean, values)) for name, values in observed.items()}
