"""The transformer as plain single-device modules; ``parallelize`` shards them from outside.

A module holds this rank's slices of its weights and calls the functions of ``attention`` and
``moe``. Names are the reference's but for the levels ``attention.heads``, ``moe.experts`` and
``moe.correction``, which FSDP shards separately and which must therefore be modules.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from seed.scaled.attention import Projections, Rotation, attention, rms_norm, rotation
from seed.scaled.moe import dispatch, route, swiglu
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.parallel.packing import AttentionPlan, PackedSequences
from seed.scaled.precision import wide
from seed.spec.config_model import ModelConfig
from seed.spec.layout import OF_HEADS, slice_shape
from seed.spec.rope import rotary_of
from seed.spec.weights import ROUTER_BIAS, Shapes, block_shapes, is_trained

Readout = Callable[[Tensor, Tensor], Tensor]

LOGITS_AT_ONCE = 1 << 27
"""Most logits in memory at once: half a GiB in float32, 865 tokens of a vocabulary of 155,136."""


@dataclass
class RouterTrace:
    """What the routers decided about this rank's tokens, a list entry per MoE layer.

    Attributes:
        logits: Router logits [n, E].
        expert_ids: Chosen experts [n, k].
        kind: What makes scores of logits, ``model.router_scores``.
    """

    logits: list[Tensor] = field(default_factory=list)
    expert_ids: list[Tensor] = field(default_factory=list)
    kind: str = "softmax"


class Heads(nn.Module):
    """Projections of this rank's heads: the weights that tensor parallelism slices."""

    query: nn.Parameter
    key: nn.Parameter
    value: nn.Parameter
    output: nn.Parameter
    query_bias: nn.Parameter
    key_bias: nn.Parameter
    value_bias: nn.Parameter

    def __init__(self, shapes: Shapes, model: ModelConfig, mesh: Mesh) -> None:
        super().__init__()
        self.model, self.mesh = model, mesh
        names = [name for name in OF_HEADS if f"attention.{name}" in shapes]
        _hold(self, {name: shapes[f"attention.{name}"] for name in names})

    def forward(
        self,
        x_nD: Tensor,
        norms: tuple[Tensor, Tensor] | None,
        angles: Rotation,
        plan: AttentionPlan,
    ) -> Tensor:
        """Attention with these heads [n, D]."""
        biases = (
            (self.query_bias, self.key_bias, self.value_bias)
            if self.model.query_key_value_bias
            else None
        )
        weights = Projections(self.query, self.key, self.value, biases, norms)
        return attention(x_nD, weights, self.output, angles, plan, self.model, self.mesh)


class Attention(nn.Module):
    """Heads, and the norms that all ranks have whole."""

    def __init__(self, shapes: Shapes, model: ModelConfig, mesh: Mesh) -> None:
        super().__init__()
        self.heads = Heads(shapes, model, mesh)
        names = [name for name in ("query_norm", "key_norm") if f"attention.{name}" in shapes]
        _hold(self, {name: shapes[f"attention.{name}"] for name in names})

    def forward(self, x_nD: Tensor, angles: Rotation, plan: AttentionPlan) -> Tensor:
        """What attention adds to the residual stream [n, D]."""
        norms = (self.query_norm, self.key_norm) if hasattr(self, "query_norm") else None
        out: Tensor = self.heads(x_nD, norms, angles, plan)
        return out


class Swiglu(nn.Module):
    """A dense gated feed-forward layer, or a shared expert."""

    gate: nn.Parameter
    up: nn.Parameter
    down: nn.Parameter

    def __init__(self, prefix: str, shapes: Shapes) -> None:
        super().__init__()
        _hold(self, {name: shapes[prefix + name] for name in ("gate", "up", "down")})

    def forward(self, x: Tensor) -> Tensor:
        """``(silu(x Wg) * x Wu) Wd``."""
        return swiglu(x, self.gate, self.up, self.down)


class Experts(nn.Module):
    """This rank's routed experts: the weights that expert parallelism slices."""

    gate: nn.Parameter
    up: nn.Parameter
    down: nn.Parameter

    def __init__(self, shapes: Shapes, mesh: Mesh) -> None:
        super().__init__()
        self.mesh = mesh
        _hold(self, {name: shapes["moe." + name] for name in ("gate", "up", "down")})

    def forward(self, x_nD: Tensor, expert_ids_nk: Tensor, gates_nk: Tensor) -> Tensor:
        """Outputs of the chosen experts, on whichever rank they are [n, D]."""
        weights = (self.gate, self.up, self.down)
        return dispatch(x_nD, expert_ids_nk, gates_nk, weights, self.mesh.expert)


