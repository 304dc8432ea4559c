"""The feed-forward layer: SwiGLU, dense or as a mixture of experts with dropless top-k routing.

    swiglu(x) = (silu(x Wg) * x Wu) Wd
    p = softmax(x Wr) or sigmoid(x Wr);  I = the k largest of p;  g_i = p_i / sum_{j in I} p_j
    out = sum_{i in I} g_i swiglu_i(x)  +  sum over shared experts of swiglu(x)

Sources: SwiGLU arXiv 2002.05202; routing as in Qwen3-MoE or DeepSeek-V3 (arXiv 2412.19437,
balance loss eq. 17-20); z loss ST-MoE (arXiv 2202.08906) eq. 5.
"""

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive

from seed.reference.attention import softmax
from seed.reference.precision import Weight, linear, matrix
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, IntArray, Params

LEAST_SUM = 1e-20
"""Added to a sum of sigmoids, which may all be 0 in float32 (as in published code)."""


@primitive  # type: ignore[untyped-decorator]  # autograd ships no annotations
def place(x: Array, slots: IntArray, size: int) -> Array:
    """Write row i of x to row ``slots[i]`` of an array of ``size`` rows, 0 elsewhere.

    Slots are distinct.
    """
    y = np.zeros((size, *x.shape[1:]), x.dtype)
    y[slots] = x
    return y


@primitive  # type: ignore[untyped-decorator]  # autograd ships no annotations
def take(y: Array, slots: IntArray, size: int) -> Array:
    """Read the rows that ``place`` wrote, ``x[i] = y[slots[i]]``: the transpose of ``place``."""
    return y[slots]


# Distinct slots need no scatter-add, which is what autograd would use for plain indexing.
defvjp(place, lambda _, x, slots, size: lambda g: take(g, slots, size), argnums=(0,))
defvjp(take, lambda _, y, slots, size: lambda g: place(g, slots, size), argnums=(0,))


def silu(x: Array) -> Array:
    """Sigmoid-weighted linear unit; the tanh form cannot overflow.

    Formula: ``x * sigmoid(x)``.
    Source: arXiv 1702.03118.
    """
    return x * (0.5 * (1.0 + anp.tanh(0.5 * x)))


def sigmoid(x: Array) -> Array:
    """Logistic function, precise in relative terms however small it is, and without overflow.

    Formula: ``1 / (1 + exp(-x))``, computed as ``exp(-ln(1 + exp(-x)))``.
    Source: definition.
    """
    return anp.exp(-anp.logaddexp(0.0, -x))


def swiglu(x: Array, gate: Weight, up: Weight, down: Weight) -> Array:
    """Gated feed-forward layer, for one expert or for a stack of them.

    Formula: ``(silu(x Wg) * x Wu) Wd``.
    Source: SwiGLU, arXiv 2002.05202 eq. 6.
    """
    return linear(silu(linear(x, gate)) * linear(x, up), down)


def dense_layer(params: Params, prefix: str, x_ND: Array) -> Array:
    """The feed-forward layer of a dense block."""
    return swiglu(x_ND, *(matrix(params, prefix + name) for name in ("gate", "up", "down")))


def moe_layer(
    params: Params,
    prefix: str,
    x_ND: Array,
    model: ModelConfig,
    expert_ids_Nk: IntArray | None = None,
) -> tuple[Array, Array, IntArray]:
    """Send every token to its experts and sum their outputs, weighted by the gates; drop none.

    Formula: routed experts + shared experts, of given or chosen ids; the shared ones times
    ``sigmoid(x w)`` in a model with ``shared_expert_gate``.
    Source: DeepSeek-V3, arXiv 2412.19437 eq. 12-16.

    Args:
        params: All weights of the model.
        prefix: Name prefix of this layer's weights.
        x_ND: Normalised residual stream.
        model: Sizes.
        expert_ids_Nk: Experts to use instead of the router's choice (routing replay); gates are
            computed anew, so the router keeps its gradient.

    Returns:
        What the layer adds to the residual stream [N, D], router logits [N, E], expert ids [N, k].
    """
    logits_NE = anp.dot(x_ND, params[prefix + "router"])
    if expert_ids_Nk is None:
        bias_E = _plain(params[prefix + "router_bias"]) if model.router_bias else None
        expert_ids_Nk = choose(_plain(logits_NE), bias_E, model)
    gates_Nk = gates(
        logits_NE, expert_ids_Nk, model.normalise_gates, model.router_scores, model.gate_scale
    )
    out_ND = dispatch(params, prefix, x_ND, expert_ids_Nk, gates_Nk)
    for shared in range(model.shared_experts):
        added_ND = dense_layer(params, f"{prefix}shared.{shared}.", x_ND)
        if model.shared_expert_gate:
            added_ND = added_ND * sigmoid(anp.dot(x_ND, params[prefix + "shared_gate"]))
        out_ND = out_ND + added_ND
    return out_ND, logits_NE, expert_ids_Nk


