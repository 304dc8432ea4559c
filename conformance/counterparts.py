"""The twins: which module of each backend is the same component, proven by types where mypy can and by
names where it cannot.

A function of a reference component has a namesake in the torch backend with the same parameters, or
stands in ``APART`` with the reason why it has none.
"""

import inspect
from types import ModuleType
from typing import Any

import reference.advantage
import reference.attention
import reference.generate
import reference.loss
import reference.model
import reference.moe
import reference.optimizer
import reference.precision
import scaled.advantage
import scaled.attention
import scaled.generate
import scaled.loss
import scaled.model
import scaled.moe
import scaled.optimizer
import scaled.precision
from conformance.reference_trace import ReferenceTracer
from conformance.scaled_trace import ScaledTracer
from conformance.trace import Tracer
from reference.backend import ReferenceBackend
from reference.backend import State as ReferenceState
from scaled.backend import ScaledBackend
from scaled.checkpoint import State as ScaledState
from spec.backend import Backend

COMPONENTS: dict[str, tuple[ModuleType, ModuleType]] = {
    "advantage": (reference.advantage, scaled.advantage),
    "attention": (reference.attention, scaled.attention),
    "generate": (reference.generate, scaled.generate),
    "loss": (reference.loss, scaled.loss),
    "model": (reference.model, scaled.model),
    "moe": (reference.moe, scaled.moe),
    "optimizer": (reference.optimizer, scaled.optimizer),
    "precision": (reference.precision, scaled.precision),
}

APART: dict[str, str] = {
    "attention.softmax": "torch has it",
    "model.hidden_states": (
        "the method Transformer.forward: weights live in modules that FSDP can shard"
    ),
    "model.initial_policy": "parallelize.fill, one weight at a time",
    "model.logits_of": "the method Transformer.read, in chunks",
    "model.positions_of": "stream.pack: positions restart with each document",
    "model.shift": "stream.pack: what is predicted stands where it is predicted from",
    "model.token_logits": "the method Transformer.forward",
    "model.token_values": "the method Transformer.values",
    "model.value_from_policy": "ScaledBackend.start_rl, shard by shard",
    "moe.dense_layer": "the module Swiglu",
    "moe.lines": "run_experts, with the loop it may prefer",
    "moe.moe_layer": "the module Moe",
    "moe.silu": "torch has it",
    "advantage.explained_variance": "a figure for people, computed once on the host",
}
"""Functions of the reference without a namesake, and why."""

OTHER_PARAMETERS: dict[str, str] = {
    "attention.attention": (
        "weights and rotation are given, not looked up by name; rows come as a plan of the stream"
    ),
    "attention.rotary": "cosines and sines are worked out once for all layers",
    "moe.dispatch": "this rank's experts and the ranks with the others",
    "moe.balance_loss": "tokens know their row; sums over the ranks that share it",
    "optimizer.adamw": "in place on shards, with the norm of all ranks",
    "optimizer.global_norm": "sums over all ranks",
    "optimizer.initial_optimizer": "moments of this rank's shards",
    "precision.compensated_scale": "the ranks with the other inputs besides",
    "precision.product": "the ranks with the other inputs besides",
    "precision.quantise": "the ranks with the other inputs besides",
    "precision.rollout_weights": "the mesh, whose tensor ranks hold different inputs",
    "precision.squared_error": "the ranks with the other inputs besides",
    "generate.generate": "this rank's slices, the mesh and the number of slots besides",
    "loss.token_log_probs": "targets stand where they are predicted from",
}
"""Namesakes that differ in their parameters, and why."""


def reference_fulfils(backend: ReferenceBackend) -> Backend[ReferenceState]:
    """mypy's proof that the reference is a backend."""
    return backend


def scaled_fulfils(backend: ScaledBackend) -> Backend[ScaledState]:
    """mypy's proof that the torch backend is a backend."""
    return backend


def tracers_fulfil(one: ReferenceTracer, other: ScaledTracer) -> tuple[Tracer, Tracer]:
    """mypy's proof that both can be questioned."""
    return one, other


def public_functions(module: ModuleType) -> dict[str, Any]:
    """Public functions that a module defines itself."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and not name.startswith("_")
        and value.__module__ == module.__name__
    }
