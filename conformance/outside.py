"""Small random models of ``transformers`` as an independent implementation to compare with.

Only the architecture comes from there. Weights are drawn here in their layout and renamed into
ours. The map from their arrays to ours only renames, transposes and splits, so it works for weights
and for gradients.

Their models compute norms, softmaxes and rotary angles in float32 whatever the precision of the
weights is. In float64 that would hide every mistake below 1e-7, so in ``exact`` models the name
float32 means float64.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy
import torch

# Read once, when transformers is imported: nothing here may use the network.
os.environ["HF_HUB_OFFLINE"] = "1"

from transformers import (
    AutoModelForCausalLM,
    Dots1Config,
    Glm4MoeConfig,
    GraniteMoeSharedConfig,
    LlamaConfig,
    MiniMaxM2Config,
    MistralConfig,
    MixtralConfig,
    OlmoeConfig,
    PretrainedConfig,
    Qwen2Config,
    Qwen2MoeConfig,
    Qwen3Config,
    Qwen3MoeConfig,
    SeedOssConfig,
)

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, BoolArray, IntArray, Params

Kind = type[PretrainedConfig]
"""An architecture, by its configuration."""

ALIKE: dict[str, Kind] = {"mistral": MistralConfig, "seed-oss": SeedOssConfig, "dots1": Dots1Config}
"""Architectures with the arithmetic of another one (Llama, Qwen2, GLM-4.5), by their names."""

# With models this small, giving work to a second thread takes ten times longer than the work.
torch.set_num_threads(1)

CASTING_MODULES = (
    "transformers.modeling_rope_utils",
    *(
        f"transformers.models.{name}.modeling_{name}"
        for name in (
            *("llama", "mistral", "qwen2", "seed_oss", "qwen3", "qwen3_moe", "qwen2_moe"),
            *("mixtral", "granitemoeshared", "olmoe", "glm4_moe", "dots1", "minimax_m2"),
        )
    ),
)
"""Modules in which ``torch`` is replaced while an exact model is built or run."""

LONGEST = 64
"""Positions that their models are configured for; without effect on plain rotary embeddings."""

IGNORED = -100
"""Target that torch's cross-entropy ignores."""

GATE_UP_DOWN = ("gate_proj", "up_proj", "down_proj")
BLOCK_NAMES = {
    "attention_norm": "input_layernorm.weight",
    "attention.query": "self_attn.q_proj.weight",
    "attention.key": "self_attn.k_proj.weight",
    "attention.value": "self_attn.v_proj.weight",
    "attention.output": "self_attn.o_proj.weight",
    "attention.query_bias": "self_attn.q_proj.bias",
    "attention.key_bias": "self_attn.k_proj.bias",
    "attention.value_bias": "self_attn.v_proj.bias",
    "attention.query_norm": "self_attn.q_norm.weight",
    "attention.key_norm": "self_attn.k_norm.weight",
    "feed_forward_norm": "post_attention_layernorm.weight",
    "mlp.gate": "mlp.gate_proj.weight",
    "mlp.up": "mlp.up_proj.weight",
    "mlp.down": "mlp.down_proj.weight",
    "moe.router": "mlp.gate.weight",
    "moe.router_bias": "mlp.gate.e_score_correction_bias",
    "moe.shared_gate": "mlp.shared_expert_gate.weight",
    "moe.shared.0.gate": "mlp.shared_expert.gate_proj.weight",
    "moe.shared.0.up": "mlp.shared_expert.up_proj.weight",
    "moe.shared.0.down": "mlp.shared_expert.down_proj.weight",
}
"""Our name of a weight of one block -> theirs. Experts are missing, as theirs are fused, and what
only some architectures call otherwise.
"""

CORRECTION_BIAS = "e_score_correction_bias"
"""Last part of their name of a correction bias, a buffer."""

GRANITE_ROUTER = "block_sparse_moe.router.weight"
GRANITE_EXPERTS = "block_sparse_moe.experts."
GRANITE_SHARED = ("shared_mlp.input_linear.weight", "shared_mlp.output_linear.weight")
"""Granite's names of what the others call ``mlp.gate``, ``mlp.experts``, and of shared experts."""


class Float64Torch:
    """Replaces the module ``torch``: the same, but float32 is float64."""

    def __getattr__(self, name: str) -> object:
        """An attribute of torch."""
        return torch.float64 if name in ("float", "float32") else getattr(torch, name)


