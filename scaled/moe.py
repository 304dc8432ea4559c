"""The feed-forward layer: SwiGLU, dense or as a mixture of experts whose experts live on other
ranks.

    route --> sort copies by expert --all-to-all (uneven)--> this rank's experts --all-to-all
    back--> weigh and sum

Dropless: a rank takes however many copies come. Equal to the reference because a token's answer
depends on its expert only, wherever that expert lives and whoever stands beside it in line.
"""

from dataclasses import dataclass
from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor

from seed.scaled.attention import wide
from seed.scaled.parallel.collectives import exchange, exchange_counts, sum_over
from seed.scaled.parallel.mesh import Axis
from seed.scaled.precision import Weight, product
from seed.spec.config_model import ModelConfig

FEW_PRODUCTS = 1 << 24
"""Multiplications up to which all experts answer all rows of generation: choosing the rows would
take longer (measured).
"""

Experts = tuple[Weight, Weight, Weight]
"""gate, up and down of a stack of experts, plain or quantised."""

MOST_PADDING = 3
"""Rows computed per real row up to which one batched product beats a loop over experts (measured on
two cores).
"""


def swiglu(x: Tensor, gate: Weight, up: Weight, down: Weight) -> Tensor:
    """Gated feed-forward ``(silu(x Wg) * x Wu) Wd``."""
    return product(F.silu(product(x, gate)) * product(x, up), down)


def top_k(logits_nE: Tensor, k: int) -> Tensor:
    """Ids of the k largest logits, largest first; equal logits go to the smaller id, as in the
    reference.

    torch's own ``topk`` leaves ties open; a stable sort does not.
    """
    return torch.argsort(logits_nE, dim=1, descending=True, stable=True)[:, :k]


def gates(logits_nE: Tensor, expert_ids_nk: Tensor, normalise: bool) -> Tensor:
    """Router probabilities of the chosen experts [n, k], rescaled to sum to one if ``normalise``.

    Rescaled, all other experts cancel: what is left is the softmax over the chosen ones.
    """
    if normalise:
        return torch.softmax(logits_nE.gather(1, expert_ids_nk), -1)
    return torch.softmax(logits_nE, -1).gather(1, expert_ids_nk)


