"""The feed-forward layer: SwiGLU, dense or as a mixture of experts spread over ranks.

    route --> sort copies by expert --all-to-all (uneven)--> this rank's experts
          <-- back in token order   <--all-to-all (uneven)--
    sum of the copies, weighted by the gates

Dropless: a rank computes however many copies arrive. Equal to the reference because the output for
a token depends on its expert only, on whichever rank and beside whichever tokens it is computed.
"""

from dataclasses import dataclass
from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.scaled.parallel.collectives import exchange, exchange_counts, sum_over
from seed.scaled.parallel.mesh import Axis
from seed.scaled.precision import Matrix, Weight, linear, wide
from seed.spec.config_model import ModelConfig

FEW_PRODUCTS = 1 << 24
"""Multiplications up to which generation runs all experts on all rows: selecting rows would take
longer (measured).
"""

LEAST_SUM = 1e-20
"""Added to a sum of sigmoids, so that it is never 0 (``reference.moe``)."""

Experts = tuple[Weight, Weight, Weight]
"""gate, up and down of a stack of experts, plain or quantised."""

MOST_PADDING = 3
"""Padded rows per real row up to which one batched product beats a loop over experts (measured on
two cores).
"""


def swiglu(x: Tensor, gate: Matrix, up: Matrix, down: Matrix) -> Tensor:
    """Gated feed-forward ``(silu(x Wg) * x Wu) Wd``."""
    return linear(F.silu(linear(x, gate)) * linear(x, up), down)


def top_k(logits_nE: Tensor, k: int) -> Tensor:
    """Ids of the k largest logits, largest first; of equal logits the smaller id comes first.

    torch's own ``topk`` does not define the order of ties; a stable sort does.
    """
    return torch.argsort(logits_nE, dim=1, descending=True, stable=True)[:, :k]


def scores(logits_nE: Tensor, kind: str) -> Tensor:
    """``p = softmax(x Wr)`` or ``p = sigmoid(x Wr)``: how much the router wants each expert."""
    return torch.sigmoid(logits_nE) if kind == "sigmoid" else torch.softmax(logits_nE, -1)


