"""The NumPy reference's face: weights and moments as values, gradients by autograd, micro-batches
summed.

gradient of a step = sum over micro-batches of gradient of sum_t w_t l_t,   w fixed before the cut
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from autograd import value_and_grad
from autograd.tracer import getval

from seed.reference.advantage import decoupled_gae, group_advantages, token_rewards
from seed.reference.generate import RolloutWorker, generate
from seed.reference.loss import (
    clip_fractions,
    clipped_surrogate,
    kl_penalty,
    ratio,
    token_entropy,
    token_log_probs,
    value_error,
    weighted_sum,
)
from seed.reference.model import (
    RouterTrace,
    initial_policy,
    token_logits,
    token_values,
    value_from_policy,
)
from seed.reference.moe import balance_loss, z_loss
from seed.reference.optimizer import OptimizerState, adamw, global_norm, initial_optimizer
from seed.reference.precision import rollout_weights
from seed.reference.training.batch import step_weights
from seed.spec import checkpoint_format as checkpoint
from seed.spec.config import Config
from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Array, Batch, IntArray, Metrics, Params, Request, Rollout, Sampling
from seed.spec.errors import Reason, SeedError

Answer = TypeVar("Answer")
LossFunction = Callable[[Params, Batch], tuple[Any, Metrics]]


@dataclass(frozen=True)
class State:
    """Everything that learns.

    Attributes:
        policy: Weights of the policy.
        value: Weights of the value model; empty before RL and for critic-free recipes.
        reference_policy: The policy that RL started from, for the KL term; empty if the term is off.
        policy_optimizer: Moments of the policy.
        value_optimizer: Moments of the value model.
        optimizer_step: Optimizer steps the policy has taken; recorded with every sampled token.
    """

    policy: Params
    value: Params
    reference_policy: Params
    policy_optimizer: OptimizerState
    value_optimizer: OptimizerState
    optimizer_step: int


class ReferenceBackend:
    """Fulfils ``spec.backend.Backend[State]``."""

    name = "reference"
    is_main_process = True
    worker_pool = None

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns: there is one process."""
        return compute()

    def initial_state(self, config: Config) -> State:
        """Random weights, zero optimizer moments, optimizer_step 0."""
        policy = initial_policy(config.model, config.seed, config.precision)
        return State(policy, {}, {}, initial_optimizer(policy), initial_optimizer({}), 0)

    def optimizer_step(self, state: State) -> int:
        """Optimizer steps that the policy has taken."""
        return state.optimizer_step

    def start_rl(self, state: State, config: Config) -> State:
        """Start RL from the policy as it is: it becomes the reference policy and the value model's body;
        moments start anew.
        """
        value = value_from_policy(state.policy, config.model) if config.uses_value_model else {}
        return State(
            policy=state.policy,
            value=value,
            reference_policy=dict(state.policy) if config.algorithm.kl_weight else {},
            policy_optimizer=initial_optimizer(state.policy),
            value_optimizer=initial_optimizer(value),
            optimizer_step=state.optimizer_step,
        )

    def generate(
        self,
        state: State,
        config: Config,
        requests: Sequence[Request],
        sampling: Sampling,
        purpose: str,
    ) -> list[Rollout]:
        """One rollout per request, in their order, each independent of the others in the list."""
        policy = rollout_weights(state.policy, config, purpose)
        return generate(
            policy, config.model, requests, sampling, config.seed, purpose, state.optimizer_step
        )

    def rollout_worker(
        self, state: State, config: Config, slots: int, sampling: Sampling, purpose: str
    ) -> RolloutWorker:
        """Free slots that decode with the policy of a state."""
        positions = config.data.max_prompt_tokens + sampling.max_response_tokens
        policy = rollout_weights(state.policy, config, purpose)
        return RolloutWorker(
            policy,
            config.model,
            slots,
            positions,
            sampling,
            config.seed,
            purpose,
            state.optimizer_step,
        )

    def snapshot(self, state: State, config: Config) -> State:
        """The policy alone: a state is a value, which no update changes."""
        return State(
            state.policy, {}, {}, initial_optimizer({}), initial_optimizer({}), state.optimizer_step
        )

    def log_probs(
        self, state: State, config: Config, batch: Batch, reference_policy: bool = False
    ) -> Array:
        """Log-probability of each response token under the policy, or under the reference policy [B, S]; 0
        elsewhere.
        """
        params = state.reference_policy if reference_policy else state.policy

        def compute(part: Batch) -> Array:
            logits, _ = token_logits(params, part.tokens, config.model)
            return token_log_probs(logits, part.tokens, config.rollout.temperature)

        return per_token(compute, batch, config.algorithm.micro_batch)

    def values(self, state: State, config: Config, batch: Batch) -> Array:
        """V of the state before each response token [B, S]; 0 elsewhere."""

        def compute(part: Batch) -> Array:
            return token_values(state.value, part.tokens, config.model)

        return per_token(compute, batch, config.algorithm.micro_batch)

    def advantages(self, state: State, config: Config, batch: Batch, rewards: Array) -> Batch:
        """The batch with policy advantages and, where there is a value model, old values and value
        targets.
        """
        if not config.uses_value_model:
            per_response = group_advantages(rewards, batch.group, config.algorithm.group_std)
            return replace(batch, advantages=np.where(batch.response, per_response[:, None], 0.0))
        values = self.values(state, config, batch)
        advantages, targets = decoupled_gae(
            token_rewards(rewards, batch.response),
            values,
            batch.response,
            batch.truncated,
            config.algorithm,
        )
        return replace(batch, old_values=values, advantages=advantages, value_targets=targets)

    def sft_step(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One supervised optimizer step: mean negative log-likelihood of the response tokens."""
        batch = replace(batch, weights=step_weights(batch, config))

        def loss(params: Params, part: Batch) -> tuple[Any, Metrics]:
            return sft_loss(params, part, config)

        policy, optimizer, metrics = self._step(
            state.policy,
            state.policy_optimizer,
            loss,
            batch,
            config,
            config.supervised.optimizer,
            config.supervised.steps,
        )
        return (
            replace(
                state,
                policy=policy,
                policy_optimizer=optimizer,
                optimizer_step=state.optimizer_step + 1,
            ),
            metrics,
        )

    def update_policy(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the policy on one mini-batch, in micro-batches that do not change
        the result.
        """
        batch = replace(batch, weights=step_weights(batch, config))
        if "kl" in batch.weights:
            batch = replace(
                batch,
                reference_log_probs=self.log_probs(state, config, batch, reference_policy=True),
            )

        def loss(params: Params, part: Batch) -> tuple[Any, Metrics]:
            return policy_loss(params, part, config)

        policy, optimizer, metrics = self._step(
            state.policy,
            state.policy_optimizer,
            loss,
            batch,
            config,
            config.policy_optimizer,
            config.updates,
        )
        return (
            replace(
                state,
                policy=policy,
                policy_optimizer=optimizer,
                optimizer_step=state.optimizer_step + 1,
            ),
            metrics,
        )

    def update_value(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the value model on one mini-batch, in micro-batches that do not
        change the result.
        """
        batch = replace(batch, weights=step_weights(batch, config))

        def loss(params: Params, part: Batch) -> tuple[Any, Metrics]:
            return value_loss(params, part, config)

        value, optimizer, metrics = self._step(
            state.value,
            state.value_optimizer,
            loss,
            batch,
            config,
            config.value_optimizer,
            config.updates,
        )
        return replace(state, value=value, value_optimizer=optimizer), metrics

    def save(self, state: State, config: Config, progress: dict[str, Any], directory: Path) -> None:
        """Publish a checkpoint at once or not at all."""
        checkpoint.save(
            directory,
            checkpoint.flatten(state).items(),
            config,
            progress | {"optimizer_step": state.optimizer_step},
        )

    def restore(self, config: Config, directory: Path) -> tuple[State, dict[str, Any]]:
        """Read a checkpoint back, verified; state and progress are bit-equal to what was saved."""
        arrays, progress = checkpoint.load(directory, config)
        parts = checkpoint.unflatten(arrays)
        policy_optimizer, value_optimizer = (
            OptimizerState(
                parts.get(f"{name}.first", {}),
                parts.get(f"{name}.second", {}),
                int(progress["steps"][name]),
            )
            for name in ("policy_optimizer", "value_optimizer")
        )
        state = State(
            parts["policy"],
            parts.get("value", {}),
            parts.get("reference_policy", {}),
            policy_optimizer,
            value_optimizer,
            int(progress["optimizer_step"]),
        )
        return state, progress

    def _step(
        self,
        params: Params,
        optimizer: OptimizerState,
        loss: LossFunction,
        batch: Batch,
        config: Config,
        optimizer_config: OptimizerConfig,
        total_steps: int,
    ) -> tuple[Params, OptimizerState, Metrics]:
        gradient, metrics = accumulate(loss, params, batch, config.algorithm.micro_batch)
        norm = global_norm(gradient)
        if not np.isfinite(norm):
            raise SeedError(
                Reason.LOSS_NOT_FINITE,
                f"gradient norm is {norm} at optimizer step {optimizer.step}; no step taken",
            )
        params, optimizer = adamw(params, gradient, optimizer, optimizer_config, total_steps)
        return params, optimizer, metrics | {"grad_norm": norm}


def micro_batches(batch: Batch, size: int) -> list[IntArray]:
    """Cut the rows of a batch into parts of at most ``size``, similar lengths together so that
    little is padding.
    """
    by_length = np.argsort(batch.lengths, kind="stable")
    return [by_length[start : start + size] for start in range(0, len(by_length), size)]


def per_token(compute: Callable[[Batch], Array], batch: Batch, micro_batch: int) -> Array:
    """Run a per-token function [b, s] over the micro-batches of a batch and put the parts back in
    place [B, S].
    """
    out = np.zeros(batch.tokens.shape)
    for index in micro_batches(batch, micro_batch):
        part = batch.rows(index)
        out[index, : part.tokens.shape[1]] = np.where(part.response, compute(part), 0.0)
    return out


def accumulate(
    loss: LossFunction, params: Params, batch: Batch, micro_batch: int
) -> tuple[Params, Metrics]:
    """Gradient and metrics of a whole optimizer step, summed over micro-batches.

    Args:
        loss: Weighted sum of a part of the batch, and metrics that are sums as well.
        params: Weights.
        batch: All rows of the step with their weights.
        micro_batch: Rows per forward and backward pass.

    Returns:
        Gradient of ``sum_t w_t l_t`` over all rows, and the summed metrics. Independent of
        ``micro_batch``.
    """
    gradient: Params = {}
    metrics: Metrics = {}
    batch = cast(batch, params["final_norm"].dtype)
    for index in micro_batches(batch, micro_batch):
        part, seen = batch.rows(index), Metrics()

        def total(weights: Params, part: Batch = part, seen: Metrics = seen) -> Any:
            value, observed = loss(weights, part)
            seen.update(observed)
            return value

        _, part_gradient = value_and_grad(total)(params)
        gradient = {
            name: gradient[name] + g if gradient else g for name, g in part_gradient.items()
        }
        metrics = {name: metrics.get(name, 0.0) + value for name, value in seen.items()}
    return gradient, metrics


def cast(batch: Batch, dtype: "np.dtype[Any]") -> Batch:
    """Floating arrays of a batch in the model's precision, and 0 outside the response.

    A float64 weight would widen the whole backward pass. And a gradient multiplies by what stands
    at weight 0, where 0 times NaN is NaN, so what no response token owns is taken out before any
    arithmetic.
    """
    names = (
        "behaviour_log_probs",
        "advantages",
        "value_targets",
        "old_values",
        "reference_log_probs",
    )
    arrays = {
        name: np.where(batch.response, getattr(batch, name), 0.0).astype(dtype) for name in names
    }
    weights = {name: weight.astype(dtype) for name, weight in batch.weights.items()}
    return replace(batch, weights=weights, **arrays)


def policy_loss(params: Params, batch: Batch, config: Config) -> tuple[Any, Metrics]:
    """All terms of the policy's loss on one part of an optimizer step.

    Formula: ``sum_t w_t l_clip + mu w_t l_nll + kl w_t KL + balance + z`` (VAPO eq. 10 and the
    switches).

    Args:
        params: Policy weights.
        batch: Rows with the weights of the whole step.
        config: Sizes, temperature, clip bounds, switches.

    Returns:
        Scalar loss; metrics that add up over the parts of a step to token means.
    """
    algorithm, weights = config.algorithm, batch.weights
    logits, trace = token_logits(params, batch.tokens, config.model)
    log_probs = token_log_probs(logits, batch.tokens, config.rollout.temperature)
    surrogate = clipped_surrogate(log_probs, batch.behaviour_log_probs, batch.advantages, algorithm)
    terms = {"surrogate": weighted_sum(weights["surrogate"], surrogate)}
    if "positive" in weights:
        terms["positive"] = weighted_sum(weights["positive"], -log_probs)
    if "kl" in weights:
        terms["kl"] = weighted_sum(
            weights["kl"], kl_penalty(log_probs, batch.reference_log_probs, algorithm.kl_estimator)
        )
    terms |= router_terms(trace, batch)
    metrics = {f"loss_{name}": float(getval(term)) for name, term in terms.items()}
    plain_log_probs, plain_logits = np.asarray(getval(log_probs)), np.asarray(getval(logits))
    return sum(terms.values()), metrics | policy_metrics(
        plain_log_probs, plain_logits, batch, config
    )


def sft_loss(params: Params, batch: Batch, config: Config) -> tuple[Any, Metrics]:
    """Token mean of ``-log pi(a_t)`` over demonstrations, plus the router terms, on one part of an
    optimizer step.
    """
    logits, trace = token_logits(params, batch.tokens, config.model)
    terms = {
        "nll": weighted_sum(batch.weights["tokens"], -token_log_probs(logits, batch.tokens, 1.0))
    }
    terms |= router_terms(trace, batch)
    return sum(terms.values()), {
        f"loss_{name}": float(getval(term)) for name, term in terms.items()
    }


def router_terms(trace: RouterTrace, batch: Batch) -> dict[str, Any]:
    """Load-balance and z loss, summed over MoE layers, if switched on."""
    terms: dict[str, Any] = {}
    if "load_balance" in batch.weights:
        pairs = zip(trace.logits, trace.expert_ids, strict=True)
        terms["load_balance"] = sum(
            balance_loss(logits, ids, batch.weights["load_balance"]) for logits, ids in pairs
        )
    if "router_z" in batch.weights:
        terms["router_z"] = sum(
            z_loss(logits, batch.weights["router_z"]) for logits in trace.logits
        )
    return terms


def policy_metrics(log_probs: Array, logits: Array, batch: Batch, config: Config) -> Metrics:
    """Token means over the step, as sums that add up over its parts: entropy, ratio, clip
    fractions, log-prob gap.
    """
    token_mean = batch.weights["tokens"]
    low, high = clip_fractions(
        log_probs, batch.behaviour_log_probs, batch.advantages, config.algorithm
    )
    gap = np.abs(log_probs - batch.behaviour_log_probs)
    observed = {
        "entropy": token_entropy(logits, config.rollout.temperature),
        "ratio": ratio(log_probs, batch.behaviour_log_probs),
        "clip_fraction_low": low.astype(token_mean.dtype),
        "clip_fraction_high": high.astype(token_mean.dtype),
        "log_prob_gap": gap,
    }
    return {name: float(weighted_sum(token_mean, values)) for name, values in observed.items()}


def value_loss(params: Params, batch: Batch, config: Config) -> tuple[Any, Metrics]:
    """Token mean of ``1/2 (V - target)^2`` on one part of an optimizer step."""
    values = token_values(params, batch.tokens, config.model)
    error = value_error(values, batch.old_values, batch.value_targets, config.algorithm.value_clip)
    loss = weighted_sum(batch.weights["tokens"], error)
    return loss, {"loss": float(getval(loss))}