def route(
    x_nD: Tensor, router: Tensor, model: ModelConfig, given_nk: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose experts, or take the given ones (routing replay); gates are computed anew, so the
    router keeps its gradient.

    Returns:
        Router logits [n, E] in float32 or better, expert ids [n, k], gates [n, k] in the precision
        of ``x``.
    """
    logits_nE = wide(x_nD @ router)
    expert_ids_nk = (
        top_k(logits_nE.detach(), model.experts_per_token) if given_nk is None else given_nk
    )
    return (
        logits_nE,
        expert_ids_nk,
        gates(logits_nE, expert_ids_nk, model.normalise_gates).to(x_nD.dtype),
    )


def dispatch(
    x_nD: Tensor, expert_ids_nk: Tensor, gates_nk: Tensor, weights: Experts, expert: Axis
) -> Tensor:
    """Send each token's k copies to their experts and sum what comes back, weighed by the gates.

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
    flat = expert_ids_nk.reshape(-1)
    order = torch.argsort(flat, stable=True)
    counts = torch.bincount(flat, minlength=len(weights[0]) * expert.size)
    copies = x_nD.index_select(0, order // k)
    answers = _answers_of_ranks(copies, counts, weights, expert)
    return (_unsorted(answers, order).view(n, k, x_nD.shape[1]) * gates_nk[:, :, None]).sum(1)


@dataclass(frozen=True)
class AllExperts:
    """All experts of a layer as one wide layer, for few rows without gradients: who was not chosen
    has gate 0.

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
        """Whether so many rows are answered sooner than the chosen experts could be found."""
        return rows * (self.gate.numel() + self.up.numel() + self.down.numel()) <= FEW_PRODUCTS

    def __call__(self, x_nD: Tensor, expert_ids_nk: Tensor, gates_nk: Tensor) -> Tensor:
        """The same as ``dispatch`` [n, D]; products are overwritten, so that no gradient could come
        back.
        """
        gates_nE1 = (
            gates_nk.new_zeros(len(x_nD), self.number)
            .scatter_(1, expert_ids_nk, gates_nk)
            .unsqueeze(2)
        )
        inner = F.silu(x_nD @ self.gate, inplace=True).mul_(x_nD @ self.up)
        inner.view(len(x_nD), self.number, -1).mul_(gates_nE1)
        return inner @ self.down


def all_experts(weights: Experts, expert: Axis) -> AllExperts | None:
    """The experts as one wide layer where that can pay: small, unquantised, on a CPU, none on other
    ranks.
    """
    if not _plain(weights) or weights[0].device.type != "cpu" or expert.size > 1:
        return None
    gate, up, down = weights
    gate, up = gate.transpose(0, 1).flatten(1), up.transpose(0, 1).flatten(1)
    wide_layer = AllExperts(gate, up, down.flatten(0, 1), len(down))
    return wide_layer if wide_layer.are_quick_with(1) else None


def _plain(weights: Experts) -> TypeGuard[tuple[Tensor, Tensor, Tensor]]:
    """Whether these experts are not quantised, so that torch's own products of stacks take them."""
    return isinstance(weights[0], Tensor)


def _unsorted(rows: Tensor, order: Tensor) -> Tensor:
    """Rows back where ``order`` took them from."""
    return torch.empty_like(rows).index_copy(0, order, rows)


def _answers_of_ranks(copies: Tensor, counts_E: Tensor, weights: Experts, expert: Axis) -> Tensor:
    """Answers to copies that are sorted by expert, wherever the experts live, in the same order."""
    if expert.size == 1:
        return run_experts(copies, counts_E, weights)
    coming = exchange_counts(counts_E, expert).view(expert.size, -1)  # [from rank, my expert]
    sent = counts_E.view(expert.size, -1).sum(1).tolist()
    received = coming.sum(1).tolist()
    arrived = exchange(copies, sent, received, expert)
    mine = (
        torch.arange(coming.shape[1], device=copies.device)
        .repeat(expert.size)
        .repeat_interleave(coming.reshape(-1))
    )
    order = torch.argsort(mine, stable=True)
    answers = run_experts(arrived.index_select(0, order), coming.sum(0), weights)
    return exchange(_unsorted(answers, order), received, sent, expert)


def run_experts(x: Tensor, counts_E: Tensor, weights: Experts) -> Tensor:
    """Answers to rows that are sorted by expert. An expert without rows still gets its zero
    gradient, as all ranks must agree.

    One of three ways, whichever is the fastest that the device and the precision have:

    1. torch's grouped product: exactly the rows, one call a matrix (float32 and bfloat16 on a CPU)
    2. rows in lines padded to the longest one, and all experts as one batched product
    3. one expert after the other, where padding would cost more than ``MOST_PADDING`` times the
    rows

    Args:
        x: Rows of the first expert, of the second, ...
        counts_E: How many each expert has.
        weights: gate, up and down of the experts.
    """
    if _plain(weights) and has_grouped_product(x, weights[0]):
        gate, up, down = weights
        ends = counts_E.cumsum(0, dtype=torch.int32)
        inner = F.silu(F.grouped_mm(x, gate, offs=ends)) * F.grouped_mm(x, up, offs=ends)
        return F.grouped_mm(inner, down, offs=ends)
    experts, longest = len(counts_E), int(counts_E.max())
    if experts * longest > MOST_PADDING * len(x):
        each = zip(
            x.split(counts_E.tolist()), *(weight.unbind(0) for weight in weights), strict=True
        )
        return torch.cat([swiglu(*line) for line in each])
    gaps = torch.arange(experts, device=x.device) * longest - (counts_E.cumsum(0) - counts_E)
    places = torch.arange(len(x), device=x.device) + gaps.repeat_interleave(counts_E)
    lines = x.new_zeros(experts * longest, x.shape[1]).index_copy(0, places, x)
    answers = swiglu(lines.view(experts, longest, x.shape[1]), *weights)
    return answers.flatten(0, 1).index_select(0, places)


def has_grouped_product(x: Tensor, gate: Tensor) -> bool:
    """Whether torch's grouped product takes these rows and weights: not in float64, and only rows
    of a multiple of 16 bytes.
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
) -> Tensor:
    """This rank's part of the sequence-wise load balance ``sum_b w_b E sum_e f_be P_be``.

    f and the sequence lengths are counts over all ranks that share the sequences; given them the
    loss is linear in the router probabilities, so each rank adds up its own tokens and no gradient
    crosses a rank.

    Args:
        logits_nE: Router logits of the tokens of all rows that stand here; a shared prompt's once
            per row.
        expert_ids_nk: Chosen experts.
        weights_n: Weight of each token in the loss.
        row_n: Row of each token in the batch.
        rows: Rows of the batch.
        sequence: Ranks that share the tokens of the same sequences.
    """
    E = logits_nE.shape[1]
    k = expert_ids_nk.shape[1]
    chosen_nE = torch.zeros_like(logits_nE).scatter_(1, expert_ids_nk, 1.0)
    counted = torch.cat(
        [chosen_nE, torch.ones_like(chosen_nE[:, :1]), weights_n[:, None].to(logits_nE.dtype)], 1
    )
    sums = torch.zeros(rows, E + 2, dtype=logits_nE.dtype, device=logits_nE.device).index_add_(
        0, row_n, counted
    )
    sums = sum_over(sums, sequence)
    length_B, weight_B = sums[:, E].clamp(min=1), sums[:, E + 1]
    coefficient_BE = (
        weight_B[:, None] * E * sums[:, :E] / (k * length_B[:, None]) / length_B[:, None]
    )
    probabilities_nE = torch.softmax(logits_nE, -1)
    return (probabilities_nE * coefficient_BE[row_n]).sum()


def z_loss(logits_nE: Tensor, weights_n: Tensor) -> Tensor:
    """``sum_t w_t logsumexp(logits_t)^2`` over this rank's tokens (ST-MoE eq. 5)."""
    z_n = torch.logsumexp(logits_nE, -1)
    return (weights_n * z_n * z_n).sum()
