"""The twins: which module of each backend is the same component, proven by types where mypy can and by
names where it cannot.

A function of a reference component has a namesake in the torch backend with the same parameters, or
stands in ``APART`` with the reason why it has none.
"""

import inspect
from types import ModuleType
from typing import Any

from seed.conformance.reference_trace import ReferenceTracer
from seed.conformance.scaled_trace import ScaledTracer
from seed.conformance.trace import Tracer
from seed.reference import advantage as reference_advantage
from seed.reference import attention as reference_attention
from seed.reference import generate as reference_generate
from seed.reference import loss as reference_loss
from seed.reference import model as reference_model
from seed.reference import moe as reference_moe
from seed.reference import optimizer as reference_optimizer
from seed.reference import precision as reference_precision
from seed.reference.backend import ReferenceBackend
from seed.reference.backend import State as ReferenceState
from seed.scaled import advantage as scaled_advantage
from seed.scaled import attention as scaled_attention
from seed.scaled import generate as scaled_generate
from seed.scaled import loss as scaled_loss
from seed.scaled import model as scaled_model
from seed.scaled import moe as scaled_moe
from seed.scaled import optimizer as scaled_optimizer
from seed.scaled import precision as scaled_precision
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State as ScaledState
from seed.spec.backend import Backend

COMPONENTS: dict[str, tuple[ModuleType, ModuleType]] = {
    "advantage": (reference_advantage, scaled_advantage),
    "attention": (reference_attention, scaled_attention),
    "generate": (reference_generate, scaled_generate),
    "loss": (reference_loss, scaled_loss),
    "model": (reference_model, scaled_model),
    "moe": (reference_moe, scaled_moe),
    "optimizer": (reference_optimizer, scaled_optimizer),
    "precision": (reference_precision, scaled_precision),
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
