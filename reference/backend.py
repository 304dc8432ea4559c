"""The NumPy backend: weights and moments as values, gradients by autograd, micro-batches summed.

    gradient of a step = sum over micro-batches of gradient of sum_t w_t l_t

The weights w are fixed before the step is cut.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from autograd import value_and_grad

from seed.reference import checkpoint
from seed.reference.advantage import decoupled_gae, group_advantages, token_rewards
from seed.reference.checkpoint import State
from seed.reference.generate import RolloutWorker, generate
from seed.reference.loss import token_log_probs, truncated_importance
from seed.reference.model import initial_policy, token_logits, token_values, value_from_policy
from seed.reference.objective import (
    LOSS_TERMS,
    Loss,
    policy_loss,
    sft_loss,
    step_weights,
    value_loss,
)
from seed.reference.optimizer import OptimizerState, adamw, global_norm, initial_optimizer
from seed.reference.precision import rollout_weights
from seed.spec.config import Config
from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Array, Batch, IntArray, Metrics, Params, Request, Rollout, Sampling
from seed.spec.errors import Reason, SeedError
from seed.spec.sampler import SamplerSpec
from seed.spec.weight_source import WeightSource
from seed.spec.weights import policy_shapes, value_shapes

Answer = TypeVar("Answer")
LossFunction = Callable[[Params, Batch], Loss]


class ReferenceBackend:
    """Fulfils ``spec.backend.Backend[State]``."""

    name = "reference"
    loss_terms = LOSS_TERMS
    is_main_process = True
    worker_pool = None

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns: there is one process."""
        return compute()

    def initial_state(self, config: Config) -> State:
        """Random weights, zero optimizer moments, optimizer step 0."""
        policy = initial_policy(config.model, config.seed, config.precision)
        return State(policy, {}, {}, initial_optimizer(policy), initial_optimizer({}), 0)

    def initial_state_from(self, config: Config, directory: Path) -> State:
        """A checkpoint's policy, and its value model if the recipe has one; all else is initial."""
        return checkpoint.initial_from(config, directory)

    def initial_state_of(self, config: Config, weights: WeightSource) -> State:
        """The weights of a source in the run's precision; all else is initial."""
        policy = {
            name: weights.read(name).astype(config.precision)
            for name in policy_shapes(config.model)
        }
        return State(policy, {}, {}, initial_optimizer(policy), initial_optimizer({}), 0)

    def value_model_of(self, state: State, config: Config, weights: WeightSource) -> State:
        """The state with a value model of these weights in the run's precision."""
        value = {
            name: weights.read(name).astype(config.precision) for name in value_shapes(config.model)
        }
        return replace(state, value=value)

    def optimizer_step(self, state: State) -> int:
        """Optimizer steps that the policy has taken."""
        return state.optimizer_step

    def start_rl(self, state: State, config: Config) -> State:
        """Make the policy the reference policy and the value model's body; moments start anew."""
        value = state.value
        if config.uses_value_model and not value:
            value = value_from_policy(state.policy, config.model)
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
        spec = SamplerSpec(config.model, sampling, config.seed, purpose, state.optimizer_step)
        return generate(rollout_weights(state.policy, config, purpose), spec, requests)

    def rollout_worker(
        self, state: State, config: Config, slots: int, sampling: Sampling, purpose: str
    ) -> RolloutWorker:
        """Free slots that decode with the policy of a state."""
        positions = config.data.max_prompt_tokens + sampling.max_response_tokens
        policy = rollout_weights(state.policy, config, purpose)
        spec = SamplerSpec(config.model, sampling, config.seed, purpose, state.optimizer_step)
        return RolloutWorker(policy, spec, slots, positions)

    def snapshot(self, state: State, config: Config) -> State:
        """The policy alone: a state is a value, which no update changes."""
        nothing = initial_optimizer({})
        return State(state.policy, {}, {}, nothing, nothing, state.optimizer_step)

    def log_probs(
        self, state: State, config: Config, batch: Batch, reference_policy: bool = False
    ) -> Array:
        """Log-probability of each response token under the policy or the reference policy [B, S].

        It is 0 outside the response.
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
        """The batch with policy advantages and, with a value model, old values and targets."""
        algorithm = config.algorithm
        if not config.uses_value_model:
            per_response = group_advantages(rewards, batch.group, algorithm.group_std)
            return replace(batch, advantages=np.where(batch.response, per_response[:, None], 0.0))
        rewards_BS = token_rewards(rewards, batch.response)
        values = self.values(state, config, batch)
        advantages, targets = decoupled_gae(
            rewards_BS, values, batch.response, batch.truncated, algorithm
        )
        return replace(batch, old_values=values, advantages=advantages, value_targets=targets)

    def split_ratio(self, state: State, config: Config, batch: Batch) -> Batch:
        """Split the ratio at the start of the step; see the contract."""
        cap, start = config.algorithm.importance_cap, self.log_probs(state, config, batch)
        weight = truncated_importance(start, batch.behaviour_log_probs, cap)
        importance = np.where(batch.response, weight, 1.0)
        return replace(batch, importance=importance, behaviour_log_probs=start)

    def sft_step(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One supervised optimizer step: mean negative log-likelihood of the response tokens."""
        policy, optimizer, metrics = self._step(
            state.policy,
            state.policy_optimizer,
            partial(sft_loss, config=config),
            batch,
            config,
            config.supervised.optimizer,
            config.supervised.steps,
        )
        return _with_policy(state, policy, optimizer), metrics

    def update_policy(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the policy on one mini-batch; micro-batches change no result."""
        if config.algorithm.kl_weight:
            reference = self.log_probs(state, config, batch, reference_policy=True)
            batch = replace(batch, reference_log_probs=reference)
        policy, optimizer, metrics = self._step(
            state.policy,
            state.policy_optimizer,
            partial(policy_loss, config=config),
            batch,
            config,
            config.policy_optimizer,
            config.updates,
        )
        return _with_policy(state, policy, optimizer), metrics

    def update_value(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the value model on a mini-batch; micro-batches change no result."""
        value, optimizer, metrics = self._step(
            state.value,
            state.value_optimizer,
            partial(value_loss, config=config),
            batch,
            config,
            config.value_optimizer,
            config.updates,
        )
        return replace(state, value=value, value_optimizer=optimizer), metrics

    def save(self, state: State, config: Config, progress: dict[str, Any], directory: Path) -> None:
        """Publish a checkpoint at once or not at all."""
        checkpoint.save(state, config, progress, directory)

    def restore(self, config: Config, directory: Path) -> tuple[State, dict[str, Any]]:
        """Read a checkpoint back, verified; state and progress are bit-equal to what was saved."""
        return checkpoint.restore(config, directory)

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
        # The weights are fixed before the step is cut, so no term depends on the micro-batch size.
        batch = replace(batch, weights=step_weights(batch, config))
        gradient, metrics = accumulate(loss, params, batch, config.algorithm.micro_batch)
        norm = global_norm(gradient)
        if not np.isfinite(norm):
            raise SeedError(
                Reason.LOSS_NOT_FINITE,
                f"gradient norm is {norm} at optimizer step {optimizer.step}; no step taken",
            )
        params, optimizer = adamw(params, gradient, optimizer, optimizer_config, total_steps, norm)
        return params, optimizer, metrics | {"grad_norm": norm}


def _with_policy(state: State, policy: Params, optimizer: OptimizerState) -> State:
    """The state after an optimizer step of the policy."""
    steps = state.optimizer_step + 1
    return replace(state, policy=policy, policy_optimizer=optimizer, optimizer_step=steps)


def micro_batches(batch: Batch, size: int) -> list[IntArray]:
    """Cut the rows of a batch into parts of at most ``size``, similar lengths together.

    So little of a part is padding.
    """
    by_length = np.argsort(batch.lengths, kind="stable")
    return [by_length[start : start + size] for start in range(0, len(by_length), size)]


def per_token(compute: Callable[[Batch], Array], batch: Batch, micro_batch: int) -> Array:
    """A per-token function [b, s] over the micro-batches of a batch, put together again [B, S]."""
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
