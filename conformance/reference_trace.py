"""The trace of the reference: its components one by one, on padded rows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seed.conformance.traces import FP8_PURPOSE, Replay, Trace
from seed.reference.attention import attention, rms_norm
from seed.reference.backend import ReferenceBackend, accumulate
from seed.reference.checkpoint import State
from seed.reference.model import hidden_states, positions_of, token_logits, token_values
from seed.reference.moe import dense_layer, moe_layer
from seed.reference.objective import policy_loss, step_weights, value_loss
from seed.reference.precision import Quantised, matrix, restored, rollout_weights
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, IntArray, Metrics, Params


class ReferenceTracer:
    """Fulfils ``conformance.traces.Tracer``."""

    def __init__(self) -> None:
        self.backend = ReferenceBackend()

    def forward(self, state: State, config: Config, batch: Batch, replay: Replay | None) -> Trace:
        """Outputs of attention and feed-forward layers, router logits, token logits, values."""
        model, params = config.model, state.policy
        B, S = batch.tokens.shape
        real_BS = np.arange(S) < batch.lengths[:, None]

        def real(array: Array) -> Array:
            rows = np.asarray(array).reshape(B, S, -1)
            return np.where(real_BS[:, :, None], rows, 0.0)

        traced: Trace = {"attention": {}, "moe": {}, "model": {}}
        positions = positions_of(batch.tokens)
        x_ND = params["embedding"][batch.tokens.reshape(-1)]
        for layer in range(model.layers):
            prefix = f"layers.{layer}."
            normed = rms_norm(x_ND, params[prefix + "attention_norm"], model.norm_epsilon)
            out = attention(params, prefix + "attention.", normed, positions, model, None)
            traced["attention"][f"layer {layer}"] = real(out)
            x_ND = x_ND + out
            normed = rms_norm(x_ND, params[prefix + "feed_forward_norm"], model.norm_epsilon)
            if layer < model.dense_layers:
                out = dense_layer(params, prefix + "mlp.", normed)
            else:
                ids = None if replay is None else replay[layer - model.dense_layers]
                given = None if ids is None else ids.reshape(B * S, -1)
                out, logits, _ = moe_layer(params, prefix + "moe.", normed, model, given)
                traced["moe"][f"layer {layer} router logits"] = real(logits)
            traced["moe"][f"layer {layer}"] = real(out)
            x_ND = x_ND + out
        logits, _ = (
            token_logits(params, batch.tokens, model)
            if replay is None
            else self._replayed(params, config, batch, replay)
        )
        traced["model"]["logits"] = np.where(batch.response[:, :, None], logits, 0.0)
        if state.value and replay is None:
            values = token_values(state.value, batch.tokens, model)
            traced["model"]["values"] = np.where(batch.response, values, 0.0)
        return traced

    def routes(self, state: State, config: Config, batch: Batch) -> list[IntArray]:
        """Expert ids per MoE layer [B, S, k]."""
        _, decided = token_logits(state.policy, batch.tokens, config.model)
        return [ids.reshape(*batch.tokens.shape, -1) for ids in decided.expert_ids]

    def gradients(
        self, state: State, config: Config, batch: Batch, replay: Replay | None
    ) -> dict[str, Array]:
        """Gradients by weight."""
        if replay is not None:
            raise ValueError("gradients of the reference use its own routing")
        batch = replace(batch, weights=step_weights(batch, config))
        if "kl" in batch.weights:
            batch = replace(
                batch,
                reference_log_probs=self.backend.log_probs(
                    state, config, batch, reference_policy=True
                ),
            )

        def of_policy(params: Params, part: Batch) -> tuple[Any, Metrics]:
            return policy_loss(params, part, config)

        def of_value(params: Params, part: Batch) -> tuple[Any, Metrics]:
            return value_loss(params, part, config)

        gradient, _ = accumulate(of_policy, state.policy, batch, config.algorithm.micro_batch)
        gradients = {f"policy {name}": g for name, g in gradient.items()}
        if state.value:
            gradient, _ = accumulate(of_value, state.value, batch, config.algorithm.micro_batch)
            gradients |= {f"value {name}": g for name, g in gradient.items()}
        return gradients

    def weights(self, state: State) -> dict[str, Array]:
        """All weights."""
        policy = {f"policy {name}": weight for name, weight in state.policy.items()}
        return policy | {f"value {name}": weight for name, weight in state.value.items()}

    def published(self, state: State, config: Config) -> dict[str, Array]:
        """The quantised matrices, multiplied out."""
        weights = rollout_weights(state.policy, config, FP8_PURPOSE)
        matrices = {name: matrix(weights, name) for name in weights}
        return {
            name: restored(weight)
            for name, weight in matrices.items()
            if isinstance(weight, Quantised)
        }

    def set_weights(self, state: State, weights: Mapping[str, Array]) -> None:
        """Set some weights in place."""
        for path, array in weights.items():
            title, _, name = path.partition(" ")
            params = state.policy if title == "policy" else state.value
            params[name] = array.astype(params["final_norm"].dtype)

    def _replayed(
        self, params: Params, config: Config, batch: Batch, replay: Replay
    ) -> tuple[Array, None]:
        B, S = batch.tokens.shape
        flat = [ids.reshape(B * S, -1) for ids in replay]
        hidden_ND, _ = hidden_states(
            params, batch.tokens, positions_of(batch.tokens), config.model, replay=flat
        )
        head_DV = params["embedding"].T if config.model.tied_embeddings else params["head"]
        after = (hidden_ND @ head_DV).reshape(B, S, -1)
        return np.concatenate([np.zeros_like(after[:, :1]), after[:, :-1]], axis=1), None
