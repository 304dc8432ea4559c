"""The feed-forward layer: SwiGLU, dense or as a mixture of experts whose experts live on other ranks.

    route --> sort copies by expert --all-to-all (uneven)--> this rank's experts --all-to-all back--> weigh and sum

Dropless: a rank takes however many copies come. Equal to the reference because a token's answer depends on its expert
only, wherever that expert lives and whoever stands beside it in line.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from scaled.attention import wide
from scaled.collectives import exchange, exchange_counts, sum_over
from scaled.mesh import Axis
from spec.config import ModelConfig

MOST_PADDING = 3
"""Rows computed per real row up to which one batched product beats a loop over experts (measured on two cores)."""


def swiglu(x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """Gated feed-forward ``(silu(x Wg) * x Wu) Wd``."""
    return (F.silu(x @ gate) * (x @ up)) @ down


def top_k(logits_nE: Tensor, k: int) -> Tensor:
    """Ids of the k largest logits, largest first; equal logits go to the smaller id, as in the reference.

    torch's own ``topk`` leaves ties open; its ``argmax`` promises the first.
    """
    left_nE = logits_nE.clone()
    chosen = []
    for _ in range(k):
        chosen.append(left_nE.argmax(1, keepdim=True))
        left_nE.scatter_(1, chosen[-1], -torch.inf)
    return torch.cat(chosen, 1)


def gates(logits_nE: Tensor, expert_ids_nk: Tensor, normalise: bool) -> Tensor:
    """Router probabilities of the chosen experts [n, k], rescaled to sum to one if ``normalise``."""
    gates_nk = torch.softmax(logits_nE, -1).gather(1, expert_ids_nk)
    return gates_nk / gates_nk.sum(-1, keepdim=True) if normalise else gates_nk


def route(x_nD: Tensor, router: Tensor, model: ModelConfig, given_nk: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Choose experts, or take the given ones (routing replay); gates are computed anew, so the router keeps its gradient.

    Returns:
        Router logits [n, E] in float32 or better, expert ids [n, k], gates [n, k] in the precision of ``x``.
    """
    logits_nE = wide(x_nD @ router)
    expert_ids_nk = top_k(logits_nE.detach(), model.experts_per_token) if given_nk is None else given_nk
    return logits_nE, expert_ids_nk, gates(logits_nE, expert_ids_nk, model.normalise_gates).to(x_nD.dtype)


def dispatch(
    x_nD: Tensor, expert_ids_nk: Tensor, gates_nk: Tensor, weights: tuple[Tensor, Tensor, Tensor], expert: Axis
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
    if expert.size == 1:
        answers = run_experts(x_nD.repeat_interleave(k, 0), flat, weights)
    else:
        order = torch.argsort(flat, stable=True)
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=order.device)
        counts = torch.bincount(flat, minlength=len(weights[0]) * expert.size)
        answers = _answers_of_ranks(x_nD[order // k], counts, weights, expert)[back]
    return (answers.view(n, k, x_nD.shape[1]) * gates_nk[:, :, None]).sum(1)


def _answers_of_ranks(copies: Tensor, counts_E: Tensor, weights: tuple[Tensor, Tensor, Tensor], expert: Axis) -> Tensor:
    """Answers to copies that are sorted by expert, wherever the experts live, in the same order."""
    coming = exchange_counts(counts_E, expert).view(expert.size, -1)  # [from rank, my expert]
    sent = counts_E.view(expert.size, -1).sum(1).tolist()
    received = coming.sum(1).tolist()
    arrived = exchange(copies, sent, received, expert)
    mine = torch.arange(coming.shape[1], device=copies.device).repeat(expert.size).repeat_interleave(coming.reshape(-1))
    return exchange(run_experts(arrived, mine, weights), received, sent, expert)


def run_experts(x: Tensor, expert_of_row: Tensor, weights: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Each row's own expert's answer.

    Rows line up before their experts in lines padded to the longest one, and all experts run as one batched product: an
    expert without rows still gets its zero gradient, as all ranks must agree. Where one line is so long that padding would
    cost more than ``MOST_PADDING`` times the rows, experts run one after the other on exactly their rows.
    """
    experts = len(weights[0])
    counts = torch.bincount(expert_of_row, minlength=experts)
    longest = int(counts.max())
    order = torch.argsort(expert_of_row, stable=True)
    if experts * longest > MOST_PADDING * len(x):
        each = zip(x[order].split(counts.tolist()), *(weight.unbind(0) for weight in weights), strict=True)
        answers = torch.cat([swiglu(*line) for line in each])
        return torch.empty_like(answers).index_copy(0, order, answers)
    starts = counts.cumsum(0) - counts
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device) - starts.repeat_interleave(counts)
    slots = expert_of_row * longest + place
    lines = x.new_zeros(experts * longest, x.shape[1]).index_copy(0, slots, x)
    answers = swiglu(lines.view(experts, longest, x.shape[1]), *weights)
    return answers.flatten(0, 1).index_select(0, slots)


def balance_loss(
    logits_nE: Tensor, expert_ids_nk: Tensor, weights_n: Tensor, row_n: Tensor, rows: int, sequence: Axis
) -> Tensor:
    """This rank's part of the sequence-wise load balance ``sum_b w_b E sum_e f_be P_be``.

    f and the sequence lengths are counts over all ranks that share the sequences; given them the loss is linear in
    the router probabilities, so each rank adds up its own tokens and no gradient crosses a rank.

    Args:
        logits_nE: Router logits of this rank's tokens.
        expert_ids_nk: Chosen experts.
        weights_n: Weight of each token in the loss; 0 for filler.
        row_n: Row of each token in the batch.
        rows: Rows of the batch.
        sequence: Ranks that share the tokens of the same sequences.
    """
    E = logits_nE.shape[1]
    k = expert_ids_nk.shape[1]
    real_n = (weights_n > 0).to(logits_nE.dtype)
    chosen_nE = torch.zeros_like(logits_nE).scatter_(1, expert_ids_nk, 1.0) * real_n[:, None]
    sums = torch.zeros(rows, E + 2, dtype=logits_nE.dtype, device=logits_nE.device)
    sums.index_add_(0, row_n, torch.cat([chosen_nE, real_n[:, None], weights_n[:, None].to(logits_nE.dtype)], 1))
    sums = sum_over(sums, sequence)
    length_B, weight_B = sums[:, E].clamp(min=1), sums[:, E + 1]
    coefficient_BE = weight_B[:, None] * E * sums[:, :E] / (k * length_B[:, None]) / length_B[:, None]
    probabilities_nE = torch.softmax(logits_nE, -1)
    return (probabilities_nE * coefficient_BE[row_n] * real_n[:, None]).sum()


def z_loss(logits_nE: Tensor, weights_n: Tensor) -> Tensor:
    """``sum_t w_t logsumexp(logits_t)^2`` over this rank's tokens (ST-MoE eq. 5)."""
    z_n = torch.logsumexp(logits_nE, -1)
    return torch.where(weights_n > 0, weights_n * z_n * z_n, 0.0).sum()

