"""The torch backend under questioning: hooks on its modules, and its streams brought back to padded
rows on every rank.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seed.conformance.trace import FP8_PURPOSE, Replay, Trace
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State
from seed.scaled.model import Block, Transformer
from seed.scaled.objective import forward, policy_loss, step_weights, value_loss
from seed.scaled.parallel.collectives import sum_over
from seed.scaled.parallel.packing import Stream
from seed.scaled.parallel.parallelize import (
    gradients_of,
    local,
    put,
    shards_of,
    slices_of,
    unsliced,
    wholes,
)
from seed.scaled.precision import Quantised, matrix, restored, rollout_weights
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, IntArray


class ScaledTracer:
    """Fulfils ``conformance.trace.Tracer``; every method is collective."""

    def __init__(self, backend: ScaledBackend) -> None:
        self.backend = backend

    def forward(self, state: State, config: Config, batch: Batch, replay: Replay | None) -> Trace:
        """Each layer's attention and feed-forward output, router logits, token logits and
        values.
        """
        found: Trace = {"attention": {}, "moe": {}, "model": {}}
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
            for stream in self.backend.streams(batch, config):
                logits, _ = forward(state.policy, stream, config, replay=_of_stream(replay, stream))
                for (component, name), value in seen.items():
                    rows.put(component, name, stream.own_cells_c, value[stream.own_places_c])
                rows.put("model", "logits", stream.cells_p, logits)
                if state.value is not None and replay is None:
                    values, _ = forward(state.value, stream, config)
                    rows.put("model", "values", stream.cells_p, values)
        for (component, name), array in rows.everywhere().items():
            found[component][name] = array
        return found

    def routes(self, state: State, config: Config, batch: Batch) -> list[IntArray]:
        """Expert ids per MoE layer [B, S, k]."""
        rows = _Rows(batch, self.backend)
        with torch.no_grad():
            for stream in self.backend.streams(batch, config):
                _, decided = forward(state.policy, stream, config)
                for layer, ids in enumerate(decided.expert_ids):
                    rows.put("routes", str(layer), stream.own_cells_c, ids[stream.own_places_c])
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
        streams = backend.streams(batch, config)
        state.policy.zero_grad()
        for stream in streams:
            given = _of_stream(replay, stream)
            policy_loss(state.policy, stream, weights, batch, config, backend.mesh, given)[
                0
            ].backward()
        found = _whole(state.policy, gradients_of(state.policy), "policy")
        state.policy.zero_grad()
        if state.value is not None and replay is None:
            for stream in streams:
                value_loss(state.value, stream, weights, batch, config)[0].backward()
            found |= _whole(state.value, gradients_of(state.value), "value")
            state.value.zero_grad()
        return found

    def weights(self, state: State) -> dict[str, Array]:
        """All weights."""
        found = _whole(state.policy, shards_of(state.policy), "policy")
        return (
            found
            if state.value is None
            else found | _whole(state.value, shards_of(state.value), "value")
        )

    def published(self, state: State, config: Config) -> dict[str, Array]:
        """The quantised matrices, multiplied out, with the slices of all ranks."""
        weights = rollout_weights(slices_of(state.policy), config, FP8_PURPOSE, self.backend.mesh)
        found = {name: matrix(weights, name) for name in weights}
        return {
            name: unsliced(name, restored(weight), self.backend.mesh).cpu().numpy()
            for name, weight in found.items()
            if isinstance(weight, Quantised)
        }

    def set_value_head(self, state: State, head: Array) -> None:
        """A new head in place, each rank its shard."""
        assert state.value is not None
        weight = state.value.value_head
        put(local(weight.data), "value_head", torch.from_numpy(head), state.value.mesh, weight)


class _Rows:
    """Arrays [B, S, ...] that ranks and micro-batches fill cell by cell."""

    def __init__(self, batch: Batch, backend: ScaledBackend) -> None:
        self.shape, self.backend = batch.tokens.shape, backend
        self.cells: dict[tuple[str, str], Tensor] = {}

    def put(self, component: str, name: str, cells: Tensor, values: Tensor) -> None:
        """Write what belongs to some cells."""
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
    module: torch.nn.Module, seen: dict[tuple[str, str], Tensor], key: tuple[str, str], place: int
) -> Any:
    def hook(_: Any, __: Any, out: Any) -> None:
        seen[key] = out[place] if isinstance(out, tuple) else out

    return module.register_forward_hook(hook)


def _of_stream(replay: Replay | None, stream: Stream) -> Sequence[Tensor] | None:
    if replay is None:
        return None
    of_stream = []
    for ids in replay:
        of_cells = torch.from_numpy(ids.reshape(-1, ids.shape[-1])).to(stream.tokens_n.device)
        of_places = of_cells[:1].repeat(
            len(stream.tokens_n), 1
        )  # filler goes where the first token goes; nobody reads it
        of_places[stream.own_places_c] = of_cells[stream.own_cells_c]
        of_stream.append(of_places)
    return of_stream


def _whole(model: Transformer, shards: dict[str, Tensor], title: str) -> dict[str, Array]:
    return {f"{title} {name}": full.double().cpu().numpy() for name, full in wholes(model, shards)}
