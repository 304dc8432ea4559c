"""What an optimizer step minimises: the weights of all tokens, the terms of each loss.

    L = sum over ranks, micro-batches and tokens of w_t l_t

Every rank computes the weights w for the whole step. A function here sees one micro-batch of one
rank. It returns this rank's part of the sum and of every metric. Nothing is averaged, so the parts
of all ranks and micro-batches add up to what the reference computes at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from seed.scaled.loss import (
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
from seed.scaled.model import Readout, RouterTrace, Transformer, cast
from seed.scaled.moe import balance_loss, z_loss
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.parallel.packing import PackedSequences
from seed.scaled.precision import COMPUTE
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch

LOSS_TERMS: tuple[str, ...] = ("kl", "positive", "load_balance", "router_z")
"""Optional terms of the policy's loss; ``algorithm.TERM_weight`` is the coefficient of each."""

Loss = tuple[Tensor, dict[str, Tensor]]
"""A sum to be differentiated, and metrics that are sums as well."""


def step_weights(batch: Batch, config: Config, device: torch.device) -> dict[str, Tensor]:
    """Token weights [B, S] of every loss term over one whole optimizer step, coefficients included.

    The terms are those of the reference. Router terms are means over all real tokens and stand at
    the token itself; all others stand at the token that is predicted.
    """

    def tensor(array: Any) -> Tensor:
        return torch.from_numpy(array).to(device)

    algorithm = config.algorithm
    response, group, importance = map(tensor, (batch.response, batch.group, batch.importance))
    trained = response
    if algorithm.overlong_filter:
        trained = trained & ~tensor(batch.truncated)[:, None]
    if algorithm.newest_segment_only:
        trained = trained & tensor(batch.current)
    limit = float(config.rollout.max_response_tokens)
    mean = token_weights(trained, group, algorithm.aggregation, limit)
    positive = response & tensor(batch.positive)[:, None]
    real = torch.arange(batch.tokens.shape[1], device=device) < tensor(batch.lengths)[:, None]
    router = token_weights(real, group, "token")
    weights = {
        # A weight of 0 stays 0 whatever the importance is: it may be infinite there.
        "surrogate": mean * torch.where(mean != 0.0, importance, 0.0),
        "kl": algorithm.kl_weight * mean,
        "positive": algorithm.positive_weight * token_weights(positive, group, "token"),
        "tokens": token_weights(response, group, "token"),
        "load_balance": algorithm.load_balance_weight * router,
        "router_z": algorithm.router_z_weight * router,
    }
    always = ("surrogate", "tokens")
    return {name: weight for name, weight in weights.items() if name in always or weight.any()}


def forward(
    model: Transformer,
    packed: PackedSequences,
    config: Config,
    readout: Readout | None = None,
    replay: Sequence[Tensor] | None = None,
) -> tuple[Tensor, RouterTrace]:
    """Run a model in the configured precision; other arguments as for ``Transformer.forward``.

    FSDP casts the weights it gathers. In one process they are cast as part of the graph, so that
    gradients arrive in the precision of the master weights: here those outside of the blocks,
    which cast their own (``Transformer.run``).
    """
    compute = COMPUTE[config.precision]
    if model.mesh.world.size > 1 or model.embedding.dtype == compute:
        return model(packed, readout, replay)
    outer = cast(model.named_parameters(recurse=False), compute)
    return functional_call(model, outer, (packed, readout, replay))


