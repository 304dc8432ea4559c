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
    LlamaConfig,
    PretrainedConfig,
    Qwen3Config,
    Qwen3MoeConfig,
)

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array, BoolArray, IntArray, Params

# With models this small, giving work to a second thread takes ten times longer than the work.
torch.set_num_threads(1)

CASTING_MODULES = tuple(
    f"transformers.models.{name}.modeling_{name}" for name in ("llama", "qwen3", "qwen3_moe")
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
        routers = {"output_router_logits": True} if family(self.model) is Qwen3MoeConfig else {}
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
        model: Sizes; no shared experts, which Qwen3-MoE does not have.
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
                gain = 2.0 if name.endswith("mlp.gate.weight") else 1.0
                weight.copy_(gain * weight.shape[-1] ** -0.5 * noise)
    return Outside(network, model, exact)


def family(model: ModelConfig) -> type[PretrainedConfig]:
    """The architecture of transformers that a configuration of ours describes."""
    if model.dense_layers < model.layers:
        return Qwen3MoeConfig
    return Qwen3Config if model.query_key_norm else LlamaConfig


def outside_config(model: ModelConfig) -> PretrainedConfig:
    """Our sizes under their names."""
    kind = family(model)
    if kind is Qwen3MoeConfig and (model.shared_experts or not model.query_key_norm):
        raise ValueError("Qwen3-MoE has query-key norms and no shared experts")
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
    return kind(**settings)


def renamed(theirs: Mapping[str, Array], model: ModelConfig) -> Params:
    """Their arrays by our names; matrices transposed to [in, out], fused experts split.

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
            gate_up_E2FD = remaining.pop(their_prefix + "mlp.experts.gate_up_proj")
            gate_EFD, up_EFD = numpy.split(gate_up_E2FD, 2, axis=1)
            down_EDF = remaining.pop(their_prefix + "mlp.experts.down_proj")
            for name, array in (("gate", gate_EFD), ("up", up_EFD), ("down", down_EDF)):
                ours[f"{prefix}moe.{name}"] = array.transpose(0, 2, 1)
    if remaining:
        raise AssertionError(f"outside arrays without a counterpart: {sorted(remaining)}")
    return {name: array.copy() for name, array in ours.items()}


@contextmanager
def float64_throughout() -> Iterator[None]:
    """Models of transformers compute in float64 where their code says float32."""
    with ExitStack() as replaced:
        for module in CASTING_MODULES:
            replaced.enter_context(patch(f"{module}.torch", Float64Torch()))
        yield