@dataclass(frozen=True)
class Outside:
    """A model of transformers.

    Attributes:
        network: The causal language model, weights in float64.
        model: The sizes it was built from.
        exact: Whether it computes in float64 throughout, or in float32 where the library does.
        kind: Its architecture.
    """

    network: Any
    model: ModelConfig
    exact: bool
    kind: Kind

    def params(self) -> Params:
        """Its weights under our names, correction biases among them."""
        weights = dict(self.network.named_parameters()) | correction_biases(self.network)
        arrays = {name: weight.detach().numpy() for name, weight in weights.items()}
        return renamed(arrays, self.model, self.kind)

    def forward(self, tokens_BS: IntArray, real_BS: BoolArray) -> tuple[Array, Array, list[Array]]:
        """Next-token logits [B, S, V], final states [B, S, D], router logits per layer [N, E]."""
        with torch.no_grad(), self._arithmetic():
            logits, states, routers = self._run(tokens_BS, real_BS)
        return logits.numpy(), states.numpy(), [router.numpy() for router in routers]

    def gradient(self, tokens_BS: IntArray, real_BS: BoolArray) -> tuple[float, Params]:
        """Mean negative log-likelihood of real tokens after the first; its gradient.

        Correction biases have none: zeros.
        """
        targets = torch.from_numpy(numpy.where(real_BS, tokens_BS, IGNORED)[:, 1:].reshape(-1))
        self.network.zero_grad()
        with self._arithmetic():
            logits = self._run(tokens_BS, real_BS)[0][:, :-1].flatten(0, 1)
            loss: Any = torch.nn.functional.cross_entropy(logits, targets, ignore_index=IGNORED)
            loss.backward()
        gradients = {name: weight.grad.numpy() for name, weight in self.network.named_parameters()}
        for name, bias in correction_biases(self.network).items():
            gradients[name] = numpy.zeros(bias.shape)
        return loss.item(), renamed(gradients, self.model, self.kind)

    def greedy(self, prompt: tuple[int, ...], limit: int, end: int) -> tuple[int, ...]:
        """The greedy continuation up to ``limit`` tokens or an ``end``, included."""
        tokens = torch.tensor([prompt])
        with torch.no_grad(), self._arithmetic():
            output = self.network.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                do_sample=False,
                max_new_tokens=limit,
                eos_token_id=end,
                pad_token_id=end,
            )
        return tuple(output[0, len(prompt) :].tolist())

    def _run(
        self, tokens_BS: IntArray, real_BS: BoolArray
    ) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        mixture = self.model.dense_layers < self.model.layers
        routers = {"output_router_logits": True} if mixture else {}
        output = self.network(
            input_ids=torch.from_numpy(tokens_BS),
            attention_mask=torch.from_numpy(real_BS.astype(numpy.int64)),
            output_hidden_states=True,
            use_cache=False,
            **routers,
        )
        return (
            output.logits,
            output.hidden_states[-1],
            list(output.router_logits) if routers else [],
        )

    def _arithmetic(self) -> AbstractContextManager[None]:
        return float64_throughout() if self.exact else nullcontext()


def build(model: ModelConfig, seed: int, exact: bool = True, kind: Kind | None = None) -> Outside:
    """A random model of the given sizes.

    Matrices are normal with standard deviation 1/sqrt(fan in) and the router twice that, so that
    every layer matters and router probabilities are apart; norms are 1 plus noise, as equal norms
    could be confused unnoticed; biases are noise.

    Args:
        model: Sizes of a model that one of the families can have.
        seed: Of the weights.
        exact: Whether it computes in float64 throughout.
        kind: The architecture, where several have the same arithmetic; None takes ``family``.
    """
    kind = kind or family(model)
    factory: Any = AutoModelForCausalLM  # partly annotated
    with float64_throughout() if exact else nullcontext():
        network = factory.from_config(
            outside_config(model, kind),
            dtype=torch.float64,
            attn_implementation="eager",
            experts_implementation="eager",
        ).eval()
    randomness = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        weights = dict(network.named_parameters()) | correction_biases(network)
        for name, weight in weights.items():
            noise = torch.randn(weight.shape, dtype=weight.dtype, generator=randomness)
            if name.endswith("bias"):
                weight.copy_(0.3 * noise)
            elif weight.ndim == 1:
                weight.copy_(1.0 + 0.3 * noise)
            else:
                gain = 2.0 if name.endswith(("mlp.gate.weight", GRANITE_ROUTER)) else 1.0
                weight.copy_(gain * weight.shape[-1] ** -0.5 * noise)
    return Outside(network, model, exact, kind)


