"""The trace of the torch backend: hooks on modules, packed sequences put back in padded rows."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seed.conformance.traces import FP8_PURPOSE, Replay, Trace
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State
from seed.scaled.model import Block, Transformer
from seed.scaled.objective import forward, policy_loss, step_weights, value_loss
from seed.scaled.parallel.collectives import sum_over
from seed.scaled.parallel.packing import PackedSequences
from seed.scaled.parallel.parallelize import (
    gradients_of,
    local,
    named,
    put,
    shards_of,
    unsliced,
    wholes,
)
from seed.scaled.precision import Quantised, matrix, restored
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, IntArray


class ScaledTracer:
    """Fulfils ``conformance.traces.Tracer``; every method is collective."""

    def __init__(self, backend: ScaledBackend) -> None:
        self.backend = backend

    def forward(self, state: State, config: Config, batch: Batch, replay: Replay | None) -> Trace:
        """Outputs of attention and feed-forward layers, router logits, token logits, values."""
        traced: Trace = {"attention": {}, "moe": {}, "model": {}}
        rows = _Rows(batch, self.backend)
        with torch.no_grad(), ExitStack() as hooks:
            seen: dict[tuple[str, str], Tensor] = {}
            for layer, block in enumerate(state.policy.layers):
                assert isinstance(block, Block)
                hooks.enter_context(
                    _watch(block.attention, seen, ("attention", f"layer {layer}"), 0)
                )
                if block.is_moe:
                    hooks.enter_context(_watch(block.moe, seen, ("moe", f"layer {layer}"), 0))
                    hooks.enter_context(
                        _watch(block.moe, seen, ("moe", f"layer {layer} router logits"), 1)
                    )
                else:
                    hooks.enter_context(_watch(block.mlp, seen, ("moe", f"layer {layer}"), 0))
            for packed in self.backend.micro_batches(batch, config):
                logits, _ = forward(state.policy, packed, config, replay=_of_packed(replay, packed))
                for (component, name), value in seen.items():
                    rows.put(component, name, packed.own_cells_c, value[packed.own_places_c])
                rows.put("model", "logits", packed.cells_p, logits)
                if state.value is not None and replay is None:
                    values, _ = forward(state.value, packed, config)
                    rows.put("model", "values", packed.cells_p, values)
        for (component, name), array in rows.everywhere().items():
            traced[component][name] = array
        return traced

    def routes(self, state: State, config: Config, batch: Batch) -> list[IntArray]:
        """Expert ids per MoE layer [B, S, k]."""
        rows = _Rows(batch, self.backend)
        with torch.no_grad():
            for packed in self.backend.micro_batches(batch, config):
                _, decided = forward(state.policy, packed, config)
                for layer, ids in enumerate(decided.expert_ids):
                    rows.put("routes", str(layer), packed.own_cells_c, ids[packed.own_places_c])
        return [array.astype(np.int64) for array in rows.everywhere().values()]

    def gradients(
        self, state: State, config: Config, batch: Batch, replay: Replay | None
    ) -> dict[str, Array]:
        """Gradients by weight."""
        backend = self.backend
        if config.algorithm.kl_weight:
            batch = replace(
                batch,
                reference_log_probs=backend.log_probs(state, config, batch, reference_policy=True),
            )
        weights = step_weights(batch, config, backend.mesh.device)
        micro_batches = backend.micro_batches(batch, config)
        state.policy.zero_grad()
        for packed in micro_batches:
            given = _of_packed(replay, packed)
            policy_loss(state.policy, packed, weights, batch, config, backend.mesh, given)[
                0
            ].backward()
        gradients = _whole(state.policy, gradients_of(state.policy), "policy")
        state.policy.zero_grad()
        if state.value is not None and replay is None:
            for packed in micro_batches:
                value_loss(state.value, packed, weights, batch, config)[0].backward()
            gradients |= _whole(state.value, gradients_of(state.value), "value")
            state.value.zero_grad()
        return gradients

    def weights(self, state: State) -> dict[str, Array]:
        """All weights."""
        policy = _whole(state.policy, shards_of(state.policy), "policy")
        if state.value is None:
            return policy
        return policy | _whole(state.value, shards_of(state.value), "value")

    def published(self, state: State, config: Config) -> dict[str, Array]:
        """The quantised matrices, multiplied out and gathered."""
        weights = self.backend.sampling_weights(state.policy, config, FP8_PURPOSE)
        matrices = {name: matrix(weights, name) for name in weights}
        return {
            name: unsliced(name, restored(weight), self.backend.mesh).cpu().numpy()
            for name, weight in matrices.items()
            if isinstance(weight, Quantised)
        }

    def set_weights(self, state: State, weights: Mapping[str, Array]) -> None:
        """Set some weights in place, each rank its shards."""
        for path, array in weights.items():
            title, _, name = path.partition(" ")
            model = state.policy if title == "policy" else state.value
            assert model is not None
            weight = named(model)[name]
            put(local(weight.data), name, torch.from_numpy(array), model.mesh, weight)


class _Rows:
    """Arrays [B, S, ...] to which every rank and micro-batch writes its cells."""

    def __init__(self, batch: Batch, backend: ScaledBackend) -> None:
        self.shape, self.backend = batch.tokens.shape, backend
        self.cells: dict[tuple[str, str], Tensor] = {}

    def put(self, component: str, name: str, cells: Tensor, values: Tensor) -> None:
        """Write the values of some cells."""
        wide = values.double().flatten(1) if values.ndim > 1 else values.double()
        key = component, name
        if key not in self.cells:
            self.cells[key] = wide.new_zeros(self.shape[0] * self.shape[1], *wide.shape[1:])
        self.cells[key][cells] = wide

    def everywhere(self) -> dict[tuple[str, str], Array]:
        """The arrays with the cells of all ranks."""
        world = self.backend.mesh.world
        return {
            key: sum_over(x, world).cpu().numpy().reshape(*self.shape, *x.shape[1:])
            for key, x in self.cells.items()
        }


def _watch(
    module: torch.nn.Module, seen: dict[tuple[str, str], Tensor], key: tuple[str, str], index: int
) -> Any:
    """Keep an output of a module in every forward pass."""

    def hook(_: Any, __: Any, out: Any) -> None:
        seen[key] = out[index] if isinstance(out, tuple) else out

    return module.register_forward_hook(hook)


def _of_packed(replay: Replay | None, packed: PackedSequences) -> Sequence[Tensor] | None:
    """Expert ids of the packed tokens [n, k] per MoE layer."""
    if replay is None:
        return None
    of_packed = []
    for ids in replay:
        of_cells = torch.from_numpy(ids.reshape(-1, ids.shape[-1])).to(packed.tokens_n.device)
        # Filler goes to the experts of the first token; its output is never used.
        of_places = of_cells[:1].repeat(len(packed.tokens_n), 1)
        of_places[packed.own_places_c] = of_cells[packed.own_cells_c]
        of_packed.append(of_places)
    return of_packed


def _whole(model: Transformer, shards: dict[str, Tensor], title: str) -> dict[str, Array]:
    return {f"{title} {name}": full.double().cpu().numpy() for name, full in wholes(model, shards)}