def policy_loss(
    model: Transformer,
    packed: PackedSequences,
    weights: dict[str, Tensor],
    batch: Batch,
    config: Config,
    mesh: Mesh,
    replay: Sequence[Tensor] | None = None,
) -> Loss:
    """All terms of the policy's loss on this rank's part of a micro-batch, and its metrics.

    Source: VAPO eq. 10 and the switches of ``AlgorithmConfig``.
    """
    algorithm, temperature = config.algorithm, config.rollout.temperature

    def readout(logits_pV: Tensor, targets_p: Tensor) -> Tensor:
        entropy_p = token_entropy(logits_pV.detach(), temperature)
        return torch.stack([token_log_probs(logits_pV, targets_p, temperature), entropy_p], 1)

    out_p2, trace = forward(model, packed, config, readout, replay)
    log_probs, entropy = out_p2[:, 0], out_p2[:, 1].detach()
    behaviour, advantages, reference_log_probs = (
        packed.take(_response_only(values, batch, log_probs))
        for values in (batch.behaviour_log_probs, batch.advantages, batch.reference_log_probs)
    )
    taken = {name: packed.take(weight).to(log_probs.dtype) for name, weight in weights.items()}
    surrogate = clipped_surrogate(log_probs, behaviour, advantages, algorithm)
    terms = {"surrogate": weighted_sum(taken["surrogate"], surrogate)}
    if "positive" in weights:
        terms["positive"] = weighted_sum(taken["positive"], -log_probs)
    if "kl" in weights:
        penalty = kl_penalty(log_probs, reference_log_probs, algorithm.kl_estimator)
        terms["kl"] = weighted_sum(taken["kl"], penalty)
    terms |= router_terms(trace, packed, weights, mesh)
    plain, mean = log_probs.detach(), taken["tokens"]
    low, high = clip_fractions(plain, behaviour, advantages, algorithm)
    observed = {
        "entropy": entropy,
        "ratio": ratio(plain, behaviour),
        "clip_fraction_low": low.to(mean.dtype),
        "clip_fraction_high": high.to(mean.dtype),
        "log_prob_gap": (plain - behaviour).abs(),
    }
    means = {name: weighted_sum(mean, values) for name, values in observed.items()}
    return _total(terms), _term_metrics(terms) | means


def sft_loss(
    model: Transformer,
    packed: PackedSequences,
    weights: dict[str, Tensor],
    batch: Batch,
    config: Config,
    mesh: Mesh,
) -> Loss:
    """Token mean of ``-log pi(a_t)`` over demonstrations, plus the router terms."""

    def readout(logits_pV: Tensor, targets_p: Tensor) -> Tensor:
        return token_log_probs(logits_pV, targets_p, 1.0)

    log_probs, trace = forward(model, packed, config, readout)
    terms = {"nll": weighted_sum(packed.take(weights["tokens"]).to(log_probs.dtype), -log_probs)}
    terms |= router_terms(trace, packed, weights, mesh)
    return _total(terms), _term_metrics(terms)


def value_loss(
    model: Transformer,
    packed: PackedSequences,
    weights: dict[str, Tensor],
    batch: Batch,
    config: Config,
) -> Loss:
    """Token mean of ``1/2 (V - target)^2``."""
    values, _ = forward(model, packed, config)
    old_values, targets = (
        packed.take(_response_only(array, batch, values))
        for array in (batch.old_values, batch.value_targets)
    )
    error = value_error(values, old_values, targets, config.algorithm.value_clip)
    loss = weighted_sum(packed.take(weights["tokens"]).to(values.dtype), error)
    return loss, {"loss": loss.detach()}


def router_terms(
    trace: RouterTrace, packed: PackedSequences, weights: dict[str, Tensor], mesh: Mesh
) -> dict[str, Tensor]:
    """Load-balance and z loss, summed over MoE layers, if switched on."""

    def of_rows(outputs: Tensor) -> Tensor:
        """A router's outputs token by token of the batch's rows; a shared prompt's once per row."""
        return outputs.index_select(0, packed.own_places_c)

    terms: dict[str, Tensor] = {}
    if "load_balance" in weights:
        B, S = weights["load_balance"].shape
        own, row_c = packed.take_own(weights["load_balance"]), packed.own_cells_c // S
        layers = [
            balance_loss(
                *(of_rows(logits), of_rows(ids), own.to(logits.dtype), row_c, B, mesh.sequence),
                trace.kind,
            )
            for logits, ids in zip(trace.logits, trace.expert_ids, strict=True)
        ]
        terms["load_balance"] = torch.stack(layers).sum()
    if "router_z" in weights:
        own = packed.take_own(weights["router_z"])
        layers = [z_loss(of_rows(logits), own.to(logits.dtype)) for logits in trace.logits]
        terms["router_z"] = torch.stack(layers).sum()
    return terms


def _total(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


def _term_metrics(terms: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"loss_{name}": term.detach() for name, term in terms.items()}


def _response_only(values: Array, batch: Batch, like: Tensor) -> Tensor:
    """An array of the batch as a tensor, 0 outside the response: 0 times NaN would be NaN."""
    return torch.from_numpy(np.where(batch.response, values, 0.0)).to(like.device, like.dtype)
