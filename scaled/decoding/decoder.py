"""Forward pass of generation: tokens in, logits out, keys and values cached, over all ranks.

    rows       all ranks of ``sequence`` (context x tensor) decode the same rows
    tensor     each rank has its heads' keys and values; output projections are summed
    context    each rank caches its positions (``scaled.decoding.cache``); partial softmaxes are
               merged by their log-sum-exp
    expert     each rank of ``sequence`` routes its share of the rows, then all gather all

The weights are this rank's slices with FSDP's shards gathered; matrices that multiply the same rows
are joined, and wide ones are there in panels as well (``scaled.decoding.panels``). A step is many
small operations, so what does not depend on the layer is computed once per step.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seed.scaled.attention import attend, full_norm, rotation
from seed.scaled.decoding.cache import Cache
from seed.scaled.decoding.panels import in_panels
from seed.scaled.moe import AllExperts, Experts, all_experts, dispatch, route, swiglu
from seed.scaled.parallel.collectives import all_gather
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.parallel.packing import attention_plan, common_front
from seed.scaled.precision import Matrix, Weight, joined, linear, matrix, operand, wide
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, IntArray
from seed.spec.rope import rotary_of
from seed.spec.weights import ROUTER_BIAS

Mix = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""Attention of one layer: (layer, queries, keys, values [n, heads, h]) -> output [n, H h].

It caches the keys and values.
"""


