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
    GraniteMoeSharedConfig,
    LlamaConfig,
    MixtralConfig,
    PretrainedConfig,
    Qwen3Config,
    Qwen3MoeConfig,
)

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, BoolArray, IntArray, Params

# With models this small, giving work to a second thread takes ten times longer than the work.
torch.set_num_threads(1)

CASTING_MODULES = tuple(
    f"transformers.models.{name}.modeling_{name}"
    for name in (
        *("llama", "qwen3", "qwen3_moe", "mixtral", "granitemoeshared", "mistral", "qwen2"),
        *("qwen2_moe", "seed_oss", "glm4_moe", "olmoe"),
    )
)
"""Modules in which ``torch`` is replaced while an exact model is built or run."""

LONGEST = 64
"""Positions that their models are configured for; without effect on plain rotary embeddings."""

IGNORED = -100
"""Target that torch's cross-entropy ignores."""

BLOCK_NAMES = {
    "attention_norm": "input_layernorm",
    "attention.query": "self_attn.q_proj",
    "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj",
    "attention.output": "self_attn.o_proj",
    "attention.query_norm": "self_attn.q_norm",
    "attention.key_norm": "self_attn.k_norm",
    "feed_forward_norm": "post_attention_layernorm",
    "mlp.gate": "mlp.gate_proj",
    "mlp.up": "mlp.up_proj",
    "mlp.down": "mlp.down_proj",
    "moe.router": "mlp.gate",
}
"""Our name of a weight of one block -> theirs, without the suffix ``.weight``. Experts are missing,
as theirs are fused.
"""

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
    """

    network: Any
    model: ModelConfig
    exact: bool

    def params(self) -> Params:
        """Its weights under our names."""
        return renamed(
            {name: weight.detach().numpy() for name, weight in self.network.named_parameters()},
            self.model,
        )

    def forward(self, tokens_BS: IntArray, real_BS: BoolArray) -> tuple[Array, Array, list[Array]]:
        """Next-token logits [B, S, V], final states [B, S, D], router logits per layer [N, E]."""
        with torch.no_grad(), self._arithmetic():
            logits, states, routers = self._run(tokens_BS, real_BS)
        return logits.numpy(), states.numpy(), [router.numpy() for router in routers]

    def gradient(self, tokens_BS: IntArray, real_BS: BoolArray) -> tuple[float, Params]:
        """Mean negative log-likelihood of real tokens after the first; its gradient."""
        targets = torch.from_numpy(numpy.where(real_BS, tokens_BS, IGNORED)[:, 1:].reshape(-1))
        self.network.zero_grad()
        with self._arithmetic():
            logits = self._run(tokens_BS, real_BS)[0][:, :-1].flatten(0, 1)
            loss: Any = torch.nn.functional.cross_entropy(logits, targets, ignore_index=IGNORED)
            loss.backward()
        gradients = {name: weight.grad.numpy() for name, weight in self.network.named_parameters()}
        return loss.item(), renamed(gradients, self.model)

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


def build(model: ModelConfig, seed: int, exact: bool = True) -> Outside:
    """A random model of the given sizes.

    Matrices are normal with standard deviation 1/sqrt(fan in) and the router twice that, so that
    every layer matters and router probabilities are apart; norms are 1 plus noise, as equal norms
    could be confused unnoticed.

    Args:
        model: Sizes of a model that one of the families can have.
        seed: Of the weights.
        exact: Whether it computes in float64 throughout.
    """
    factory: Any = AutoModelForCausalLM  # partly annotated
    with float64_throughout() if exact else nullcontext():
        network = factory.from_config(
            outside_config(model),
            dtype=torch.float64,
            attn_implementation="eager",
            experts_implementation="eager",
        ).eval()
    randomness = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            noise = torch.randn(weight.shape, dtype=weight.dtype, generator=randomness)
            if weight.ndim == 1:
                weight.copy_(1.0 + 0.3 * noise)
            else:
                gain = 2.0 if name.endswith(("mlp.gate.weight", GRANITE_ROUTER)) else 1.0
                weight.copy_(gain * weight.shape[-1] ** -0.5 * noise)
    return Outside(network, model, exact)


def family(model: ModelConfig) -> type[PretrainedConfig]:
    """The architecture of transformers that a configuration of ours describes."""
    if model.dense_layers == model.layers:
        return Qwen3Config if model.query_key_norm else LlamaConfig
    if model.query_key_norm:
        return Qwen3MoeConfig
    return GraniteMoeSharedConfig if model.shared_experts else MixtralConfig


def outside_config(model: ModelConfig) -> PretrainedConfig:
    """Our sizes under their names."""
    kind = family(model)
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
        "rope_parameters": {"rope_type": "default", "rope_theta": model.rope_base},
        "hidden_act": "silu",
        "attention_bias": False,
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    if kind is Qwen3MoeConfig:
        settings |= {
            "num_experts": model.experts,
            "num_experts_per_tok": model.experts_per_token,
            "moe_intermediate_size": model.expert_width,
            "norm_topk_prob": model.normalise_gates,
            "mlp_only_layers": list(range(model.dense_layers)),
            "decoder_sparse_step": 1,
        }
    if kind in (MixtralConfig, GraniteMoeSharedConfig):
        settings |= {
            "intermediate_size": model.expert_width,
            "num_local_experts": model.experts,
            "num_experts_per_tok": model.experts_per_token,
        }
    if kind is GraniteMoeSharedConfig:
        settings |= {
            "shared_intermediate_size": model.shared_experts * model.expert_width,
            "attention_multiplier": model.head_width**-0.5,
        }
    return kind(**settings)


def renamed(theirs: Mapping[str, Array], model: ModelConfig) -> Params:
    """Their arrays by our names; matrices transposed to [in, out], fused experts split.

    Granite has one shared layer, as wide as all our shared experts together.

    Args:
        theirs: Weights or gradients as ``named_parameters`` names them.
        model: Sizes.

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
            array = remaining.pop(f"{their_prefix}{their_name}.weight", None)
            if array is not None:
                ours[prefix + name] = array.T
        if layer >= model.dense_layers:
            experts = "mlp.experts."
            if family(model) is GraniteMoeSharedConfig:
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
    """Granite's one shared layer cut along its inner width into ``count`` experts of ours."""
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
