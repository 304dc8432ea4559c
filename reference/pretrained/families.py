"""The families of models that can be read and written: one table, one entry per ``model_type``.

An entry says what each key of ``config.json`` is called here, what the architecture implies, which
values of other keys leave the function unchanged, and how the tensors are called. Every key must be
known, since a model whose keys nobody reads goes wrong silently: a key that is not in the table, or
has another value than the table allows, is refused by name.

Both spellings are read: ``rope_theta`` and ``rope_scaling`` of older files, ``rope_parameters`` of
``transformers`` 5; ``num_experts`` and ``num_local_experts``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seed.spec.errors import Reason, SeedError

SIZES = {
    "vocabulary": "vocab_size",
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "key_value_heads": "num_key_value_heads",
    "head_width": "head_dim",
    "norm_epsilon": "rms_norm_eps",
    "tied_embeddings": "tie_word_embeddings",
}
"""Our setting -> the key that holds its value, in all families."""
DENSE = SIZES | {"dense_width": "intermediate_size"}
EXPERTS = {
    "experts": "num_experts",
    "experts_per_token": "num_experts_per_tok",
    "expert_width": "moe_intermediate_size",
}
NO_EXPERTS = {
    "experts": 1,
    "experts_per_token": 1,
    "expert_width": 1,
    "shared_experts": 0,
    "shared_expert_width": 0,
    "shared_expert_gate": False,
    "router_scores": "softmax",
    "router_bias": False,
    "router_groups": 1,
    "router_groups_kept": 1,
    "normalise_gates": True,
    "gate_scale": 1.0,
}
"""What a dense model has in the settings of experts, which nothing reads."""
MIXTURE = {"shared_experts": 0}

TOP_TENSORS = {
    "embedding": "model.embed_tokens.weight",
    "final_norm": "model.norm.weight",
    "head": "lm_head.weight",
    "value_head": "score.weight",
}
EXPERT_TENSORS = {
    f"moe.{part}": f"mlp.experts.{{expert}}.{part}_proj.weight" for part in ("gate", "up", "down")
}
TENSORS = {
    "attention_norm": "input_layernorm.weight",
    **{
        f"attention.{ours}": f"self_attn.{theirs}_proj.weight"
        for ours, theirs in {"query": "q", "key": "k", "value": "v", "output": "o"}.items()
    },
    **{
        f"attention.{ours}_bias": f"self_attn.{theirs}_proj.bias"
        for ours, theirs in {"query": "q", "key": "k", "value": "v"}.items()
    },
    "attention.query_norm": "self_attn.q_norm.weight",
    "attention.key_norm": "self_attn.k_norm.weight",
    "feed_forward_norm": "post_attention_layernorm.weight",
    **{f"mlp.{part}": f"mlp.{part}_proj.weight" for part in ("gate", "up", "down")},
    "moe.router": "mlp.gate.weight",
    "moe.router_bias": "mlp.gate.e_score_correction_bias",
    **EXPERT_TENSORS,
}
"""Our name of a weight of a block -> the tensor's; ``{expert}`` stands for each expert's number."""
MIXTRAL_TENSORS = {
    "moe.router": "block_sparse_moe.gate.weight",
    "moe.gate": "block_sparse_moe.experts.{expert}.w1.weight",
    "moe.up": "block_sparse_moe.experts.{expert}.w3.weight",
    "moe.down": "block_sparse_moe.experts.{expert}.w2.weight",
}
FUSED = {
    "moe.gate": ("mlp.experts.gate_up_proj", 0),
    "moe.up": ("mlp.experts.gate_up_proj", 1),
    "moe.down": ("mlp.experts.down_proj", None),
}
"""Experts in one tensor [E, out, in]: its name, and which half of its rows; None is all."""


def shared_tensors(folder: str) -> dict[str, str]:
    """The tensors of a shared expert that a family calls ``mlp.FOLDER``."""
    return {
        f"moe.shared.0.{part}": f"mlp.{folder}.{part}_proj.weight"
        for part in ("gate", "up", "down")
    }


FULL_ATTENTION = "full_attention"
SILU = {"hidden_act": ("silu",)}
NO_BIAS = {"attention_bias": (False,)}
NO_SLIDING_WINDOW = {"use_sliding_window": (False,), "layer_types": (FULL_ATTENTION,)}
"""With it the width of the window has no effect."""


@dataclass(frozen=True)
class Family:
    """What one ``model_type`` is in our settings.

    Attributes:
        architecture: Its class in ``transformers``.
        keys: Our setting -> the key that holds its value.
        implied: Settings that all its models have.
        neutral: Key -> the values with which it leaves the function as it is, the usual one first.
            A list must hold nothing else.
        defaults: What a key means that a file leaves out.
        unread: Keys without effect on the function in this family.
        tensors: Our name of a weight of a block -> the tensor's.
        dense_blocks: The key that says which blocks are dense; "" if all or none are.
        shared_width: The key of the inner width of the shared expert, or of how many routed experts
            it is as wide as; "" without shared experts. Theirs is one layer, and so is ours.
    """

    architecture: str
    keys: Mapping[str, str] = field(default_factory=lambda: DENSE)
    implied: Mapping[str, Any] = field(default_factory=dict)
    neutral: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    tensors: Mapping[str, str] = field(default_factory=lambda: TENSORS)
    dense_blocks: str = ""
    shared_width: str = ""


FAMILIES = {
    "llama": Family(
        "LlamaForCausalLM",
        implied={"query_key_norm": False, **NO_EXPERTS},
        neutral={**SILU, **NO_BIAS, "mlp_bias": (False,), "rope_interleaved": (False,)},
        defaults={"rope_theta": 10_000.0},
        unread=("is_llama_config",),
    ),
    "mistral": Family(
        "MistralForCausalLM",
        implied={"query_key_norm": False, **NO_EXPERTS},
        neutral={**SILU, "sliding_window": (None,)},
        defaults={"sliding_window": 4096},
    ),
    "qwen2": Family(
        "Qwen2ForCausalLM",
        implied={"query_key_norm": False, "query_key_value_bias": True, **NO_EXPERTS},
        neutral={**SILU, **NO_SLIDING_WINDOW},
        unread=("sliding_window", "max_window_layers", "use_mrope"),
    ),
    "qwen3": Family(
        "Qwen3ForCausalLM",
        implied={"query_key_norm": True, **NO_EXPERTS},
        neutral={**SILU, **NO_BIAS, **NO_SLIDING_WINDOW},
        defaults={"head_dim": 128},
        unread=("sliding_window", "max_window_layers"),
    ),
    "qwen3_moe": Family(
        "Qwen3MoeForCausalLM",
        keys=DENSE | EXPERTS | {"normalise_gates": "norm_topk_prob"},
        implied={"query_key_norm": True, **MIXTURE},
        neutral={**SILU, **NO_BIAS, **NO_SLIDING_WINDOW, "decoder_sparse_step": (1,)},
        unread=("sliding_window", "max_window_layers"),
        dense_blocks="mlp_only_layers",
    ),
    "seed_oss": Family(
        "SeedOssForCausalLM",
        keys=DENSE | {"query_key_value_bias": "attention_bias"},
        implied={"query_key_norm": False, **NO_EXPERTS},
        neutral={**SILU, "attention_out_bias": (False,), "mlp_bias": (False,)},
        defaults={"head_dim": 128},
        unread=("residual_dropout",),
    ),
    "mixtral": Family(
        "MixtralForCausalLM",
        keys=SIZES
        | EXPERTS
        | {"experts": "num_local_experts", "expert_width": "intermediate_size"},
        implied={"query_key_norm": False, "normalise_gates": True, "dense_width": 0, **MIXTURE},
        neutral={**SILU, "sliding_window": (None,)},
        tensors=TENSORS | MIXTRAL_TENSORS,
    ),
    "glm4_moe": Family(
        "Glm4MoeForCausalLM",
        keys=DENSE
        | EXPERTS
        | {
            "experts": "n_routed_experts",
            "normalise_gates": "norm_topk_prob",
            "query_key_value_bias": "attention_bias",
            "query_key_norm": "use_qk_norm",
            "router_groups": "n_group",
            "router_groups_kept": "topk_group",
            "gate_scale": "routed_scaling_factor",
            "rotary_share": "partial_rotary_factor",
        },
        implied={"router_scores": "sigmoid", "router_bias": True},
        neutral={**SILU, "use_qk_norm": (True, False)},
        defaults={"partial_rotary_factor": 0.5},
        unread=("num_nextn_predict_layers",),  # of a head that predicts further tokens
        tensors=TENSORS | shared_tensors("shared_experts"),
        dense_blocks="first_k_dense_replace",
        shared_width="n_shared_experts",
    ),
    "olmoe": Family(
        "OlmoeForCausalLM",
        keys=SIZES
        | EXPERTS
        | {"expert_width": "intermediate_size", "normalise_gates": "norm_topk_prob"},
        implied={"query_key_norm": "full", "dense_width": 0, **MIXTURE},
        neutral={**SILU, **NO_BIAS, "clip_qkv": (None,)},
    ),
    "qwen2_moe": Family(
        "Qwen2MoeForCausalLM",
        keys=DENSE
        | EXPERTS
        | {"normalise_gates": "norm_topk_prob", "query_key_value_bias": "qkv_bias"},
        implied={"query_key_norm": False, "shared_expert_gate": True},
        neutral={**SILU, **NO_SLIDING_WINDOW, "decoder_sparse_step": (1,)},
        defaults={"qkv_bias": True},
        unread=("sliding_window", "max_window_layers"),
        tensors=TENSORS
        | shared_tensors("shared_expert")
        | {"moe.shared_gate": "mlp.shared_expert_gate.weight"},
        dense_blocks="mlp_only_layers",
        shared_width="shared_expert_intermediate_size",
    ),
}
"""``model_type`` -> family. The first that computes a model is the one it is written as."""

OF_THE_FILE = ("architectures", "model_type", "transformers_version", "_name_or_path", "auto_map")
OF_NUMBERS = ("dtype", "torch_dtype", "initializer_range", "pretraining_tp")
OF_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "tokenizer_class")
OF_LENGTHS = ("max_position_embeddings", "use_cache", "chunk_size_feed_forward")
OF_TRAINING = (
    *("attention_dropout", "output_router_logits", "router_aux_loss_coef", "router_jitter_noise"),
    *("finetuning_task", "task_specific_params", "unsloth_fixed", "unsloth_version"),
)
OF_PROGRAMS = (
    *("_attn_implementation", "_attn_implementation_autoset", "attn_implementation"),
    *("output_attentions", "output_hidden_states", "return_dict", "use_return_dict"),
    *("id2label", "label2id", "problem_type", "is_encoder_decoder", "transformers.js_config"),
)
OF_ROTATION = ("rope_theta", "rope_scaling", "rope_parameters", "partial_rotary_factor")
WITHOUT_EFFECT = frozenset(
    (*OF_THE_FILE, *OF_NUMBERS, *OF_TOKENS, *OF_LENGTHS, *OF_TRAINING, *OF_PROGRAMS, *OF_ROTATION)
)
"""Keys that say nothing about the function, or that ``config_json.rotary_settings`` reads.