@dataclass(frozen=True)
class Norm:
    """``scaled.attention.rms_norm`` with its constants computed once: half as many operations.

    Formula: ``x / hypot(|x|, sqrt(D epsilon)) * sqrt(D) w``, which is ``x / sqrt(mean(x^2) +
    epsilon) * w``.

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
    """Weights of one block, joined and prepared for decoding.

    Attributes:
        attention_norm, feed_forward_norm: Norms of D numbers.
        projection: query, key and value side by side [D, (H + 2 K) h].
        bias: Their biases side by side [(H + 2 K) h], or None.
        head_norms: Query norm for the H heads, key norm for the K, [H + K, h] weights; or None.
        full_norms: Query norm over all heads together, and key norm, whole; or None.
        output: [H h, D].
        router: [D, E], or None in a dense block.
        router_bias: Correction biases [E], or None.
        experts: gate, up, down of this rank's experts, or None.
        all_experts: The same as one wide layer for few rows, or None.
        dense: Layers for every token: the MLP of a dense block, or the shared experts.
        shared_gate: [D, 1] of the sigmoid on what the shared experts give, or None.
    """

    attention_norm: Norm
    feed_forward_norm: Norm
    projection: Matrix
    bias: Tensor | None
    head_norms: Norm | None
    full_norms: tuple[Tensor, Tensor] | None
    output: Matrix
    router: Tensor | None
    router_bias: Tensor | None
    experts: Experts | None
    all_experts: AllExperts | None
    dense: list[tuple[Matrix, Matrix, Matrix]]
    shared_gate: Tensor | None


class Decoder:
    """A policy, and the keys and values of unfinished responses."""

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        model: ModelConfig,
        mesh: Mesh,
        slots: int,
        positions: int,
    ) -> None:
        """Prepare the weights; the cache is empty.

        Args:
            weights: This rank's slices, by the reference's names.
            model: Sizes.
            mesh: Ranks.
            slots: Rows that can be decoded side by side.
            positions: Longest prompt and response together.
        """
        self.model, self.mesh = model, mesh
        self.embedding, self.final_norm = weights["embedding"], _norm(weights["final_norm"], model)
        self.head = in_panels(self.embedding.T if model.tied_embeddings else weights["head"])
        self.layers = [_layer(weights, number, model, mesh) for number in range(model.layers)]
        self.kv_heads = model.key_value_heads // mesh.tensor.size
        self.group = model.heads // model.key_value_heads
        # torch's attention kernel is made for long queries, so single queries use two plain
        # products; not in bfloat16, where the kernel is more precise.
        dtype = self.embedding.dtype
        self.writes_scores = (
            mesh.device.type == "cpu" and dtype != torch.bfloat16 and mesh.context.size == 1
        )
        self.cache = Cache(
            model, mesh, slots, positions, self.embedding, places_last=self.writes_scores
        )
        self.visible_score = self.embedding.new_tensor(0.0)
        self.hidden_score = self.embedding.new_tensor(-math.inf)
        angles = rotation(self.cache.everywhere, rotary_of(model), dtype)
        self.rotation = torch.stack(angles, 1)

    def read(
        self, tokens: IntArray, positions: IntArray, texts: Sequence[Sequence[int]] = ()
    ) -> Tensor:
        """Decode one token of the texts in the first rows and prefill new texts, in one pass.

        The fixed cost of a pass is large, so new texts have no pass of their own (as in
        Sarathi-Serve, arXiv 2403.02310, though texts are not cut here).

        Args:
            tokens: Newest tokens of the texts in the first rows [b]; b may be 0.
            positions: Their positions [b].
            texts: Tokens of the new texts, which take the next rows; may be empty.

        Returns:
            Next-token logits of this rank's share of the rows, padded to equal shares
            [ceil((b + texts) / sequence), V].
        """
        b, longest = len(tokens), int(positions.max(initial=-1)) + 1
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self.cache.make_room(b + len(texts), max(longest, int(lengths.max(initial=0))))
        front = common_front(texts, lengths)
        front = min(front, int(lengths.min(initial=front + 1)) - 1)  # the newest token is its own
        places = places_of_texts(lengths, front)
        if texts:
            new = [np.array(text, dtype=np.int64) for text in texts]
            tokens = np.concatenate([tokens, new[0][:front], *(text[front:] for text in new)])
            after = (np.arange(front, length) for length in lengths)
            positions = np.concatenate([positions, np.arange(front), *after])
        positions_n = self.on_device(positions)
        mixes = [self.to_newest(positions_n[:b], longest)] if b else []
        mixes += [self.within_texts(places, front, positions[b:], b)] if texts else []
        mix = _both(b, *mixes) if len(mixes) > 1 else mixes[0] if mixes else None
        x_nD = self.blocks(self.on_device(tokens), positions_n, mix)
        if texts:
            newest = np.concatenate([np.arange(b), [b + of_text[-1] for of_text in places]])
            x_nD = x_nD.index_select(0, self.on_device(newest))
        return self.logits(x_nD)

    def blocks(self, tokens_n: Tensor, positions_n: Tensor, mix: Mix | None) -> Tensor:
        """The residual stream after the last block [n, D].

        Without ``mix`` this rank has no tokens, and only its experts compute, for other ranks.
        """
        x_nD = F.embedding(tokens_n, self.embedding)
        cos_n1r, sin_n1r = self.rotation.index_select(0, positions_n).unbind(1)
        for number, layer in enumerate(self.layers):
            if mix is not None:
                heads = self.heads(layer, layer.attention_norm(x_nD), cos_n1r, sin_n1r)
                x_nD = x_nD + linear(mix(number, *heads), layer.output, self.mesh.tensor)
            x_nD = x_nD + self.feed_forward(layer, layer.feed_forward_norm(x_nD))
        return x_nD

    def logits(self, x_bD: Tensor) -> Tensor:
        """Logits of this rank's share of rows, in float32 or better."""
        return wide(linear(self.final_norm(self.share(x_bD)), self.head))

    def heads(
        self, layer: Layer, x_nD: Tensor, cos_n1r: Tensor, sin_n1r: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [n, H, h], keys and values [n, K, h] of this rank's heads."""
        h, r = self.model.head_width, self.model.rotary_width
        projected = linear(x_nD, layer.projection)
        if layer.bias is not None:
            projected = projected + layer.bias
        qk, v = projected.view(len(x_nD), -1, h).tensor_split((-self.kv_heads,), 1)
        if layer.head_norms is not None:
            qk = layer.head_norms(qk)
        if layer.full_norms is not None:
            parts = zip(qk.tensor_split((-self.kv_heads,), 1), layer.full_norms, strict=True)
            epsilon, ranks = self.model.norm_epsilon, self.mesh.tensor
            normed = [full_norm(part.flatten(1), norm, epsilon, ranks) for part, norm in parts]
            qk = torch.cat(normed, 1).view(len(x_nD), -1, h)
        passed = [qk[..., r:]] if r < h else []
        qk = qk[..., :r]
        qk = torch.addcmul(qk * cos_n1r, qk.roll(r // 2, -1), sin_n1r)
        qk = torch.cat([qk, *passed], -1) if passed else qk
        q, k = qk.tensor_split((-self.kv_heads,), 1)
        return q, k, v

    def within_texts(
        self, places: Sequence[IntArray], front: int, positions: IntArray, first: int
    ) -> Mix:
        """Attention within whole new texts, one after the other, behind what they have in common.

        Every context rank computes all their keys and values, and caches its own; each text gets
        its own copy of the common ones.

        Args:
            places: For each text, where its tokens are [its length].
            front: Tokens that all texts begin with and that are there once; may be 0.
            positions: Position of each token in its text [n].
            first: Row of the first text.
        """
        context, tokens = self.mesh.context, np.arange(len(positions))
        prefixes = [tokens[:front]] if front else places
        suffixes = [(of_text[front:], of_text) for of_text in places] if front else []
        plan = attention_plan(prefixes, suffixes, positions, tokens, tokens, self.mesh.device)
        cached = np.concatenate(places)
        mine = np.flatnonzero(positions[cached] % context.size == context.rank)
        rows = first + np.repeat(np.arange(len(places)), [len(of_text) for of_text in places])
        rows_c = self.on_device(rows[mine])
        places_c = self.on_device(positions[cached[mine]] // context.size)
        kept = slice(None) if context.size == 1 and not front else self.on_device(cached[mine])

        def mix(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            self.cache.write_texts(layer, rows_c, places_c, k[kept], v[kept])
            return attend(q, k, v, plan).flatten(1)

        return mix

    def to_newest(self, positions_b: Tensor, longest: int) -> Mix:
        """Attention of the newest token in each of the first rows to its whole text.

        Args:
            positions_b: Of the newest tokens.
            longest: One more than the largest position.
        """
        b, K, held = len(positions_b), self.kv_heads, self.cache.held(longest)
        position_r11 = positions_b[:, None].expand(b, K).reshape(-1, 1, 1)
        places_r11, visible_r1C = self.cache.place(position_r11), held <= position_r11
        added_r1C = torch.where(visible_r1C, self.visible_score, self.hidden_score)

        def mix(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            q = q.reshape(b * K, self.group, -1)
            self.cache.write(layer, places_r11, k.reshape(b * K, -1, 1), v.reshape(b * K, 1, -1))
            keys, values = self.cache.read(layer, b * K, len(held))
            if self.writes_scores:
                mixed = one_query(q, keys, values, added_r1C)
            else:
                q, keys, values, visible = (
                    x.unflatten(0, (b, K)) for x in (q, keys, values, visible_r1C)
                )
                mixed = self.merge(q, keys, values, visible)
            return mixed.reshape(b, -1)

        return mix

    def merge(self, q: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
        """Softmax attention of some queries to the positions of all context ranks [b, K, Q, h].

        Formula: ``sum_r softmax_r(total_r) part_r`` with ``total_r`` the log-sum-exp of rank r's
        scores and ``part_r`` its own softmax attention.
        Source: Flash-Decoding; arXiv 1805.02867.

        Args:
            q: Queries that share keys and values [b, K, Q, h].
            keys: Of this rank's positions [b, K, h, C].
            values: [b, K, C, h].
            visible: Whether a query sees a position [..., Q, C].
        """
        if self.mesh.context.size == 1:
            return F.scaled_dot_product_attention(q, keys.mT, values, visible)
        scores = wide(q @ keys).masked_fill(~visible, -math.inf) * self.model.head_width**-0.5
        total = torch.logsumexp(scores, -1, keepdim=True)
        # A rank may hold no visible key of a query: its total is -inf, its part 0, its weight 0.
        part = torch.exp(scores - total.masked_fill(total == -math.inf, 0.0)) @ wide(values)
        parts, totals = (all_gather(x[None], self.mesh.context) for x in (part, total))
        return (parts * torch.softmax(totals, 0)).sum(0).to(q.dtype)

    def feed_forward(self, layer: Layer, x_nD: Tensor) -> Tensor:
        """Experts or MLP, each rank of ``sequence`` for its share of the rows [n, D]."""
        mine = self.share(x_nD)
        terms = [swiglu(mine, *weights) for weights in layer.dense]
        if layer.shared_gate is not None:
            gate_n1 = torch.sigmoid(mine @ layer.shared_gate)
            terms = [gate_n1 * term for term in terms]
        if layer.router is not None and layer.experts is not None:
            _, ids_nk, gates_nk = route(mine, layer.router, layer.router_bias, self.model, None)
            if layer.all_experts is not None and layer.all_experts.are_quick_with(len(mine)):
                terms.append(layer.all_experts(mine, ids_nk, gates_nk))
            else:
                terms.append(dispatch(mine, ids_nk, gates_nk, layer.experts, self.mesh.expert))
        out = terms[0] if len(terms) == 1 else torch.stack(terms).sum(0)
        return all_gather(out, self.mesh.sequence)[: len(x_nD)]

    def on_device(self, array: IntArray | Array) -> Tensor:
        """An array as a tensor on the model's device."""
        return torch.from_numpy(array).to(self.mesh.device)

    def share(self, x: Tensor) -> Tensor:
        """This rank's equal share of the rows; the last share is padded with zeros."""
        size = self.mesh.sequence.size
        if size == 1:
            return x
        rows = -(-len(x) // size)
        padded = torch.cat([x, x.new_zeros(rows * size - len(x), *x.shape[1:])])
        return padded.split(rows)[self.mesh.sequence.rank] if rows else padded


def places_of_texts(lengths: IntArray, front: int) -> list[IntArray]:
    """Where the tokens of each text are: the common ones first, then the rest of one by one.

    Args:
        lengths: Of the texts [texts].
        front: Tokens that all begin with, which are there once.
    """
    ends = front + (lengths - front).cumsum()
    return [
        np.concatenate([np.arange(front), np.arange(end - length + front, end)])
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def one_query(q_rGh: Tensor, keys_rhC: Tensor, values_rCh: Tensor, added_r1C: Tensor) -> Tensor:
    """Softmax attention of single positions [r, G, h] as two batched products.

    Args:
        q_rGh: The G queries that share a key-value head, for each row of the cache.
        keys_rhC: Keys.
        values_rCh: Values.
        added_r1C: 0 where a position is visible, -inf elsewhere.
    """
    scores_rGC = torch.baddbmm(added_r1C, q_rGh, keys_rhC, alpha=q_rGh.shape[-1] ** -0.5)
    return torch.bmm(torch.softmax(scores_rGC, -1), values_rCh)


def _both(count: int, first: Mix, second: Mix) -> Mix:
    """Attention of the first ``count`` tokens by one function and of the others by another."""

    def mix(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        newest, texts = zip(*(heads.tensor_split((count,)) for heads in (q, k, v)), strict=True)
        return torch.cat([first(layer, *newest), second(layer, *texts)])

    return mix


def _norm(weight: Tensor, model: ModelConfig) -> Norm:
    width = weight.shape[-1]
    floor = wide(weight).new_tensor(math.sqrt(width * model.norm_epsilon))
    return Norm(floor, weight * math.sqrt(width))


def _layer(weights: Mapping[str, Tensor], number: int, model: ModelConfig, mesh: Mesh) -> Layer:
    prefix = f"layers.{number}."

    def ready(*names: str) -> Weight:
        matrices = [matrix(weights, prefix + name) for name in names]
        return operand(joined(matrices), weights["embedding"])

    def single(*names: str) -> Matrix:
        weight = ready(*names)
        return in_panels(weight) if isinstance(weight, Tensor) else weight

    def feed_forward(owner: str) -> tuple[Matrix, Matrix, Matrix]:
        return single(f"{owner}.gate"), single(f"{owner}.up"), single(f"{owner}.down")

    projections = [f"attention.{name}" for name in ("query", "key", "value")]
    bias, head_norms, full_norms = None, None, None
    if model.query_key_value_bias:
        bias = torch.cat([weights[f"{prefix}{name}_bias"] for name in projections])
    if model.query_key_norm != "none":
        query_norm, key_norm = (weights[f"{prefix}{name}_norm"] for name in projections[:2])
        if model.query_key_norm == "full":
            full_norms = query_norm, key_norm
        else:
            heads, kv_heads = (n // mesh.tensor.size for n in (model.heads, model.key_value_heads))
            of_heads = [query_norm.expand(heads, -1), key_norm.expand(kv_heads, -1)]
            head_norms = _norm(torch.cat(of_heads), model)
    is_dense = number < model.dense_layers
    shared = [f"moe.shared.{index}" for index in range(model.shared_experts)]
    dense = ["mlp"] if is_dense else shared
    experts = None if is_dense else (ready("moe.gate"), ready("moe.up"), ready("moe.down"))
    return Layer(
        attention_norm=_norm(weights[prefix + "attention_norm"], model),
        feed_forward_norm=_norm(weights[prefix + "feed_forward_norm"], model),
        projection=single(*projections),
        bias=bias,
        head_norms=head_norms,
        full_norms=full_norms,
        output=single("attention.output"),
        router=None if is_dense else weights[prefix + "moe.router"],
        router_bias=None if is_dense else weights.get(prefix + ROUTER_BIAS),
        experts=experts,
        all_experts=None if experts is None else all_experts(experts, mesh.expert),
        dense=[feed_forward(owner) for owner in dense],
        shared_gate=None if is_dense else weights.get(prefix + "moe.shared_gate"),
    )