def top_k(logits_NE: Array, k: int) -> IntArray:
    """Ids of the k largest logits, largest first; equal logits go to the smaller id.

    Formula: ``I`` = ids of the k largest router logits.
    Source: arXiv 1701.06538 eq. 5.
    """
    return np.argsort(-logits_NE, axis=-1, kind="stable")[:, :k]


def scores(logits_NE: Array, kind: str) -> Array:
    """How much the router wants each expert [N, E]; only those of softmax sum to one.

    Formula: ``p = softmax(x Wr)`` or ``p = sigmoid(x Wr)``.
    Source: arXiv 1701.06538 eq. 2; DeepSeek-V3, arXiv 2412.19437 eq. 15.
    """
    return sigmoid(logits_NE) if kind == "sigmoid" else softmax(logits_NE)


def choose(logits_NE: Array, bias_E: Array | None, model: ModelConfig) -> IntArray:
    """Ids of the experts of each token [N, k].

    Formula: the k largest of ``p + b`` among the experts of the ``router_groups_kept`` groups with
    the largest sums of their two largest ``p + b``.
    Source: DeepSeek-V3, arXiv 2412.19437 eq. 16 and section 2.1.2 (groups are its nodes).

    Args:
        logits_NE: Router logits.
        bias_E: Correction biases b, or None.
        model: Scores, groups, k.
    """
    N, E, G = *logits_NE.shape, model.router_groups
    if bias_E is None and G == 1:
        return top_k(logits_NE, model.experts_per_token)
    wanted_NE = scores(logits_NE, model.router_scores)
    if bias_E is not None:
        wanted_NE = wanted_NE + bias_E
    if G > 1:
        two_best_NG2 = np.sort(wanted_NE.reshape(N, G, E // G), axis=-1)[:, :, -2:]
        groups_Ng = top_k(two_best_NG2.sum(axis=-1), model.router_groups_kept)
        kept_NG = (groups_Ng[:, :, None] == np.arange(G)).any(axis=1)
        wanted_NE = np.where(np.repeat(kept_NG, E // G, axis=1), wanted_NE, -np.inf)
    return top_k(wanted_NE, model.experts_per_token)


def gates(
    logits_NE: Array,
    expert_ids_Nk: IntArray,
    normalise: bool,
    kind: str = "softmax",
    scale: float = 1.0,
) -> Array:
    """Scores of the chosen experts [N, k]; they sum to ``scale`` if ``normalise``.

    Formula: ``g_i = scale * p_i / sum_{j in I} p_j``, p as in ``scores``.
    Source: Qwen3-MoE; DeepSeek-V3, arXiv 2412.19437 eq. 13.
    """
    chosen_NkE = expert_ids_Nk[:, :, None] == np.arange(logits_NE.shape[1])
    scores_N1E = anp.expand_dims(scores(logits_NE, kind), 1)
    gates_Nk = anp.sum(chosen_NkE * scores_N1E, axis=-1)
    if normalise:
        least = LEAST_SUM if kind == "sigmoid" else 0.0
        gates_Nk = gates_Nk / (anp.sum(gates_Nk, axis=-1, keepdims=True) + least)
    return gates_Nk * scale if scale != 1.0 else gates_Nk


def dispatch(
    params: Params, prefix: str, x_ND: Array, expert_ids_Nk: IntArray, gates_Nk: Array
) -> Array:
    """Copy each token k times, queue the copies at their experts, run them, sum per token.

    Formula: ``sum_{i in I} g_i swiglu_i(x)``.
    Source: MegaBlocks, arXiv 2211.15841.

    The lines are padded to the longest one, so every copy has its place whatever the routing.
    """
    N, k = expert_ids_Nk.shape
    E = params[prefix + "gate"].shape[0]
    slots, capacity = lines(expert_ids_Nk.reshape(-1), E)
    copies = anp.reshape(anp.repeat(anp.expand_dims(x_ND, 1), k, axis=1), (N * k, -1))
    waiting_ECD = anp.reshape(place(copies, slots, E * capacity), (E, capacity, -1))
    answers_ECD = swiglu(
        waiting_ECD, *(matrix(params, prefix + name) for name in ("gate", "up", "down"))
    )
    answers_NkD = anp.reshape(
        take(anp.reshape(answers_ECD, (E * capacity, -1)), slots, E * capacity), (N, k, -1)
    )
    return anp.sum(answers_NkD * anp.expand_dims(gates_Nk, 2), axis=1)


def lines(expert_of_copy: IntArray, experts: int) -> tuple[IntArray, int]:
    """Give every copy a place in the line of its expert.

    Returns:
        Slot ``expert * capacity + place in line`` of each copy, and the capacity: the length of the
        longest line.
    """
    order = np.argsort(expert_of_copy, kind="stable")
    counts = np.bincount(expert_of_copy, minlength=experts)
    starts = np.cumsum(counts) - counts
    place_in_line = np.empty_like(order)
    place_in_line[order] = np.arange(len(order)) - starts[expert_of_copy[order]]
    capacity = int(counts.max())
    return expert_of_copy * capacity + place_in_line, capacity


def balance_loss(
    logits_NE: Array, expert_ids_Nk: IntArray, weights_BS: Array, kind: str = "softmax"
) -> Array:
    """Load balance of every sequence, summed with the sequences' weights.

    Formula: ``E sum_e f_e P_e``; f_e = share of the sequence's routed copies that went to expert e,
    P_e = mean of e's score, scores rescaled to sum to one.
    Source: DeepSeek-V3 eq. 17-20, with f scaled so that perfect balance gives 1.

    It is defined per sequence, so it cannot depend on how a batch is split.

    Args:
        logits_NE: Router logits, rows of [B, S] flattened.
        expert_ids_Nk: Chosen experts.
        weights_BS: Weight of each token in the loss; a row's positive entries mark its tokens,
            their sum its weight.
        kind: What makes scores, as in ``scores``.

    Returns:
        Scalar.
    """
    B, S = weights_BS.shape
    E, k = logits_NE.shape[1], expert_ids_Nk.shape[1]
    real_BS = weights_BS > 0
    tokens_B1 = np.maximum(real_BS.sum(axis=1, keepdims=True), 1)
    chosen_NE = (expert_ids_Nk[:, :, None] == np.arange(E)).sum(axis=1)
    f_BE = (chosen_NE.reshape(B, S, E) * real_BS[:, :, None]).sum(axis=1) / (k * tokens_B1)
    probabilities_NE = scores(logits_NE, kind)
    if kind == "sigmoid":
        probabilities_NE = probabilities_NE / anp.sum(probabilities_NE, axis=-1, keepdims=True)
    probabilities_BSE = anp.reshape(probabilities_NE, (B, S, E))
    P_BE = anp.sum(anp.where(real_BS[:, :, None], probabilities_BSE, 0.0), axis=1) / tokens_B1
    return anp.sum(weights_BS.sum(axis=1) * E * anp.sum(f_BE * P_BE, axis=1))


def z_loss(logits_NE: Array, weights_BS: Array) -> Array:
    """Router z loss: it keeps router logits small.

    Formula: ``sum_t w_t logsumexp(logits_t)^2``.
    Source: ST-MoE, arXiv 2202.08906 eq. 5.
    """
    top = anp.max(logits_NE, axis=-1)
    z = top + anp.log(anp.sum(anp.exp(logits_NE - anp.expand_dims(top, 1)), axis=-1))
    return anp.sum(anp.where(weights_BS.reshape(-1) > 0, weights_BS.reshape(-1) * z * z, 0.0))


def _plain(x: Any) -> Array:
    """The NumPy array under autograd's tracing boxes: routing decisions carry no gradient."""
    while hasattr(x, "_value"):
        x = x._value
    return np.asarray(x)
