"""The torch backend: the contract of ``spec.backend`` on one process or many.

    gradient of a step = sum over ranks and micro-batches of gradient of sum_t w_t l_t

The weights w are fixed before the step is cut. Every rank calls every method with the same
arguments and gets the same result. A state is moved, not copied: the one that a method returns
shares the weights of the one it was given, and only the newest may be used.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from seed.scaled import checkpoint
from seed.scaled.advantage import decoupled_gae, group_advantages, token_rewards
from seed.scaled.checkpoint import State
from seed.scaled.generate import RolloutWorker, generate
from seed.scaled.loss import token_log_probs, truncated_importance
from seed.scaled.model import Readout, Transformer
from seed.scaled.objective import (
    LOSS_TERMS,
    Loss,
    forward,
    policy_loss,
    sft_loss,
    step_weights,
    value_loss,
)
from seed.scaled.optimizer import OptimizerState, adamw, global_norm, initial_optimizer
from seed.scaled.parallel.balance import spread
from seed.scaled.parallel.collectives import broadcast_object, sum_over
from seed.scaled.parallel.mesh import build as build_mesh
from seed.scaled.parallel.offload import Ledger, away, saved_activations, stay
from seed.scaled.parallel.packing import PackedSequences, pack
from seed.scaled.parallel.parallelize import Slices, build, fill, gradients_of, shards_of
from seed.scaled.precision import rollout_weights, sampling_type
from seed.scaled.processes.watchdog import phase
from seed.scaled.processes.world import World
from seed.spec.backend import WorkerPool
from seed.spec.config import Config
from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Array, Batch, Metrics, Request, Rollout, Sampling
from seed.spec.errors import Reason, SeedError
from seed.spec.initial import initial_weight
from seed.spec.layout import Layout
from seed.spec.sampler import SamplerSpec
from seed.spec.weight_source import Box, WeightSource
from seed.spec.weights import body_shapes, policy_shapes

Answer = TypeVar("Answer")
LossFunction = Callable[[Transformer, PackedSequences, dict[str, Tensor]], Loss]


class ScaledBackend:
    """Fulfils ``spec.backend.Backend[State]``."""

    name = "scaled"
    loss_terms = LOSS_TERMS

    def __init__(self, world: World, layout: Layout, device: torch.device) -> None:
        """Lay a model out.

        Args:
            world: The processes.
            layout: Degrees whose product is their number.
            device: Where this process computes.
        """
        self.world, self.mesh = world, build_mesh(layout, device)
        self.is_main_process = world.rank == 0
        self.worker_pool: WorkerPool | None = None
        self.ledger, self.counts_memory = Ledger(), False

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns or refuses at rank 0, the same on every rank."""
        if self.world.size == 1:
            return compute()
        answer: Any = None
        if self.is_main_process:
            try:
                answer = (compute(), None)
            except SeedError as error:
                answer = (None, (error.reason, error.line))
        value, error_of_rank_zero = broadcast_object(answer, self.mesh.world)
        if error_of_rank_zero is not None:
            raise SeedError(*error_of_rank_zero)
        return value

    def initial_state(self, config: Config) -> State:
        """The reference's random weights, zero optimizer moments, optimizer step 0."""
        shapes = policy_shapes(config.model)

        def drawn(name: str, box: Box) -> Array:
            return initial_weight(name, shapes[name], config.model, config.seed)[box]

        return self._initial(config, drawn)

    def initial_state_from(self, config: Config, directory: Path) -> State:
        """A checkpoint's policy, and its value model if the recipe has one; all else is initial."""
        with phase("restore"):
            return checkpoint.initial_from(
                config, directory, self.mesh, lambda model: moments(model, config)
            )

    def initial_state_of(self, config: Config, weights: WeightSource) -> State:
        """The weights of a source in the run's precision; this process reads only its part."""
        with phase("read weights"):
            return self._initial(config, weights.read)

    def value_model_of(self, state: State, config: Config, weights: WeightSource) -> State:
        """The state with a value model of these weights; this process reads only its part."""
        with phase("read weights"):
            value = build(config, self.mesh, is_value=True)
            fill(value, weights.read)
            return replace(state, value=value)

    def optimizer_step(self, state: State) -> int:
        """Optimizer steps that the policy has taken."""
        return state.optimizer_step

    def start_rl(self, state: State, config: Config) -> State:
        """Make the policy the reference policy and the value model's body; moments start anew."""
        value, reference_policy = state.value, None
        if config.uses_value_model and value is None:
            value = build(config, self.mesh, is_value=True)
            body, learned = body_shapes(config.model), shards_of(state.policy)
            for name, shard in shards_of(value).items():
                shard.copy_(learned[name] if name in body else torch.zeros_like(shard))
        if config.algorithm.kl_weight:
            reference_policy = self._copy(state.policy, config)
        value_moments = OptimizerState({}, {}, 0) if value is None else moments(value, config)
        return State(
            state.policy,
            value,
            reference_policy,
            moments(state.policy, config),
            value_moments,
            state.optimizer_step,
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
        with phase(f"generate ({purpose})"):
            weights = self.sampling_weights(state.policy, config, purpose)
            slots = config.parallel.rollout_slots
            spec = SamplerSpec(config.model, sampling, config.seed, purpose, state.optimizer_step)
            return generate(weights, spec, self.mesh, requests, slots)

    def rollout_worker(
        self, state: State, config: Config, slots: int, sampling: Sampling, purpose: str
    ) -> RolloutWorker:
        """Free slots that decode with the policy of a state, spread over the data ranks."""
        with phase(f"generate ({purpose})"):
            weights = self.sampling_weights(state.policy, config, purpose)
            positions = config.data.max_prompt_tokens + sampling.max_response_tokens
            spec = SamplerSpec(config.model, sampling, config.seed, purpose, state.optimizer_step)
            return RolloutWorker(weights, spec, self.mesh, slots, positions)

    def snapshot(self, state: State, config: Config) -> State:
        """A copy of the policy, without moments."""
        nothing = OptimizerState({}, {}, 0)
        policy = self._copy(state.policy, config)
        return State(policy, None, None, nothing, nothing, state.optimizer_step)

    def log_probs(
        self, state: State, config: Config, batch: Batch, reference_policy: bool = False
    ) -> Array:
        """Log-probability of each response token under the policy or the reference policy [B, S].

        It is 0 outside the response.
        """
        model = state.reference_policy if reference_policy else state.policy
        assert model is not None

        def readout(logits_pV: Tensor, targets_p: Tensor) -> Tensor:
            return token_log_probs(logits_pV, targets_p, config.rollout.temperature)

        with phase("log-probabilities"):
            return self._per_token(model, config, batch, readout)

    def values(self, state: State, config: Config, batch: Batch) -> Array:
        """V of the state before each response token [B, S]; 0 elsewhere."""
        assert state.value is not None
        with phase("values"):
            return self._per_token(state.value, config, batch, None)

    def advantages(self, state: State, config: Config, batch: Batch, rewards: Array) -> Batch:
        """The batch with policy advantages and, with a value model, old values and targets."""
        algorithm, response = config.algorithm, torch.from_numpy(batch.response)
        rewards_B = torch.from_numpy(np.asarray(rewards, dtype=np.float64))
        if not config.uses_value_model:
            group = torch.from_numpy(batch.group)
            per_response = group_advantages(rewards_B, group, algorithm.group_std)
            advantages = torch.where(response, per_response[:, None], 0.0)
            return replace(batch, advantages=advantages.numpy())
        values, truncated = self.values(state, config, batch), torch.from_numpy(batch.truncated)
        rewards_BS, values_BS = token_rewards(rewards_B, response), torch.from_numpy(values)
        advantages, targets = decoupled_gae(rewards_BS, values_BS, response, truncated, algorithm)
        return replace(
            batch, old_values=values, advantages=advantages.numpy(), value_targets=targets.numpy()
        )

    def split_ratio(self, state: State, config: Config, batch: Batch) -> Batch:
        """Split the ratio at the start of the step; see the contract."""
        cap, start = config.algorithm.importance_cap, self.log_probs(state, config, batch)
        behaviour = torch.from_numpy(batch.behaviour_log_probs)
        weight = truncated_importance(torch.from_numpy(start), behaviour, cap)
        importance = torch.where(torch.from_numpy(batch.response), weight, 1.0)
        return replace(batch, importance=importance.numpy(), behaviour_log_probs=start)

    def sft_step(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One supervised optimizer step: mean negative log-likelihood of the response tokens."""
        with phase("SFT step"):
            optimizer, metrics = self._step(
                state.policy,
                state.policy_optimizer,
                partial(sft_loss, batch=batch, config=config, mesh=self.mesh),
                batch,
                config,
                config.supervised.optimizer,
                config.supervised.steps,
            )
        return _with_policy_optimizer(state, optimizer), metrics

    def update_policy(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the policy on one mini-batch, over ranks and micro-batches."""
        if config.algorithm.kl_weight:
            reference = self.log_probs(state, config, batch, reference_policy=True)
            batch = replace(batch, reference_log_probs=reference)
        with phase("update policy"):
            optimizer, metrics = self._step(
                state.policy,
                state.policy_optimizer,
                partial(policy_loss, batch=batch, config=config, mesh=self.mesh),
                batch,
                config,
                config.policy_optimizer,
                config.updates,
            )
        return _with_policy_optimizer(state, optimizer), metrics

    def update_value(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the value model on one mini-batch, over ranks and micro-batches."""
        assert state.value is not None
        with phase("update value"):
            optimizer, metrics = self._step(
                state.value,
                state.value_optimizer,
                partial(value_loss, batch=batch, config=config),
                batch,
                config,
                config.value_optimizer,
                config.updates,
            )
        return replace(state, value_optimizer=optimizer), metrics

    def save(self, state: State, config: Config, progress: dict[str, Any], directory: Path) -> None:
        """Publish a checkpoint at once or not at all; any backend and layout reads it."""
        with phase("save"):
            checkpoint.save(state, config, progress, directory, self.is_main_process)
            self.on_rank_zero(lambda: None)  # no rank goes on before it is there

    def restore(self, config: Config, directory: Path) -> tuple[State, dict[str, Any]]:
        """Read a checkpoint of any backend and layout back, verified."""
        with phase("restore"):
            return checkpoint.restore(
                config, directory, self.mesh, lambda model: moments(model, config)
            )

    def micro_batches(self, batch: Batch, config: Config) -> list[PackedSequences]:
        """This rank's micro-batches of a batch: equally many on every rank, balanced by cost."""
        shares = spread(batch, config, self.mesh.data.size)
        return [
            pack(batch, rows, self.mesh, config.parallel.share_prompts)
            for rows in shares[self.mesh.data.rank]
        ]

    def _initial(self, config: Config, read: Callable[[str, Box], Array]) -> State:
        policy = build(config, self.mesh)
        fill(policy, read)
        return State(policy, None, None, moments(policy, config), OptimizerState({}, {}, 0), 0)

    def sampling_weights(
        self, policy: Transformer, config: Config, purpose: str
    ) -> dict[str, Tensor]:
        """This rank's slices as they are sampled with: never more than one in a wider type."""
        slices = Slices(policy, lambda name: sampling_type(name, config, purpose))
        return rollout_weights(slices, config, purpose, self.mesh)

    def _copy(self, policy: Transformer, config: Config) -> Transformer:
        copy = build(config, self.mesh)
        for shard, learned in zip(
            shards_of(copy).values(), shards_of(policy).values(), strict=True
        ):
            shard.copy_(learned)
        return copy

    def _per_token(
        self, model: Transformer, config: Config, batch: Batch, readout: Readout | None
    ) -> Array:
        cells = torch.zeros(batch.tokens.size, dtype=torch.float64, device=self.mesh.device)
        with torch.no_grad():
            for packed in self.micro_batches(batch, config):
                out, _ = forward(model, packed, config, readout)
                cells[packed.cells_p] = out.double()
        return sum_over(cells, self.mesh.world).cpu().numpy().reshape(batch.tokens.shape)

    def _step(
        self,
        model: Transformer,
        optimizer: OptimizerState,
        loss: LossFunction,
        batch: Batch,
        config: Config,
        optimizer_config: OptimizerConfig,
        total_steps: int,
    ) -> tuple[OptimizerState, Metrics]:
        weights = step_weights(batch, config, self.mesh.device)
        model.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        offload = config.parallel.activation_offload
        zero = torch.zeros((), dtype=torch.float64)
        for packed in self.micro_batches(batch, config):
            watches = offload or self.counts_memory
            with saved_activations(offload, self.ledger) if watches else nullcontext():
                total, observed = loss(model, packed, weights)
            total.backward()
            for name, value in observed.items():
                sums[name] = sums.get(name, zero) + value.double().cpu()
        gradient = gradients_of(model)
        norm = global_norm(gradient, self.mesh.world)
        if not np.isfinite(norm):
            raise SeedError(
                Reason.LOSS_NOT_FINITE,
                f"gradient norm is {norm} at optimizer step {optimizer.step}; no step taken",
            )
        optimizer = adamw(
            shards_of(model), gradient, optimizer, optimizer_config, total_steps, norm
        )
        model.zero_grad(set_to_none=True)
        of_rank = torch.stack(list(sums.values())).to(self.mesh.device)
        of_all = sum_over(of_rank, self.mesh.world).tolist()
        return optimizer, dict(zip(sums, of_all, strict=True)) | {"grad_norm": norm}


def _with_policy_optimizer(state: State, optimizer: OptimizerState) -> State:
    """The state after an optimizer step of the policy, whose weights were updated in place."""
    return replace(state, policy_optimizer=optimizer, optimizer_step=state.optimizer_step + 1)


def moments(model: Transformer, config: Config) -> OptimizerState:
    """Zero moments of a model's shards, on the device or off it."""
    place = away if config.parallel.optimizer_offload else stay
    state = initial_optimizer(shards_of(model))
    return OptimizerState(
        {name: place(x) for name, x in state.first.items()},
        {name: place(x) for name, x in state.second.items()},
        0,
    )
