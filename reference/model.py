"""The transformer: embedding, blocks, final norm, a head of logits (policy) or one scalar (value).

    x = embed[token];  per block: x += attention(norm(x)),  x += feed_forward(norm(x))
    logits = norm(x) Whead          V = norm(x) w + b

Weights live in one flat mapping from name to array; matrices are stored [in, out].
"""

from dataclasses import dataclass, field

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive

from seed.reference.attention import KeyValueCache, attention, rms_norm
from seed.reference.moe import dense_layer, moe_layer
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, IntArray, Params
from seed.spec.initial import initial_weight
from seed.spec.weights import body_shapes, policy_shapes


@dataclass
class RouterTrace:
    """What the routers of one forward pass decided, a list entry per MoE layer.

    Attributes:
        logits: Router logits [N, E].
        expert_ids: Chosen experts [N, k].
        kind: What makes scores of logits, ``model.router_scores``.
    """

    logits: list[Array] = field(default_factory=list)
    expert_ids: list[IntArray] = field(default_factory=list)
    kind: str = "softmax"


@primitive  # type: ignore[untyped-decorator]  # autograd ships no annotations
def embedded(embedding_VD: Array, tokens_N: IntArray) -> Array:
    """Rows of the embedding, one for each token [N, D].

    Formula: ``x_n = embedding[token_n]``; the gradient of row v is the sum over the places of v.
    Source: definition.
    """
    return embedding_VD[tokens_N]


def _scattered(g_ND: Array, tokens_N: IntArray, vocabulary: int) -> Array:
    """The transpose of ``embedded``: row v sums the gradients of the places where token v stands.

    A product with the one-hot rows of the tokens that occur, at most as large as the logits.
    """
    present, index_N = np.unique(tokens_N, return_inverse=True)
    one_hot_NU = (index_N[:, None] == np.arange(len(present))).astype(g_ND.dtype)
    sums_VD = np.zeros((vocabulary, g_ND.shape[1]), g_ND.dtype)
    sums_VD[present] = np.dot(one_hot_NU.T, g_ND)
    return sums_VD


defvjp(
    embedded,
    lambda _, embedding_VD, tokens_N: lambda g_ND: _scattered(g_ND, tokens_N, len(embedding_VD)),
    argnums=(0,),
)


def initial_policy(model: ModelConfig, seed: int, dtype: "np.typing.DTypeLike") -> Params:
    """Random weights, see ``spec.initial``."""
    return {
        name: initial_weight(name, shape, model, seed).astype(dtype)
        for name, shape in policy_shapes(model).items()
    }


def value_from_policy(policy: Params, model: ModelConfig) -> Params:
    """A value model with the policy's body and a zero head: V starts at 0 everywhere.

    The papers start from a reward model; a verifier-only task has none. Either way value
    pretraining removes the bias.
    """
    dtype = policy["embedding"].dtype
    body = {name: policy[name].copy() for name in body_shapes(model)}
    return body | {
        "value_head": np.zeros((model.hidden, 1), dtype),
        "value_bias": np.zeros(1, dtype),
    }


def hidden_states(
    params: Params,
    tokens_BS: IntArray,
    positions_BS: IntArray,
    model: ModelConfig,
    caches: list[KeyValueCache] | None = None,
    replay: list[IntArray] | None = None,
) -> tuple[Array, RouterTrace]:
    """Run the blocks.

    Formula: ``x += attention(norm(x)), x += feed_forward(norm(x))``.
    Source: arXiv 2002.04745 (pre-norm).

    Args:
        params: Weights of a policy or of a value model.
        tokens_BS: Token ids.
        positions_BS: Position of each token in its own sequence.
        model: Sizes.
        caches: One key-value cache per layer to continue from and to extend, or None.
        replay: Expert ids per MoE layer to use instead of the routers' choice, or None.

    Returns:
        Normalised final states [N, D] and what the routers decided.
    """
    x_ND = embedded(params["embedding"], tokens_BS.reshape(-1))
    trace = RouterTrace(kind=model.router_scores)
    for layer in range(model.layers):
        prefix = f"layers.{layer}."
        normed = rms_norm(x_ND, params[prefix + "attention_norm"], model.norm_epsilon)
        cache = caches[layer] if caches is not None else None
        x_ND = x_ND + attention(params, prefix + "attention.", normed, positions_BS, model, cache)
        normed = rms_norm(x_ND, params[prefix + "feed_forward_norm"], model.norm_epsilon)
        if layer < model.dense_layers:
            x_ND = x_ND + dense_layer(params, prefix + "mlp.", normed)
            continue
        given = replay[len(trace.logits)] if replay is not None else None
        out_ND, logits_NE, expert_ids_Nk = moe_layer(params, prefix + "moe.", normed, model, given)
        x_ND = x_ND + out_ND
        trace.logits.append(logits_NE)
        trace.expert_ids.append(expert_ids_Nk)
    return rms_norm(x_ND, params["final_norm"], model.norm_epsilon), trace


def logits_of(params: Params, hidden_ND: Array, model: ModelConfig) -> Array:
    """Next-token logits [N, V] of final states [N, D]."""
    head_DV = anp.transpose(params["embedding"]) if model.tied_embeddings else params["head"]
    return anp.dot(hidden_ND, head_DV)


def token_logits(
    params: Params, tokens_BS: IntArray, model: ModelConfig
) -> tuple[Array, RouterTrace]:
    """Logits [B, S, V] that each token was drawn from; column 0 has no past and is 0.

    Formula: ``norm(x) Whead``, column t about token t.
    Source: definition.
    """
    B, S = tokens_BS.shape
    hidden_ND, trace = hidden_states(params, tokens_BS, positions_of(tokens_BS), model)
    return shift(anp.reshape(logits_of(params, hidden_ND, model), (B, S, -1))), trace


def token_values(params: Params, tokens_BS: IntArray, model: ModelConfig) -> Array:
    """V of the state before each token [B, S]; column 0, which has no past, is 0.

    Formula: ``V(state before token t) = norm(x) w + b``.
    Source: VC-PPO; VAPO 2.
    """
    B, S = tokens_BS.shape
    hidden_ND, _ = hidden_states(params, tokens_BS, positions_of(tokens_BS), model)
    after_BS = anp.reshape(anp.dot(hidden_ND, params["value_head"]) + params["value_bias"], (B, S))
    return shift(after_BS)


def shift(after: Array) -> Array:
    """Align the model's output after a token with the next token.

    Column t takes column t - 1, column 0 is 0.
    """
    has_past = np.arange(after.shape[1]).reshape((1, -1) + (1,) * (after.ndim - 2)) > 0
    return anp.where(has_past, anp.roll(after, 1, axis=1), 0.0)


def positions_of(tokens_BS: IntArray) -> IntArray:
    """Positions 0..S-1 of right-padded rows."""
    return np.broadcast_to(np.arange(tokens_BS.shape[1]), tokens_BS.shape)
