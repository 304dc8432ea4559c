"""Counterparts: a file at the top of ``reference`` and its namesake at the top of ``scaled``.

A public function of a reference module has a namesake in the torch backend with the same
parameters, or is listed in ``WITHOUT_COUNTERPART`` or ``DIFFERENT_PARAMETERS`` with the reason.
mypy proves that both backends and both tracers fulfil their protocols.
"""

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import seed.reference
from seed.conformance.reference_trace import ReferenceTracer
from seed.conformance.scaled_trace import ScaledTracer
from seed.conformance.traces import Tracer
from seed.reference.backend import ReferenceBackend
from seed.reference.checkpoint import State as ReferenceState
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State as ScaledState
from seed.spec.backend import Backend

COUNTERPARTS: dict[str, tuple[ModuleType, ModuleType]] = {
    path.stem: (
        import_module(f"seed.reference.{path.stem}"),
        import_module(f"seed.scaled.{path.stem}"),
    )
    for path in sorted(Path(seed.reference.__path__[0]).glob("*.py"))
    if path.stem != "__init__"
}
"""Name -> module of the reference and of the torch backend."""

WITHOUT_COUNTERPART: dict[str, str] = {
    "advantage.explained_variance": "a metric, computed once on the host",
    "attention.softmax": "torch has it",
    "backend.accumulate": "ScaledBackend._step, over ranks as well",
    "backend.cast": "objective.forward casts the model, objective._response_only the arrays",
    "backend.micro_batches": "the method ScaledBackend.micro_batches",
    "backend.per_token": "the method ScaledBackend._per_token",
    "model.hidden_states": "the method Transformer.forward: FSDP shards weights of modules",
    "model.initial_policy": "parallelize.fill, one weight at a time",
    "model.logits_of": "the method Transformer.read, in chunks",
    "model.positions_of": "packing.pack: positions restart with each sequence",
    "model.shift": "packing.pack: a target has the place from which it is predicted",
    "model.token_logits": "the method Transformer.forward",
    "model.token_values": "the method Transformer.values",
    "model.value_from_policy": "ScaledBackend.start_rl, shard by shard",
    "moe.dense_layer": "the module Swiglu",
    "moe.lines": "run_experts, with the loop that may be faster",
    "moe.moe_layer": "the module Moe",
    "moe.sigmoid": "torch has it",
    "moe.silu": "torch has it",
    "objective.policy_metrics": "policy_loss, which has the logits only inside its readout",
    "objective.term_metrics": "a private function",
}
"""Functions of the reference without a counterpart, and why."""

DIFFERENT_PARAMETERS: dict[str, str] = {
    "attention.attention": "weights and rotation, not names; rows are those of packed sequences",
    "attention.rotary": "cosines and sines are computed once for all layers",
    "checkpoint.initial_from": "also the mesh, and moments of this rank's shards",
    "checkpoint.restore": "also the mesh, and moments of this rank's shards",
    "checkpoint.save": "also whether this process writes",
    "generate.generate": "also the mesh and the number of slots",
    "loss.token_log_probs": "targets have the place from which they are predicted",
    "moe.balance_loss": "tokens know their row; sums over the ranks that share it",
    "moe.dispatch": "this rank's experts, and the ranks with the others",
    "objective.policy_loss": "a model and packed sequences; weights, mesh and replay apart",
    "objective.router_terms": "packed sequences; weights and mesh apart",
    "objective.sft_loss": "a model and packed sequences; weights and mesh apart",
    "objective.step_weights": "also the device",
    "objective.value_loss": "a model and packed sequences; weights apart",
    "optimizer.adamw": "in place on shards",
    "optimizer.global_norm": "sums over all ranks",
    "optimizer.initial_optimizer": "moments of this rank's shards",
    "precision.compensated_scale": "also the ranks with the other inputs",
    "precision.linear": "also the ranks with the other inputs",
    "precision.quantise": "also the ranks with the other inputs",
    "precision.rollout_weights": "also the mesh, whose tensor ranks have different inputs",
    "precision.squared_error": "also the ranks with the other inputs",
}
"""Counterparts whose parameters differ, and why."""


def reference_fulfils(backend: ReferenceBackend) -> Backend[ReferenceState]:
    """mypy's proof that the reference is a backend."""
    return backend


def scaled_fulfils(backend: ScaledBackend) -> Backend[ScaledState]:
    """mypy's proof that the torch backend is a backend."""
    return backend


def tracers_fulfil(one: ReferenceTracer, other: ScaledTracer) -> tuple[Tracer, Tracer]:
    """mypy's proof that both backends have a tracer."""
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
