"""One step of generation: tokens in, logits out, keys and values remembered; heads, positions and experts over ranks.

    rows       all ranks of ``sequence`` (context x tensor) decode the same rows
    tensor     each rank has its heads' keys and values; output projections are summed
    context    position p is remembered by rank p mod cp; partial softmaxes are merged by their log-sum-exp
    expert     each rank of ``sequence`` routes its share of the rows, then all get all

The weights are this rank's slices with FSDP's shards gathered, joined where two products have the same left side. A step
is many small operations, so what does not depend on the layer is worked out once per step.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from scaled.attention import rms_norm, rotation, wide
from scaled.collectives import all_gather, sum_over
from scaled.mesh import Mesh
from scaled.moe import dispatch, route, swiglu
from spec.config import ModelConfig


@dataclass(frozen=True)
class Layer:
    """Weights of one block as decoding wants them.

    Attributes:
        attention_norm, feed_forward_norm: Norms [D].
        projection: query, key and value side by side [D, (H + 2 K) h].
        head_norms: Query norm for the H heads, key norm for the K [H + K, h], or None.
        output: [H h, D].
        router: [D, E], or None in a dense block.
        experts: gate, up, down of this rank's experts, or None.
        dense: Layers that every token passes: the MLP of a dense block, or the shared experts.
    """

    attention_norm: Tensor
    feed_forward_norm: Tensor
    projection: Tensor
    head_norms: Tensor | None
    output: Tensor
    router: Tensor | None
    experts: tuple[Tensor, Tensor, Tensor] | None
    dense: list[tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True)
class Reading:
    """What a step reads, worked out once for all layers.

    Attributes:
        rows, width: b rows of s tokens each, flattened to n = b s.
        cos_n1h, sin_n1h: Rotation of each token.
        mine: Which tokens this context rank remembers; None for all.
        places_nK: Where in the flattened memory it remembers them, one place a head.
        visible_b1qC: Whether each query sees each remembered position; queries are a group's heads, then its tokens.
        unseen_r1C: 0 where seen and -inf elsewhere, where scores are written down (``one_query``) [b K, 1, C]; else None.
    """

    rows: int
    width: int
    cos_n1h: Tensor
    sin_n1h: Tensor
    mine: Tensor | None
    places_nK: Tensor
    visible_b1qC: Tensor
    unseen_r1C: Tensor | None


class Decoder:
    """A policy of one version with the keys and values of unfinished responses.

    Attributes:
        memory: Per layer keys and values [2, slots, K/tp, positions/cp, h]. Rows in use are the first so many.
    """

    def __init__(self, weights: Mapping[str, Tensor], model: ModelConfig, mesh: Mesh, slots: int, positions: int) -> None:
        """Make room.

        Args:
            weights: This rank's slices, by the reference's names.
            model: Sizes.
            mesh: Ranks.
            slots: Rows that can be decoded side by side.
            positions: Longest prompt and response together.
        """
        self.model, self.mesh = model, mesh
        self.embedding, self.final_norm = weights["embedding"], weights["final_norm"]
        self.head = self.embedding.T if model.tied_embeddings else weights["head"]
        self.layers = [_layer(weights, number, model, mesh) for number in range(model.layers)]
        self.kv_heads = model.key_value_heads // mesh.tensor.size
        self.group = model.heads // model.key_value_heads
        self.held = -(-positions // mesh.context.size)
        shape = (2, slots, self.kv_heads, self.held, model.head_width)
        self.memory = [self.embedding.new_zeros(shape) for _ in range(model.layers)]
        # torch's attention kernel is made for long queries; its bfloat16 products are more precise than plain ones.
        self.writes_scores = mesh.device.type == "cpu" and self.embedding.dtype != torch.bfloat16 and mesh.context.size == 1
        everywhere = torch.arange(positions, device=mesh.device)
        self.rotation = rotation(everywhere, model.head_width, model.rope_base, self.embedding.dtype)

    def step(self, tokens_bs: Tensor, positions_bs: Tensor, longest: int, first: int, read_b: Tensor | None) -> Tensor:
        """Read tokens and say what may follow.

        Args:
            tokens_bs: New tokens of consecutive rows, right-padded; b may be 0.
            positions_bs: Their positions; padding counts on, and what it leaves in the memory is overwritten before it is seen.
            longest: One more than the largest position.
            first: Slot of the first row.
            read_b: Column of each row whose logits are wanted; None if there is one column.

        Returns:
            Logits of this rank's share of the rows, padded to equal shares [ceil(b / sequence), V].
        """
        b, s = tokens_bs.shape
        epsilon = self.model.norm_epsilon
        x_nD = F.embedding(tokens_bs.reshape(-1), self.embedding)
        reading = self.reading(positions_bs, longest, first) if b else None
        for layer, memory in zip(self.layers, self.memory, strict=True):
            if reading is not None:
                x_nD = x_nD + self.attention(layer, rms_norm(x_nD, layer.attention_norm, epsilon), memory, first, reading)
            x_nD = x_nD + self.feed_forward(layer, rms_norm(x_nD, layer.feed_forward_norm, epsilon))
        last_bD = x_nD if read_b is None else x_nD.view(b, s, -1)[torch.arange(b, device=x_nD.device), read_b]
        return wide(rms_norm(self.share(last_bD), self.final_norm, epsilon) @ self.head)

    def reading(self, positions_bs: Tensor, longest: int, first: int) -> Reading:
        """Everything about a step that does not depend on the layer."""
        b, s = positions_bs.shape
        cp, rank, K = self.mesh.context.size, self.mesh.context.rank, self.kv_heads
        flat = positions_bs.reshape(-1)
        heads = torch.arange(first * K, (first + b) * K, device=flat.device).view(b, 1, K).expand(b, s, K).reshape(-1, K)
        places = heads * self.held + (flat // cp)[:, None]
        mine = None if cp == 1 else flat % cp == rank
        held = torch.arange(-(-longest // cp), device=flat.device) * cp + rank
        visible_bsC = held <= positions_bs[..., None]
        visible = visible_bsC[:, None].expand(b, self.group, s, len(held)).reshape(b, 1, self.group * s, len(held))
        unseen = None
        if self.writes_scores and s == 1:
            unseen = torch.zeros(b, 1, len(held), dtype=self.embedding.dtype).masked_fill_(~visible_bsC, -math.inf)
            unseen = unseen.repeat_interleave(K, 0)
        cos, sin = (table[flat] for table in self.rotation)
        return Reading(b, s, cos, sin, mine, places if mine is None else places[mine], visible, unseen)

    def attention(self, layer: Layer, x_nD: Tensor, memory: Tensor, first: int, reading: Reading) -> Tensor:
        """Remember keys and values of the new tokens and attend to all remembered ones [n, D]."""
        b, s, K, h = reading.rows, reading.width, self.kv_heads, self.model.head_width
        joined = (x_nD @ layer.projection).view(b * s, -1, h)
        qk, v = joined[:, :-K], joined[:, -K:]
        if layer.head_norms is not None:
            qk = rms_norm(qk, layer.head_norms, self.model.norm_epsilon)
        qk = qk * reading.cos_n1h + qk.roll(h // 2, -1) * reading.sin_n1h
        for held, new in zip(memory, (qk[:, -K:], v), strict=True):
            mine = new if reading.mine is None else new[reading.mine]
            held.view(-1, h).index_copy_(0, reading.places_nK.view(-1), mine.reshape(-1, h))
        q = qk[:, :-K].view(b, s, K, self.group, h).permute(0, 2, 3, 1, 4).reshape(b, K, self.group * s, h)
        keys, values = memory[:, first : first + b, :, : reading.visible_b1qC.shape[-1]].unbind(0)
        if reading.unseen_r1C is not None:
            mixed = one_query(q, keys, values, reading.unseen_r1C)
        else:
            mixed = self.merge(q, keys, values, reading.visible_b1qC)
        mixed = mixed.view(b, K, self.group, s, h).permute(0, 3, 1, 2, 4).reshape(b * s, -1)
        return sum_over(mixed @ layer.output, self.mesh.tensor)

    def merge(self, q: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
        """Softmax attention over the keys of all context ranks [b, K, queries, h]."""
        if self.mesh.context.size == 1:
            return F.scaled_dot_product_attention(q, keys, values, visible)
        scores = wide(q @ keys.transpose(2, 3)).masked_fill(~visible, -math.inf) * self.model.head_width**-0.5
        total = torch.logsumexp(scores, -1, keepdim=True)
        # A rank may hold no key that a query sees: its total is -inf, its part 0 and its weight 0.
        part = torch.exp(scores - total.masked_fill(total == -math.inf, 0.0)) @ wide(values)
        parts, totals = (all_gather(x[None], self.mesh.context) for x in (part, total))
        return (parts * torch.softmax(totals, 0)).sum(0).to(q.dtype)

    def feed_forward(self, layer: Layer, x_nD: Tensor) -> Tensor:
        """Experts or MLP, each rank of ``sequence`` for its share of the rows [n, D]."""
        mine = self.share(x_nD)
        parts = [swiglu(mine, *weights) for weights in layer.dense]
        if layer.router is not None and layer.experts is not None:
            _, expert_ids_nk, gates_nk = route(mine, layer.router, self.model, None)
            parts.append(dispatch(mine, expert_ids_nk, gates_nk, layer.experts, self.mesh.expert))
        out = parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)
        return all_gather(out, self.mesh.sequence)[: len(x_nD)]

    def share(self, x: Tensor) -> Tensor:
        """This rank's equal share of rows, the last ones filled up with zeros."""
        size = self.mesh.sequence.size
        if size == 1:
            return x
        rows = -(-len(x) // size)
        padded = torch.cat([x, x.new_zeros(rows * size - len(x), *x.shape[1:])])
        return padded.split(rows)[self.mesh.sequence.rank] if rows else padded

    def copy(self, sources: Tensor, targets: Tensor, longest: int) -> None:
        """Copy what some slots remember of the first ``longest`` positions to others."""
        used = -(-longest // self.mesh.context.size)
        for memory in self.memory:
            memory[:, targets, :, :used] = memory[:, sources, :, :used]


def one_query(q: Tensor, keys: Tensor, values: Tensor, unseen_r1C: Tensor) -> Tensor:
    """Softmax attention of a single position [b, K, group, h]: scores are few, so two batched products are the fastest."""
    scale = q.shape[-1] ** -0.5
    scores = torch.baddbmm(unseen_r1C, q.flatten(0, 1), keys.flatten(0, 1).transpose(1, 2), alpha=scale)
    return torch.bmm(torch.softmax(scores, -1), values.flatten(0, 1)).view_as(q)


def _layer(weights: Mapping[str, Tensor], number: int, model: ModelConfig, mesh: Mesh) -> Layer:
    prefix = f"layers.{number}."

    def named(*names: str) -> tuple[Tensor, ...]:
        return tuple(weights[prefix + name] for name in names)

    def feed_forward(owner: str) -> tuple[Tensor, Tensor, Tensor]:
        gate, up, down = named(f"{owner}.gate", f"{owner}.up", f"{owner}.down")
        return gate, up, down

    head_norms = None
    if model.query_key_norm:
        query_norm, key_norm = named("attention.query_norm", "attention.key_norm")
        heads, kv_heads = model.heads // mesh.tensor.size, model.key_value_heads // mesh.tensor.size
        head_norms = torch.cat([query_norm.expand(heads, -1), key_norm.expand(kv_heads, -1)])
    is_dense = number < model.dense_layers
    return Layer(
        attention_norm=weights[prefix + "attention_norm"],
        feed_forward_norm=weights[prefix + "feed_forward_norm"],
        projection=torch.cat(named("attention.query", "attention.key", "attention.value"), 1),
        head_norms=head_norms,
        output=weights[prefix + "attention.output"],
        router=None if is_dense else weights[prefix + "moe.router"],
        experts=None if is_dense else feed_forward("moe"),
        dense=[feed_forward("mlp")] if is_dense else [feed_forward(f"moe.shared.{n}") for n in range(model.shared_experts)],
    )
