"""What a forward pass keeps for the backward pass: an estimate, counted operation by operation."""

from seed.spec.config import Config
from seed.spec.config_model import ModelConfig
from seed.spec.layout import Layout
from seed.spec.memory_term import MemoryTerm, Place

COMPUTE_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2}
"""Bytes of a number of the forward and backward pass, by ``precision``."""

LOGITS_AT_ONCE = 1 << 27
"""Most logits in memory at once (``scaled.model``)."""

LOGIT_COPIES = 3
"""Logits, their log-softmax and its gradient."""


def tokens_of_rank(config: Config, layout: Layout) -> int:
    """Tokens of a micro-batch on a rank, all rows of the longest.

    Formula: ``micro_batch * (prompt + response) / (cp * tp)``, at most ``micro_batch_tokens`` over
    the ranks that share a sequence.
    Source: ``scaled.parallel.balance`` and ``packing``.
    """
    longest = config.data.max_prompt_tokens + config.rollout.max_response_tokens
    tokens, cap = config.algorithm.micro_batch * longest, config.parallel.micro_batch_tokens
    if config.backend == "reference":
        return tokens
    if cap:
        tokens = min(tokens, max(cap, longest))
    return -(-tokens // (layout.cp * layout.tp))


def block_bytes(model: ModelConfig, layout: Layout, precision: str, is_moe: bool) -> float:
    """Bytes that autograd saves of a block for a token of this rank.

    Formula, in numbers of c bytes; D width, h head width, H and K query and key-value heads of all
    ranks, k experts a token visits, F their width, s shared experts:

    - two norms: 6 D (input, normalised, output)
    - projections: (H + 2K) h, their norms (H + K) h whether per head or over all heads
    - attention: queries, keys and values in rows, output in rows and as tokens (3H + H + 2K cp) h;
      a context rank has the keys of all, and keys are repeated for the queries that share them
    - router: 3 E + 4 k in 4 bytes
    - experts: k (2 D + 4 F) (copies in and out; gate, its silu, up, their product); shared 4 s F,
      with their own F; with a gate on them s D more (their outputs)
    - dense layer: 4 F

    bfloat16 norms sum in float32 and keep their input so, 4 D bytes more each. float64 and GPUs
    have no grouped product (``scaled.moe``): their padded experts keep up to two thirds more.
    Source: the operations of ``scaled.model``, counted.
    """
    c, D, h = COMPUTE_BYTES[precision], model.hidden, model.head_width
    H, K = model.heads, model.key_value_heads
    normed = (H + K) * h if model.query_key_norm != "none" else 0
    heads = (H + 2 * K) * h + normed + (4 * H + 2 * K * layout.cp) * h
    numbers = 6 * D + heads
    wide = 8 * D if precision == "bfloat16" else 0
    if not is_moe:
        return c * (numbers + 4 * model.dense_width) + wide
    k, F = model.experts_per_token, model.expert_width
    of_shared = 4 * model.shared_width + D * model.shared_expert_gate
    numbers += k * (2 * D + 4 * F) + model.shared_experts * of_shared
    return c * numbers + wide + 4 * (3 * model.experts + 4 * k)


def activation_terms(config: Config, layout: Layout, has_logits: bool) -> list[MemoryTerm]:
    """Saved activations of a micro-batch, what a block computes again, and its logits."""
    model, parallel, tokens = config.model, config.parallel, tokens_of_rank(config, layout)
    scaled = config.backend == "scaled"
    each = [
        block_bytes(model, layout, config.precision, layer >= model.dense_layers)
        for layer in range(model.layers)
    ]
    place: Place = "host" if scaled and parallel.activation_offload else "device"
    terms = []
    if scaled and parallel.recompute:
        size = COMPUTE_BYTES[config.precision] * model.hidden
        kept = size * model.layers * tokens
        why = f"{size:,} bytes * {model.layers} inputs of blocks * {tokens:,} tokens"
        terms.append(MemoryTerm("activations kept", kept, why, certain=False, place=place))
        again = round(max(each) * tokens)
        why = f"{max(each):,.0f} bytes * {tokens:,} tokens, of one block in its backward pass"
        terms.append(MemoryTerm("activations of a block", again, why, certain=False))
    else:
        kept = round(sum(each) * tokens)
        why = f"{sum(each):,.0f} bytes of all blocks * {tokens:,} tokens"
        terms.append(MemoryTerm("activations kept", kept, why, certain=False, place=place))
    if has_logits:
        terms.append(logits_term(config, tokens))
    return terms


def logits_term(config: Config, tokens: int) -> MemoryTerm:
    """Logits of the response tokens; the torch backend computes long micro-batches in chunks."""
    size, entries = 8 if config.precision == "float64" else 4, config.model.vocabulary
    if config.backend == "scaled":
        tokens = min(tokens, max(LOGITS_AT_ONCE // entries, 1))
    why = f"{LOGIT_COPIES} * {size} bytes * {entries:,} entries * {tokens:,} tokens at a time"
    return MemoryTerm("logits", LOGIT_COPIES * size * entries * tokens, why, certain=False)
