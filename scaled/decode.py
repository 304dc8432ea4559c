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

from scaled.attention import rotation, wide
from scaled.collectives import all_gather
from scaled.mesh import Mesh
from scaled.moe import AllExperts, Experts, all_experts, dispatch, route, swiglu
from scaled.precision import Weight, joined, matrix, operand, product
from spec.config import ModelConfig

ROOM = 16
"""Positions that the memory is longer than needed at first."""


@dataclass(frozen=True)
class Norm:
    """``scaled.attention.rms_norm`` with all that does not depend on x worked out before: half as many operations.

    Formula: ``x / hypot(|x|, sqrt(D epsilon)) * sqrt(D) w``, which is ``x / sqrt(mean(x^2) + epsilon) * w``.

    Attributes:
        floor: sqrt(D epsilon).
        weight: sqrt(D) w [..., D].
    """

    floor: Tensor
    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """x [..., D], normalised over its last axis."""
        y = wide(x)
        root = torch.hypot(torch.linalg.vector_norm(y, dim=-1, keepdim=True), self.floor)
        return (y / root).to(x.dtype) * self.weight


@dataclass(frozen=True)
class Layer:
    """Weights of one block as decoding wants them.

    Attributes:
        attention_norm, feed_forward_norm: Norms of D numbers.
        projection: query, key and value side by side [D, (H + 2 K) h].
        head_norms: Query norm for the H heads, key norm for the K, [H + K, h] weights; or None.
        output: [H h, D].
        router: [D, E], or None in a dense block.
        experts: gate, up, down of this rank's experts, or None.
        all_experts: The same as one wide layer for few rows, or None.
        dense: Layers that every token passes: the MLP of a dense block, or the shared experts.
    """

    attention_norm: Norm
    feed_forward_norm: Norm
    projection: Weight
    head_norms: Norm | None
    output: Weight
    router: Tensor | None
    experts: Experts | None
    all_experts: AllExperts | None
    dense: list[Experts]


@dataclass(frozen=True)
class Reading:
    """What a step reads, worked out once for all layers.

    Attributes:
        rows, width: b rows of s tokens each, flattened to n = b s.
        cos_n1h, sin_n1h: Rotation of each token.
        mine: Which tokens this context rank remembers; None for all.
        places: Where in the flattened memory it remembers them, one place a head [n K].
        remembered: Positions that this rank remembers of the longest row.
        visible_b1qC: Whether each query sees each remembered position; queries are a group's heads, then its tokens; or None.
        unseen_r1C: The same for ``one_query``, a row per text and head: 0 where seen, -inf elsewhere [b K, 1, C]; else None.
    """

    rows: int
    width: int
    cos_n1h: Tensor
    sin_n1h: Tensor
    mine: Tensor | None
    places: Tensor
    remembered: int
    visible_b1qC: Tensor | None
    unseen_r1C: Tensor | None