Dropout, noise on the router and the auxiliary loss belong to training as others do it.
"""

MULTIPLES = ("n_shared_experts",)
"""Keys for the shared expert's width that count it in widths of a routed expert."""

EXPERT_COUNTS = ("num_experts", "num_local_experts", "n_routed_experts")
"""Keys for the number of experts, of which every family reads all and is written with its own."""

ROTARY = {
    "default": {},
    "linear": {"rope_factor": "factor"},
    "llama3": {
        "rope_factor": "factor",
        "rope_original_positions": "original_max_position_embeddings",
        "rope_low_frequency_factor": "low_freq_factor",
        "rope_high_frequency_factor": "high_freq_factor",
    },
    "yarn": {
        "rope_factor": "factor",
        "rope_original_positions": "original_max_position_embeddings",
        "rope_beta_fast": "beta_fast",
        "rope_beta_slow": "beta_slow",
        "rope_attention_factor": "attention_factor",
    },
}
"""Kind of rotary scaling -> our settings and the keys of ``rope_parameters`` that hold them."""
ROTARY_OPTIONAL = ("beta_fast", "beta_slow", "attention_factor")
ROTARY_UNREAD = ("rope_theta", "rope_type", "type", "partial_rotary_factor")


def family_named(model_type: object) -> Family:
    """The entry of a ``model_type``.

    Raises:
        SeedError: FOREIGN_MODEL.
    """
    if model_type not in FAMILIES:
        line = f"model_type {model_type!r} cannot be read; legal: {', '.join(FAMILIES)}"
        raise SeedError(Reason.FOREIGN_MODEL, line)
    return FAMILIES[str(model_type)]


def tensor_of(family: Family, name: str) -> str:
    """The tensor that holds a weight of ours; ``{expert}`` stands for each expert's number."""
    if name in TOP_TENSORS:
        return TOP_TENSORS[name]
    _, layer, of_block = name.split(".", 2)
    return f"model.layers.{layer}.{family.tensors[of_block]}"


def fused_tensor_of(name: str) -> tuple[str, int | None]:
    """The tensor with all experts in one that may hold a weight, and which half of its rows."""
    _, layer, of_block = name.split(".", 2)
    tensor, half = FUSED[of_block]
    return f"model.layers.{layer}.{tensor}", half