class Correction(nn.Module):
    """The router's correction biases: not trained, and in the master precision in every pass."""

    router_bias: nn.Parameter

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        _hold(self, {"router_bias": shapes[ROUTER_BIAS]})
        self.router_bias.requires_grad_(False)

    def forward(self) -> Tensor:
        """The biases [E], a copy: FSDP frees what it gathered."""
        return self.router_bias.clone()


class Moe(nn.Module):
    """Router, routed and shared experts."""

    router: nn.Parameter
    shared_gate: nn.Parameter

    def __init__(self, shapes: Shapes, model: ModelConfig, mesh: Mesh) -> None:
        super().__init__()
        self.model = model
        names = [name for name in ("router", "shared_gate") if f"moe.{name}" in shapes]
        _hold(self, {name: shapes[f"moe.{name}"] for name in names})
        self.correction = Correction(shapes) if model.router_bias else None
        self.experts = Experts(shapes, mesh)
        self.shared = nn.ModuleList(
            Swiglu(f"moe.shared.{number}.", shapes) for number in range(model.shared_experts)
        )

    def forward(self, x_nD: Tensor, given_nk: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """What the layer adds [n, D], router logits [n, E], expert ids [n, k]."""
        bias_E = None if self.correction is None else self.correction()
        logits_nE, expert_ids_nk, gates_nk = route(x_nD, self.router, bias_E, self.model, given_nk)
        out_nD = self.experts(x_nD, expert_ids_nk, gates_nk)
        for shared in self.shared:
            added_nD = shared(x_nD)
            if self.model.shared_expert_gate:
                added_nD = added_nD * torch.sigmoid(x_nD @ self.shared_gate)
            out_nD = out_nD + added_nD
        return out_nD, logits_nE, expert_ids_nk


class Block(nn.Module):
    """``x += attention(norm(x)); x += feed_forward(norm(x))``."""

    attention_norm: nn.Parameter
    feed_forward_norm: nn.Parameter

    def __init__(self, layer: int, model: ModelConfig, mesh: Mesh) -> None:
        super().__init__()
        self.model = model
        shapes = {
            name: slice_shape(name, shape, mesh.layout)
            for name, shape in block_shapes(model, layer).items()
        }
        _hold(self, {name: shapes[name] for name in ("attention_norm", "feed_forward_norm")})
        self.attention = Attention(shapes, model, mesh)
        self.is_moe = layer >= model.dense_layers
        if self.is_moe:
            self.moe = Moe(shapes, model, mesh)
        else:
            self.mlp = Swiglu("mlp.", shapes)

    def forward(
        self, x_nD: Tensor, angles: Rotation, plan: AttentionPlan, given_nk: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """The residual stream, router logits and expert ids; the last two None in a dense block."""
        epsilon = self.model.norm_epsilon
        x_nD = x_nD + self.attention(rms_norm(x_nD, self.attention_norm, epsilon), angles, plan)
        normed = rms_norm(x_nD, self.feed_forward_norm, epsilon)
        if not self.is_moe:
            return x_nD + self.mlp(normed), None, None
        out_nD, logits_nE, expert_ids_nk = self.moe(normed, given_nk)
        return x_nD + out_nD, logits_nE, expert_ids_nk


class Transformer(nn.Module):
    """Embedding, blocks, final norm, and a head: logits (policy) or one scalar (value model)."""

    embedding: nn.Parameter
    final_norm: nn.Parameter
    head: nn.Parameter
    value_head: nn.Parameter
    value_bias: nn.Parameter

    def __init__(self, model: ModelConfig, mesh: Mesh, is_value: bool = False) -> None:
        """Build the modules; weights are uninitialised until ``parallelize.fill``.

        Args:
            model: Sizes.
            mesh: Ranks; the module holds this rank's slices.
            is_value: Whether it is a value model.
        """
        super().__init__()
        self.model, self.mesh, self.is_value = model, mesh, is_value
        self.recompute = False
        _hold(self, {"embedding": (model.vocabulary, model.hidden), "final_norm": (model.hidden,)})
        self.layers = nn.ModuleList(Block(layer, model, mesh) for layer in range(model.layers))
        if is_value:
            _hold(self, {"value_head": (model.hidden, 1), "value_bias": (1,)})
        elif not model.tied_embeddings:
            _hold(self, {"head": (model.hidden, model.vocabulary)})

    def forward(
        self,
        packed: PackedSequences,
        readout: Readout | None = None,
        replay: Sequence[Tensor] | None = None,
    ) -> tuple[Tensor, RouterTrace]:
        """Run the blocks and the head on this rank's tokens.

        Args:
            packed: The packed tokens.
            readout: Function of logits [p, V] and of the tokens they predict [p], run on at most
                ``LOGITS_AT_ONCE`` logits at a time and again in the backward pass; None keeps the
                logits. A value model ignores it.
            replay: Expert ids per MoE layer to use instead of the routers' choice [n, k].

        Returns:
            Logits [p, V], or what ``readout`` returned for them, or values [p], at the places from
            which the p response tokens are predicted; and the router trace of all n tokens.
        """
        x_nD = F.embedding(packed.tokens_n, self.embedding)
        model = self.model
        angles = rotation(packed.positions_m, rotary_of(model), x_nD.dtype)
        trace = RouterTrace(kind=model.router_scores)
        for block in self.layers:
            assert isinstance(block, Block)
            number = len(trace.logits)
            given = replay[number] if replay is not None and block.is_moe else None
            arguments = (x_nD, angles, packed.plan, given)
            x_nD, logits, ids = (
                checkpoint(self.run, block, *arguments, use_reentrant=False)
                if self.recompute
                else self.run(block, *arguments)
            )
            if logits is not None:
                trace.logits.append(logits)
                trace.expert_ids.append(ids)
        x_pD = x_nD.index_select(0, packed.places_p)
        x_pD = rms_norm(x_pD, self.final_norm, model.norm_epsilon)
        if self.is_value:
            return self.values(x_pD), trace
        return self.read(x_pD, packed.targets_p, readout), trace

    def run(self, block: Block, x_nD: Tensor, *arguments: Any) -> Any:
        """A block whose weights are cast to the type of the residual stream.

        FSDP casts the weights it gathers. In one process they are cast here, inside of what is
        recomputed: then no cast copy of the weights is kept for the backward pass.
        """
        if self.mesh.world.size > 1 or block.attention_norm.dtype == x_nD.dtype:
            return block(x_nD, *arguments)
        weights = cast(block.named_parameters(), x_nD.dtype)
        return functional_call(block, weights, (x_nD, *arguments))

    def values(self, x_pD: Tensor) -> Tensor:
        """``V = norm(x) w + b`` in float32 or better [p]."""
        return wide(x_pD @ self.value_head).squeeze(1) + wide(self.value_bias)

    def read(self, x_pD: Tensor, targets_p: Tensor, readout: Readout | None) -> Tensor:
        """Logits [p, V], or what ``readout`` returns for them, computed in chunks."""
        head_DV = self.embedding.T if self.model.tied_embeddings else self.head

        def chunk(x: Tensor, targets: Tensor) -> Tensor:
            logits = wide(x @ head_DV)
            return logits if readout is None else readout(logits, targets)

        tokens = max(LOGITS_AT_ONCE // head_DV.shape[1], 1)
        if readout is None or len(x_pD) <= tokens:
            return chunk(x_pD, targets_p)
        chunks = zip(x_pD.split(tokens), targets_p.split(tokens), strict=True)
        return torch.cat([checkpoint(chunk, *pair, use_reentrant=False) for pair in chunks])


def cast(weights: Iterable[tuple[str, Tensor]], compute: torch.dtype) -> dict[str, Tensor]:
    """Trained weights in the type of the pass, as part of the graph; the others as they are."""
    return {
        name: weight.to(compute) if is_trained(reference_name(name)) else weight
        for name, weight in weights
    }


def reference_name(name: str) -> str:
    """The name of a weight in the reference and in every checkpoint."""
    for level in ("attention.heads.", "moe.experts.", "moe.correction."):
        name = name.replace(level, level.split(".")[0] + ".")
    return name


def _hold(module: nn.Module, shapes: Shapes) -> None:
    for name, shape in shapes.items():
        module.register_parameter(name, nn.Parameter(torch.empty(shape)))
