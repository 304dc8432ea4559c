"""How many weights a mixture-of-experts transformer has, in all and for one token, counted exactly.

    total  = embeddings + attention + router + routed experts + shared experts + dense MLP + norms
    active = total - the routed experts that a token does not visit

Both embedding matrices count as active (Qwen's convention), although a token reads one row of the
first. Counted is what a gradient trains: no rotary tables, and not the correction biases of
DeepSeek-V3's load balancing. Architectures can say more than our configuration (latent attention,
biases, sinks), so published models check the count.
"""

from dataclasses import dataclass

from seed.spec.config_model import ModelConfig


@dataclass(frozen=True)
class GroupedQueryAttention:
    """Query heads in groups, each group sharing a key and a value head (arXiv 2305.13245).

    Attributes:
        heads, key_value_heads, head_width: H, K and h.
        query_key_norm: A norm of width h for queries and one for keys, shared by the heads (Qwen3).
        biases: A bias on each of the four projections (gpt-oss).
        sinks: A learnt logit per query head that takes part in the softmax and leads nowhere
            (gpt-oss).
        full_norm: A norm of queries and one of keys over all their heads together (OLMoE).
        query_key_value_biases: A bias on three projections, all but the output (Qwen2.5).
    """

    heads: int
    key_value_heads: int
    head_width: int
    query_key_norm: bool = False
    biases: bool = False
    sinks: bool = False
    full_norm: bool = False
    query_key_value_biases: bool = False

    def parameters(self, hidden: int) -> int:
        """Count the weights of one block's attention.

        Formula: ``2 D H h + 2 D K h``, and ``2 h`` for the norms or ``(H + K) h`` for full ones,
        ``(H + 2 K) h + D`` for the biases or ``(H + 2 K) h`` for three, ``H`` for sinks.

        Args:
            hidden: Width D of the residual stream.

        Returns:
            Weights of the four projections and of what else is switched on.
        """
        query_width, key_width = (
            self.heads * self.head_width,
            self.key_value_heads * self.head_width,
        )
        projections = 2 * hidden * query_width + 2 * hidden * key_width
        norms = 2 * self.head_width if self.query_key_norm else 0
        norms += query_width + key_width if self.full_norm else 0
        biases = query_width + 2 * key_width + hidden if self.biases else 0
        biases += query_width + 2 * key_width if self.query_key_value_biases else 0
        sinks = self.heads if self.sinks else 0
        return projections + norms + biases + sinks


@dataclass(frozen=True)
class LatentAttention:
    """Multi-head latent attention: queries, keys and values pass through narrow normed vectors.

    Source: DeepSeek-V2, arXiv 2405.04434 section 2.1.
    The ranks are the widths of these vectors, one for all queries and one for all keys and values.
    A query or key head has a part without position, of ``content_width``, and a rotated one; the
    rotated key is common to all heads.
    """

    heads: int
    query_rank: int
    key_value_rank: int
    content_width: int
    rotary_width: int
    value_width: int

    def parameters(self, hidden: int) -> int:
        """Count the weights of one block's attention.

        Formula: ``(D q + q + q H (n + r)) + (D (c + r) + c + c H (n + v)) + H v D`` with ranks
        ``q`` of the queries and ``c`` of keys and values, and widths ``n`` of the content, ``r`` of
        the rotary part and ``v`` of a value.

        Args:
            hidden: Width D of the residual stream.

        Returns:
            Weights of the query path and the key-value path (each: down, norm, up), and of the
            output projection.
        """
        queries = self.heads * (self.content_width + self.rotary_width)
        keys_and_values = self.heads * (self.content_width + self.value_width)
        query_path = hidden * self.query_rank + self.query_rank + self.query_rank * queries
        key_value_down = hidden * (self.key_value_rank + self.rotary_width)
        key_value_path = (
            key_value_down + self.key_value_rank + self.key_value_rank * keys_and_values
        )
        return query_path + key_value_path + self.heads * self.value_width * hidden


@dataclass(frozen=True)
class Experts:
    """A token visits ``per_token`` = k of ``routed`` = E experts, and all ``shared`` ones.

    Each has inner width F, shared ones ``shared_width`` if it is not 0. ``shared_gate`` is a vector
    of D numbers (Qwen2-MoE). ``biases`` are on the projections of routed experts, ``router_bias``
    is on the router's logits (gpt-oss has both). Correction biases of the choice are not counted.
    """

    routed: int
    per_token: int
    width: int
    shared: int = 0
    biases: bool = False
    router_bias: bool = False
    shared_width: int = 0
    shared_gate: bool = False