class Decoder:
    """A policy of one version with the keys and values of unfinished responses.

    Attributes:
        memory: Per layer, for each row and head, keys and values beside each other [rows K/tp, room, 2 h]. Rows in use are the
            first; both grow as they are needed.
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
        self.embedding, self.final_norm = weights["embedding"], _norm(weights["final_norm"], model)
        self.head = self.embedding.T if model.tied_embeddings else weights["head"]
        self.layers = [_layer(weights, number, model, mesh) for number in range(model.layers)]
        self.kv_heads = model.key_value_heads // mesh.tensor.size
        self.group = model.heads // model.key_value_heads
        self.slots, self.positions = slots, positions
        self.memory = [self.embedding.new_zeros(0, 0, 2 * model.head_width)] * model.layers
        # torch's attention kernel is made for long queries; its bfloat16 products are more precise than plain ones.
        self.writes_scores = mesh.device.type == "cpu" and self.embedding.dtype != torch.bfloat16 and mesh.context.size == 1
        self.shown, self.hidden = self.embedding.new_tensor(0.0), self.embedding.new_tensor(-math.inf)
        self.everywhere = torch.arange(positions, device=mesh.device)
        self.rotation = torch.stack(rotation(self.everywhere, model.head_width, model.rope_base, self.embedding.dtype), 1)

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
        self.make_room(first + b, longest)
        x_nD = F.embedding(tokens_bs.reshape(-1), self.embedding)
        reading = self.reading(positions_bs, longest, first) if b else None
        for layer, memory in zip(self.layers, self.memory, strict=True):
            if reading is not None:
                x_nD = x_nD + self.attention(layer, layer.attention_norm(x_nD), memory, first, reading)
            x_nD = x_nD + self.feed_forward(layer, layer.feed_forward_norm(x_nD))
        last_bD = x_nD if read_b is None else x_nD.view(b, s, x_nD.shape[1])[torch.arange(b, device=x_nD.device), read_b]
        return wide(self.final_norm(self.share(last_bD)) @ self.head)

    def make_room(self, rows: int, positions: int) -> None:
        """Let the memory hold so many rows and positions. It seldom grows, and what is used stays close together."""
        cp, K = self.mesh.context.size, self.kv_heads
        held, room = len(self.memory[0]) // K, self.memory[0].shape[1]
        more_rows = grown(held, rows, self.slots) - held
        more_room = grown(room, -(-positions // cp), -(-self.positions // cp), ROOM) - room
        if more_rows or more_room:
            self.memory = [F.pad(remembered, (0, 0, 0, more_room, 0, more_rows * K)) for remembered in self.memory]
            room += more_room
            places = torch.arange(0, (held + more_rows) * K * room, room, device=self.mesh.device)
            self.first_places = places.view(-1, 1, K)

    def reading(self, positions_bs: Tensor, longest: int, first: int) -> Reading:
        """Everything about a step that does not depend on the layer."""
        b, s = positions_bs.shape
        cp, rank = self.mesh.context.size, self.mesh.context.rank
        flat = positions_bs.reshape(-1)
        places_bsK = self.first_places[first : first + b] + (positions_bs if cp == 1 else positions_bs // cp)[..., None]
        mine = None if cp == 1 else flat % cp == rank
        places = places_bsK.view(b * s, -1) if mine is None else places_bsK.view(b * s, -1)[mine]
        held = self.everywhere[rank::cp][: -(-longest // cp)]
        visible = unseen = None
        if self.writes_scores and s == 1:
            asked_r11 = positions_bs.expand(b, self.kv_heads).reshape(-1, 1, 1)
            unseen = torch.where(held > asked_r11, self.hidden, self.shown)
        else:
            visible_bsC = held <= positions_bs[..., None]
            visible = visible_bsC[:, None].expand(b, self.group, s, len(held)).reshape(b, 1, self.group * s, len(held))
        cos, sin = self.rotation.index_select(0, flat).unbind(1)
        return Reading(b, s, cos, sin, mine, places.view(-1), len(held), visible, unseen)

    def attention(self, layer: Layer, x_nD: Tensor, memory: Tensor, first: int, reading: Reading) -> Tensor:
        """Remember keys and values of the new tokens and attend to all remembered ones [n, D]."""
        b, s, K, h = reading.rows, reading.width, self.kv_heads, self.model.head_width
        qk, v = product(x_nD, layer.projection).view(b * s, -1, h).tensor_split((-K,), 1)
        if layer.head_norms is not None:
            qk = layer.head_norms(qk)
        q, k = torch.addcmul(qk * reading.cos_n1h, qk.roll(h // 2, -1), reading.sin_n1h).tensor_split((-K,), 1)
        new = torch.cat([k, v], -1)
        mine = new if reading.mine is None else new[reading.mine]
        memory.view(-1, 2 * h).index_copy_(0, reading.places, mine.view(-1, 2 * h))
        keys, values = memory[first * K : (first + b) * K, : reading.remembered].tensor_split(2, -1)
        if reading.unseen_r1C is not None:
            mixed = one_query(q.reshape(b * K, -1, h), keys, values, reading.unseen_r1C).view(b, -1)
        else:
            assert reading.visible_b1qC is not None
            q = q.view(b, s, K, self.group, h).permute(0, 2, 3, 1, 4).reshape(b, K, self.group * s, h)
            mixed = self.merge(q, keys.unflatten(0, (b, K)), values.unflatten(0, (b, K)), reading.visible_b1qC)
            mixed = mixed.view(b, K, self.group, s, h).permute(0, 3, 1, 2, 4).reshape(b * s, -1)
        return product(mixed, layer.output, self.mesh.tensor)

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
            if layer.all_experts is not None and layer.all_experts.are_quick_with(len(mine)):
                parts.append(layer.all_experts(mine, expert_ids_nk, gates_nk))
            else:
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

    def copy(self, sources: Tensor, targets: Tensor) -> None:
        """Copy what some rows remember to others; there is room for both."""
        for remembered in self.memory:
            rows = remembered.view(-1, self.kv_heads * remembered[0].numel())
            rows.index_copy_(0, targets, rows.index_select(0, sources))


def grown(size: int, needed: int, most: int, spare: int = 0) -> int:
    """A size that is enough: this one, or one much larger, up to the most that will ever be needed."""
    return size if needed <= size else min(max(needed + spare, 2 * size), most)


def one_query(q: Tensor, keys: Tensor, values: Tensor, unseen_r1C: Tensor) -> Tensor:
    """Softmax attention of single positions [b K, group, h]: scores are few, so two batched products are the fastest."""
    scores = torch.baddbmm(unseen_r1C, q, keys.transpose(1, 2), alpha=q.shape[-1] ** -0.5)
    return torch.bmm(torch.softmax(scores, -1), values)


def _norm(weight: Tensor, model: ModelConfig) -> Norm:
    width = weight.shape[-1]
    return Norm(wide(weight).new_tensor(math.sqrt(width * model.norm_epsilon)), weight * math.sqrt(width))


def _layer(weights: Mapping[str, Tensor], number: int, model: ModelConfig, mesh: Mesh) -> Layer:
    prefix = f"layers.{number}."

    def ready(*names: str) -> Weight:
        return operand(joined([matrix(weights, prefix + name) for name in names]), weights["embedding"])

    def feed_forward(owner: str) -> Experts:
        return ready(f"{owner}.gate"), ready(f"{owner}.up"), ready(f"{owner}.down")

    head_norms = None
    if model.query_key_norm:
        query_norm, key_norm = (weights[f"{prefix}attention.{name}"] for name in ("query_norm", "key_norm"))
        heads, kv_heads = model.heads // mesh.tensor.size, model.key_value_heads // mesh.tensor.size
        head_norms = _norm(torch.cat([query_norm.expand(heads, -1), key_norm.expand(kv_heads, -1)]), model)
    is_dense = number < model.dense_layers
    experts = None if is_dense else feed_forward("moe")
    return Layer(
        attention_norm=_norm(weights[prefix + "attention_norm"], model),
        feed_forward_norm=_norm(weights[prefix + "feed_forward_norm"], model),
        projection=ready("attention.query", "attention.key", "attention.value"),
        head_norms=head_norms,
        output=ready("attention.output"),
        router=None if is_dense else weights[prefix + "moe.router"],
        experts=experts,
        all_experts=None if experts is None else all_experts(experts, mesh.expert),
        dense=[feed_forward("mlp")] if is_dense else [feed_forward(f"moe.shared.{n}") for n in range(model.shared_experts)],
    )