def choose(logits_nE: Tensor, bias_E: Tensor | None, model: ModelConfig) -> Tensor:
    """Ids of the experts of each token: the k largest ``p + b`` within the best groups [n, k]."""
    n, E, G = *logits_nE.shape, model.router_groups
    if bias_E is None and G == 1:
        return top_k(logits_nE, model.experts_per_token)
    wanted_nE = scores(logits_nE, model.router_scores)
    if bias_E is not None:
        wanted_nE = wanted_nE + bias_E
    if G > 1:
        two_best_nG2 = wanted_nE.view(n, G, E // G).topk(2, dim=-1).values
        groups_ng = top_k(two_best_nG2.sum(-1), model.router_groups_kept)
        kept_nG = torch.zeros_like(wanted_nE[:, :G], dtype=torch.bool).scatter_(1, groups_ng, True)
        left_out = ~kept_nG.repeat_interleave(E // G, dim=1)
        wanted_nE = wanted_nE.masked_fill(left_out, -torch.inf)
    return top_k(wanted_nE, model.experts_per_token)


def gates(
    logits_nE: Tensor,
    expert_ids_nk: Tensor,
    normalise: bool,
    kind: str = "softmax",
    scale: float = 1.0,
) -> Tensor:
    """Scores of the chosen experts [n, k]; they sum to ``scale`` if ``normalise``.

    Of softmax the other experts cancel then: the result is the softmax over the chosen ones.
    """
    if normalise and kind == "softmax":
        gates_nk = torch.softmax(logits_nE.gather(1, expert_ids_nk), -1)
    else:
        gates_nk = scores(logits_nE, kind).gather(1, expert_ids_nk)
        if normalise:
            gates_nk = gates_nk / (gates_nk.sum(-1, keepdim=True) + LEAST_SUM)
    return gates_nk * scale if scale != 1.0 else gates_nk


def route(
    x_nD: Tensor, router: Tensor, bias_E: Tensor | None, model: ModelConfig, given_nk: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose experts, or take the given ones (routing replay).

    Gates are computed in either case, so the router keeps its gradient.

    Args:
        x_nD: Normalised residual stream.
        router: [D, E].
        bias_E: Correction biases of the choice, or None.
        model: Scores, groups, k.
        given_nk: Expert ids to use, or None.

    Returns:
        Router logits [n, E] in float32 or better, expert ids [n, k], gates [n, k] in the precision
        of ``x``.
    """
    logits_nE = wide(x_nD @ router)
    expert_ids_nk = choose(logits_nE.detach(), bias_E, model) if given_nk is None else given_nk
    gates_nk = gates(
        logits_nE, expert_ids_nk, model.normalise_gates, model.router_scores, model.gate_scale
    )
    return logits_nE, expert_ids_nk, gates_nk.to(x_nD.dtype)


def dispatch(
    x_nD: Tensor, expert_ids_nk: Tensor, gates_nk: Tensor, weights: Experts, expert: Axis
) -> Tensor:
    """Send each token's k copies to their experts and sum the outputs, weighted by the gates.

    Formula: copies to their experts' ranks and back, in the order they left.
    Source: GShard, arXiv 2006.16668; dropless as in MegaBlocks.

    Args:
        x_nD: Normalised residual stream of this rank's tokens.
        expert_ids_nk: Global ids of the chosen experts.
        gates_nk: Their gates.
        weights: gate, up and down of this rank's E / ep experts [E/ep, ...].
        expert: Ranks with the other experts.

    Returns:
        sum_{i in I} g_i swiglu_i(x) [n, D].
    """
    n, k = expert_ids_nk.shape
    # Copy c = token * k + choice. Sorted by expert, the copies for one rank are consecutive, as a
    # rank holds consecutive experts; a stable sort keeps token order within an expert.
    expert_of_copy = expert_ids_nk.reshape(-1)
    order = torch.argsort(expert_of_copy, stable=True)
    counts_E = torch.bincount(expert_of_copy, minlength=len(weights[0]) * expert.size)
    copies = x_nD.index_select(0, order // k)
    outputs = _run_on_ranks(copies, counts_E, weights, expert)
    return (_unsorted(outputs, order).view(n, k, x_nD.shape[1]) * gates_nk[:, :, None]).sum(1)


@dataclass(frozen=True)
class AllExperts:
    """All experts of a layer as one wide layer, where an expert that was not chosen has gate 0.

    For few rows without gradients.

    Attributes:
        gate, up: Those of all experts side by side [D, E F].
        down: Those of all experts one below the other [E F, D].
        number: E.
    """

    gate: Tensor
    up: Tensor
    down: Tensor
    number: int

    def are_quick_with(self, rows: int) -> bool:
        """Whether so many rows take less time than to select the rows of each expert."""
        return rows * (self.gate.numel() + self.up.numel() + self.down.numel()) <= FEW_PRODUCTS

    def __call__(self, x_nD: Tensor, expert_ids_nk: Tensor, gates_nk: Tensor) -> Tensor:
        """The same as ``dispatch`` [n, D]; works in place, so there is no gradient."""
        gates_nE1 = (
            gates_nk.new_zeros(len(x_nD), self.number)
            .scatter_(1, expert_ids_nk, gates_nk)
            .unsqueeze(2)
        )
        inner = F.silu(x_nD @ self.gate, inplace=True).mul_(x_nD @ self.up)
        inner.view(len(x_nD), self.number, -1).mul_(gates_nE1)
        return inner @ self.down


def all_experts(weights: Experts, expert: Axis) -> AllExperts | None:
    """The experts as one wide layer, or None where it cannot pay.

    It pays for small unquantised experts on a CPU, all of them on this rank.
    """
    if not _plain(weights) or weights[0].device.type != "cpu" or expert.size > 1:
        return None
    gate, up, down = weights
    gate, up = gate.transpose(0, 1).flatten(1), up.transpose(0, 1).flatten(1)
    wide_layer = AllExperts(gate, up, down.flatten(0, 1), len(down))
    return wide_layer if wide_layer.are_quick_with(1) else None


def _plain(weights: Experts) -> TypeGuard[tuple[Tensor, Tensor, Tensor]]:
    """Whether these experts are not quantised."""
    return isinstance(weights[0], Tensor)


def _unsorted(rows: Tensor, order: Tensor) -> Tensor:
    """Rows back where ``order`` took them from."""
    return torch.empty_like(rows).index_copy(0, order, rows)


def _run_on_ranks(copies: Tensor, counts_E: Tensor, weights: Experts, expert: Axis) -> Tensor:
    """Outputs for copies sorted by expert, on whichever rank the experts are, in the same order."""
    if expert.size == 1:
        return run_experts(copies, counts_E, weights)
    coming = exchange_counts(counts_E, expert).view(expert.size, -1)  # [from rank, my expert]
    sent = counts_E.view(expert.size, -1).sum(1).tolist()
    received = coming.sum(1).tolist()
    arrived = exchange(copies, sent, received, expert)
    # They arrive sorted by sending rank, then by expert; the experts need them sorted by expert.
    expert_of_row = (
        torch.arange(coming.shape[1], device=copies.device)
        .repeat(expert.size)
        .repeat_interleave(coming.reshape(-1))
    )
    order = torch.argsort(expert_of_row, stable=True)
    outputs = run_experts(arrived.index_select(0, order), coming.sum(0), weights)
    return exchange(_unsorted(outputs, order), received, sent, expert)


def run_experts(x: Tensor, counts_E: Tensor, weights: Experts) -> Tensor:
    """Outputs for rows that are sorted by expert.

    An expert without rows still gets a gradient of zero, as FSDP reduces it on all ranks.

    The first way that the device and the precision allow:

    1. torch's grouped product: exactly the rows, one call a matrix (float32, bfloat16 on a CPU)
    2. rows of each expert padded to the most that any has, all experts as one batched product
    3. one expert after the other, where padding would cost over ``MOST_PADDING`` times the rows

    Args:
        x: Rows of the first expert, of the second, ...
        counts_E: Rows of each expert.
        weights: gate, up and down of the experts.
    """
    if _plain(weights) and has_grouped_product(x, weights[0]):
        gate, up, down = weights
        ends = counts_E.cumsum(0, dtype=torch.int32)
        inner = F.silu(F.grouped_mm(x, gate, offs=ends)) * F.grouped_mm(x, up, offs=ends)
        return F.grouped_mm(inner, down, offs=ends)
    experts, most = len(counts_E), int(counts_E.max())
    if experts * most > MOST_PADDING * len(x):
        rows_of_experts = x.split(counts_E.tolist())
        each = zip(rows_of_experts, *(weight.unbind(0) for weight in weights), strict=True)
        return torch.cat([swiglu(*expert) for expert in each])
    # Row i of expert e moves from  rows of the experts before e + i  to  e * most + i.
    gaps = torch.arange(experts, device=x.device) * most - (counts_E.cumsum(0) - counts_E)
    places = torch.arange(len(x), device=x.device) + gaps.repeat_interleave(counts_E)
    padded = x.new_zeros(experts * most, x.shape[1]).index_copy(0, places, x)
    outputs = swiglu(padded.view(experts, most, x.shape[1]), *weights)
    return outputs.flatten(0, 1).index_select(0, places)


def has_grouped_product(x: Tensor, gate: Tensor) -> bool:
    """Whether torch's grouped product takes these rows and weights.

    It takes no float64, and only rows of a multiple of 16 bytes.
    """
    aligned = all(width * x.element_size() % 16 == 0 for width in gate.shape[1:])
    return (
        x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.bfloat16)
        and aligned
        and len(x) > 0
    )


def balance_loss(
    logits_nE: Tensor,
    expert_ids_nk: Tensor,
    weights_n: Tensor,
    row_n: Tensor,
    rows: int,
    sequence: Axis,
    kind: str = "softmax",
) -> Tensor:
    """This rank's part of the sequence-wise load balance ``sum_b w_b E sum_e f_be P_be``.

    f and the sequence lengths are counts over all ranks that share the sequences. Given them the
    loss is linear in the router probabilities, so each rank adds up its own tokens and no gradient
    crosses a rank.

    Args:
        logits_nE: Router logits of this rank's tokens, those of a shared prompt once per row.
        expert_ids_nk: Chosen experts.
        weights_n: Weight of each token in the loss.
        row_n: Row of each token in the batch.
        rows: Rows of the batch.
        sequence: Ranks that share the tokens of the same sequences.
        kind: What makes scores, as in ``scores``.
    """
    E = logits_nE.shape[1]
    k = expert_ids_nk.shape[1]
    chosen_nE = torch.zeros_like(logits_nE).scatter_(1, expert_ids_nk, 1.0)
    # Three sums per row in one call: copies per expert, tokens, weights.
    one_n1, weight_n1 = torch.ones_like(chosen_nE[:, :1]), weights_n[:, None].to(logits_nE.dtype)
    counted = torch.cat([chosen_nE, one_n1, weight_n1], 1)
    sums = logits_nE.new_zeros(rows, E + 2).index_add_(0, row_n, counted)
    sums = sum_over(sums, sequence)
    length_B, weight_B = sums[:, E].clamp(min=1), sums[:, E + 1]
    # P is a mean over the row's tokens, so every token has the coefficient w E f / length.
    coefficient_BE = (
        weight_B[:, None] * E * sums[:, :E] / (k * length_B[:, None]) / length_B[:, None]
    )
    probabilities_nE = scores(logits_nE, kind)
    if kind == "sigmoid":
        probabilities_nE = probabilities_nE / probabilities_nE.sum(-1, keepdim=True)
    return (probabilities_nE * coefficient_BE[row_n]).sum()


def z_loss(logits_nE: Tensor, weights_n: Tensor) -> Tensor:
    """``sum_t w_t logsumexp(logits_t)^2`` over this rank's tokens (ST-MoE eq. 5)."""
    z_n = torch.logsumexp(logits_nE, -1)
    return (weights_n * z_n * z_n).sum()