@dataclass(frozen=True)
class Architecture:
    """What the number of weights depends on: V, D, and ``layers`` blocks of attention and experts.

    ``dense_layers`` of the blocks have a gated MLP of ``dense_width`` in place of the experts. With
    ``tied_embeddings`` the embedding serves as the head.
    """

    vocabulary: int
    hidden: int
    layers: int
    attention: GroupedQueryAttention | LatentAttention
    experts: Experts
    dense_layers: int = 0
    dense_width: int = 0
    tied_embeddings: bool = False


@dataclass(frozen=True)
class ParameterCount:
    """Weights by part; every weight is in exactly one part.

    Attributes:
        embeddings: Input embedding and head; one matrix if they are tied.
        attention: Projections, and the norms, biases and sinks inside attention.
        router, routed_experts, shared_experts, dense_mlp: Of all blocks that have them.
        norms: Two a block and the final one.
        idle_experts: No part of its own: the weights among ``routed_experts`` that a token does not
            visit.
    """

    embeddings: int
    attention: int
    router: int
    routed_experts: int
    shared_experts: int
    dense_mlp: int
    norms: int
    idle_experts: int

    @property
    def total(self) -> int:
        """Sum of the parts."""
        experts = self.router + self.routed_experts + self.shared_experts
        return self.embeddings + self.attention + experts + self.dense_mlp + self.norms

    @property
    def active(self) -> int:
        """What one token passes through: all but the idle experts."""
        return self.total - self.idle_experts


def architecture(model: ModelConfig) -> Architecture:
    """Read a configured model as an architecture.

    Args:
        model: Section ``model`` of a configuration.

    Returns:
        Grouped-query attention, experts, and the leading dense blocks.
    """
    attention = GroupedQueryAttention(
        *(model.heads, model.key_value_heads, model.head_width),
        query_key_norm=model.query_key_norm == "head",
        full_norm=model.query_key_norm == "full",
        query_key_value_biases=model.query_key_value_bias,
    )
    experts = Experts(
        *(model.experts, model.experts_per_token, model.expert_width, model.shared_experts),
        shared_width=model.shared_width,
        shared_gate=model.shared_expert_gate,
    )
    dense_blocks = model.dense_layers, model.dense_width
    return Architecture(
        model.vocabulary,
        model.hidden,
        model.layers,
        attention,
        experts,
        *dense_blocks,
        model.tied_embeddings,
    )


def _gated_mlp(hidden: int, width: int, biases: bool = False) -> int:
    """Gate, up and down, ``3 D F``; their biases add ``2 F + D``. One expert is one such MLP."""
    return 3 * hidden * width + (2 * width + hidden if biases else 0)


def count(architecture: Architecture) -> ParameterCount:
    """Count the weights of a policy.

    Formula: with ``M = layers - dense_layers`` blocks of experts, the routed experts have ``M E (3
    D F)`` weights, of which a token leaves ``M (E - k) (3 D F)`` idle.

    Args:
        architecture: What to count.

    Returns:
        Exact numbers by part.
    """
    hidden, experts = architecture.hidden, architecture.experts
    expert_layers = architecture.layers - architecture.dense_layers
    expert = _gated_mlp(hidden, experts.width, experts.biases)
    router = hidden * experts.routed + (experts.routed if experts.router_bias else 0)
    shared = experts.shared * _gated_mlp(hidden, experts.shared_width or experts.width)
    shared += hidden if experts.shared_gate else 0
    return ParameterCount(
        embeddings=architecture.vocabulary * hidden * (1 if architecture.tied_embeddings else 2),
        attention=architecture.layers * architecture.attention.parameters(hidden),
        router=expert_layers * router,
        routed_experts=expert_layers * experts.routed * expert,
        shared_experts=expert_layers * shared,
        dense_mlp=architecture.dense_layers * _gated_mlp(hidden, architecture.dense_width),
        norms=(2 * architecture.layers + 1) * hidden,
        idle_experts=expert_layers * (experts.routed - experts.per_token) * expert,
    )
