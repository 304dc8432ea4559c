"""Names and shapes of all weights: what the two backends and every checkpoint share.

Weights live in one flat mapping from name to array; matrices are stored [in, out].
"""

from seed.spec.config_model import ModelConfig

Shapes = dict[str, tuple[int, ...]]

QUANTISED = ("query", "key", "value", "output", "gate", "up", "down")
"""Last part of the names of the matrices that an FP8 policy holds in 8 bits.

They are nearly all weights and nearly all arithmetic. The router is not among them, since a
rounding there sends a token to other experts; nor are embedding and head, on which every token's
probability depends and which report and practice keep; nor norms and biases, which are vectors.
"""

ROUTER_BIAS = "moe.router_bias"
"""How the name of a correction bias ends. It takes part in the choice of experts only: it has no
gradient, no update, and is never rounded to the compute type, where a last bit may decide.
"""


def is_quantised(name: str) -> bool:
    """Whether an FP8 policy holds this weight in 8 bits."""
    return name.rpartition(".")[2] in QUANTISED


def is_trained(name: str) -> bool:
    """Whether a gradient changes this weight: all but correction biases."""
    return not name.endswith(ROUTER_BIAS)


def scale_of(name: str) -> str:
    """Name of the scales, one per output channel, that belong to a quantised matrix."""
    return f"{name}.scale"


def block_shapes(model: ModelConfig, layer: int) -> Shapes:
    """Names and shapes of the weights of one block."""
    D, h = model.hidden, model.head_width
    shapes: Shapes = {
        "attention_norm": (D,),
        "attention.query": (D, model.heads * h),
        "attention.key": (D, model.key_value_heads * h),
        "attention.value": (D, model.key_value_heads * h),
        "attention.output": (model.heads * h, D),
        "feed_forward_norm": (D,),
    }
    if model.query_key_value_bias:
        shapes |= {
            "attention.query_bias": (model.heads * h,),
            "attention.key_bias": (model.key_value_heads * h,),
            "attention.value_bias": (model.key_value_heads * h,),
        }
    if model.query_key_norm == "head":
        shapes |= {"attention.query_norm": (h,), "attention.key_norm": (h,)}
    if model.query_key_norm == "full":
        shapes |= {
            "attention.query_norm": (model.heads * h,),
            "attention.key_norm": (model.key_value_heads * h,),
        }
    if layer < model.dense_layers:
        F = model.dense_width
        return shapes | {"mlp.gate": (D, F), "mlp.up": (D, F), "mlp.down": (F, D)}
    E, F = model.experts, model.expert_width
    shapes |= {
        "moe.router": (D, E),
        "moe.gate": (E, D, F),
        "moe.up": (E, D, F),
        "moe.down": (E, F, D),
    }
    if model.router_bias:
        shapes[ROUTER_BIAS] = (E,)
    F = model.shared_width
    for shared in range(model.shared_experts):
        prefix = f"moe.shared.{shared}."
        shapes |= {prefix + "gate": (D, F), prefix + "up": (D, F), prefix + "down": (F, D)}
    if model.shared_expert_gate:
        shapes["moe.shared_gate"] = (D, 1)
    return shapes


def body_shapes(model: ModelConfig) -> Shapes:
    """Names and shapes of everything below the head."""
    shapes: Shapes = {"embedding": (model.vocabulary, model.hidden)}
    for layer in range(model.layers):
        shapes |= {
            f"layers.{layer}.{name}": shape for name, shape in block_shapes(model, layer).items()
        }
    return shapes | {"final_norm": (model.hidden,)}


def value_shapes(model: ModelConfig) -> Shapes:
    """Names and shapes of the value model's weights: ``V = norm(x) value_head + value_bias``."""
    return body_shapes(model) | {"value_head": (model.hidden, 1), "value_bias": (1,)}


def policy_shapes(model: ModelConfig) -> Shapes:
    """Names and shapes of the policy's weights."""
    head = {} if model.tied_embeddings else {"head": (model.hidden, model.vocabulary)}
    return body_shapes(model) | head