def correction_biases(network: Any) -> dict[str, torch.Tensor]:
    """The correction biases of a model's routers, which are buffers."""
    buffers = dict(network.named_buffers())
    return {name: bias for name, bias in buffers.items() if name.endswith(CORRECTION_BIAS)}


def family(model: ModelConfig) -> Kind:
    """The architecture of transformers that a configuration of ours describes."""
    if model.dense_layers == model.layers:
        if model.query_key_norm == "head":
            return Qwen3Config
        return Qwen2Config if model.query_key_value_bias else LlamaConfig
    if model.router_scores == "sigmoid":
        return MiniMaxM2Config if model.query_key_norm == "full" else Glm4MoeConfig
    if model.query_key_norm == "full":
        return OlmoeConfig
    if model.shared_expert_gate:
        return Qwen2MoeConfig
    if model.query_key_norm == "head":
        return Qwen3MoeConfig
    return GraniteMoeSharedConfig if model.shared_experts else MixtralConfig


def outside_config(model: ModelConfig, kind: Kind) -> PretrainedConfig:
    """Our sizes under their names."""
    if kind is Qwen3MoeConfig and model.shared_experts:
        raise ValueError("Qwen3-MoE has no shared experts")
    if kind in (MixtralConfig, GraniteMoeSharedConfig) and not (
        model.normalise_gates and model.dense_layers == 0
    ):
        raise ValueError("Mixtral and Granite have normalised gates and no dense layers")
    settings: dict[str, Any] = {
        "vocab_size": model.vocabulary,
        "hidden_size": model.hidden,
        "intermediate_size": max(model.dense_width, 1),
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.key_value_heads,
        "head_dim": model.head_width,
        "max_position_embeddings": LONGEST,
        "rms_norm_eps": model.norm_epsilon,
        "tie_word_embeddings": model.tied_embeddings,
        "rope_parameters": rope_parameters(model),
        "hidden_act": "silu",
        "sliding_window": None,
        "attention_bias": model.query_key_value_bias,
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    return kind(**settings | expert_settings(model, kind))


def rope_parameters(model: ModelConfig) -> dict[str, Any]:
    """Our rotary settings under their names."""
    plain = {"rope_theta": model.rope_base, "partial_rotary_factor": model.rotary_share}
    if model.rope_scaling == "none":
        return plain | {"rope_type": "default"}
    scaled: dict[str, Any] = plain | {"rope_type": model.rope_scaling, "factor": model.rope_factor}
    if model.rope_scaling == "linear":
        return scaled
    scaled["original_max_position_embeddings"] = model.rope_original_positions
    if model.rope_scaling == "llama3":
        return scaled | {
            "low_freq_factor": model.rope_low_frequency_factor,
            "high_freq_factor": model.rope_high_frequency_factor,
        }
    stated = model.rope_attention_factor
    return (
        scaled
        | {"beta_fast": model.rope_beta_fast, "beta_slow": model.rope_beta_slow}
        | ({"attention_factor": stated} if stated else {})
    )


def expert_settings(model: ModelConfig, kind: Kind) -> dict[str, Any]:
    """Our sizes of expert layers under the names of one architecture."""
    common = {"num_experts_per_tok": model.experts_per_token}
    normalised = common | {"norm_topk_prob": model.normalise_gates}
    if kind in (Qwen3MoeConfig, Qwen2MoeConfig):
        return normalised | {
            "num_experts": model.experts,
            "moe_intermediate_size": model.expert_width,
            "shared_expert_intermediate_size": model.shared_width,
            "mlp_only_layers": list(range(model.dense_layers)),
            "decoder_sparse_step": 1,
            "qkv_bias": model.query_key_value_bias,
        }
    if kind is OlmoeConfig:
        return normalised | {"intermediate_size": model.expert_width, "num_experts": model.experts}
    if kind in (Glm4MoeConfig, Dots1Config):
        return normalised | {
            "n_routed_experts": model.experts,
            "moe_intermediate_size": model.expert_width,
            "n_shared_experts": model.shared_experts,
            "first_k_dense_replace": model.dense_layers,
            "n_group": model.router_groups,
            "topk_group": model.router_groups_kept,
            "routed_scaling_factor": model.gate_scale,
            "use_qk_norm": model.query_key_norm == "head",
        }
    if kind in (MixtralConfig, GraniteMoeSharedConfig, MiniMaxM2Config):
        granite = {
            "shared_intermediate_size": model.shared_experts * model.expert_width,
            "attention_multiplier": model.head_width**-0.5,
        }
        return {
            "intermediate_size": model.expert_width,
            "num_local_experts": model.experts,
            **common,
            **(granite if kind is GraniteMoeSharedConfig else {}),
        }
    return {}


def renamed(theirs: Mapping[str, Array], model: ModelConfig, kind: Kind) -> Params:
    """Their arrays by our names; matrices transposed to [in, out], fused experts split.

    Granite, GLM and dots have one shared layer, as wide as all our shared experts together.

    Args:
        theirs: Weights or gradients as ``named_parameters`` names them.
        model: Sizes.
        kind: Whose names they are.

    Returns:
        Copies under our names.

    Raises:
        AssertionError: An array of theirs has no counterpart.
    """
    remaining = dict(theirs)
    ours = {
        "embedding": remaining.pop("model.embed_tokens.weight"),
        "final_norm": remaining.pop("model.norm.weight"),
    }
    if not model.tied_embeddings:
        ours["head"] = remaining.pop("lm_head.weight").T
    for layer in range(model.layers):
        prefix, their_prefix = f"layers.{layer}.", f"model.layers.{layer}."
        for name, their_name in BLOCK_NAMES.items():
            array = remaining.pop(their_prefix + their_name, None)
            if array is not None:
                ours[prefix + name] = array.T
        if layer >= model.dense_layers:
            experts = "mlp.experts."
            if kind is MiniMaxM2Config:
                bias_E = remaining.pop(f"{their_prefix}mlp.{CORRECTION_BIAS}")
                ours[f"{prefix}moe.router_bias"] = bias_E
            if kind in (Glm4MoeConfig, Dots1Config):
                names = [f"{their_prefix}mlp.shared_experts.{name}.weight" for name in GATE_UP_DOWN]
                gate_FD, up_FD, out_DF = (remaining.pop(name) for name in names)
                in_2FD = numpy.concatenate([gate_FD, up_FD])
                ours |= shared_experts(f"{prefix}moe.shared.", in_2FD, out_DF, model.shared_experts)
            if kind is GraniteMoeSharedConfig:
                experts = GRANITE_EXPERTS
                ours[f"{prefix}moe.router"] = remaining.pop(their_prefix + GRANITE_ROUTER).T
                in_2FD, out_DF = (remaining.pop(their_prefix + name) for name in GRANITE_SHARED)
                ours |= shared_experts(f"{prefix}moe.shared.", in_2FD, out_DF, model.shared_experts)
            gate_up_E2FD = remaining.pop(f"{their_prefix}{experts}gate_up_proj")
            gate_EFD, up_EFD = numpy.split(gate_up_E2FD, 2, axis=1)
            down_EDF = remaining.pop(f"{their_prefix}{experts}down_proj")
            for name, array in (("gate", gate_EFD), ("up", up_EFD), ("down", down_EDF)):
                ours[f"{prefix}moe.{name}"] = array.transpose(0, 2, 1)
    if remaining:
        raise AssertionError(f"outside arrays without a counterpart: {sorted(remaining)}")
    return {name: array.copy() for name, array in ours.items()}


def shared_experts(prefix: str, gate_up_2FD: Array, down_DF: Array, count: int) -> Params:
    """One shared layer cut along its inner width into ``count`` experts of ours."""
    gate_FD, up_FD = numpy.split(gate_up_2FD, 2)
    wholes = {"gate": gate_FD.T, "up": up_FD.T, "down": down_DF.T}
    return {
        f"{prefix}{number}.{name}": part
        for name, whole in wholes.items()
        for number, part in enumerate(numpy.split(whole, count, axis=0 if name == "down" else 1))
    }


@contextmanager
def float64_throughout() -> Iterator[None]:
    """Models of transformers compute in float64 where their code says float32."""
    with ExitStack() as replaced:
        replaced.enter_context(patch.object(torch.Tensor, "float", torch.Tensor.double))
        for module in CASTING_MODULES:
            replaced.enter_context(patch(f"{module}.torch", Float64Torch()))
        yield
