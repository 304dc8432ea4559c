"""Tiny random models of ``transformers``, saved by it to disk, one for each family that is read."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    Glm4MoeConfig,
    LlamaConfig,
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

from seed.conformance.outside import correction_biases, float64_throughout
from seed.reference.pretrained.folder import Folder
from seed.spec.datatypes import Array, IntArray, Params
from seed.spec.weights import policy_shapes

BASE: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
}
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 16}

GLM = {
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "n_shared_experts": 2,
    "first_k_dense_replace": 1,
    "routed_scaling_factor": 2.5,
    "num_nextn_predict_layers": 0,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}


def rope(base: float, **scaling: Any) -> dict[str, Any]:
    """The key ``rope_parameters``."""
    return {"rope_parameters": {"rope_type": "default", "rope_theta": base} | scaling}


CONFIGS: dict[str, PretrainedConfig] = {
    "llama": LlamaConfig(**BASE, tie_word_embeddings=True, **rope(1e5)),
    "mistral": MistralConfig(**BASE, sliding_window=None, **rope(1e6)),
    "qwen3": Qwen3Config(**BASE, tie_word_embeddings=True, **rope(1e6)),
    "qwen3_moe": Qwen3MoeConfig(**BASE, **EXPERTS, norm_topk_prob=True, **rope(1e6)),
    "qwen3_moe, dense first": Qwen3MoeConfig(**BASE, **EXPERTS, mlp_only_layers=[0], **rope(1e6)),
    "llama, linear": LlamaConfig(**BASE, **rope(1e4, rope_type="linear", factor=4.0)),
    "llama3": LlamaConfig(**BASE, **rope(5e5, **LLAMA3)),
    "qwen3, yarn": Qwen3Config(**BASE, **rope(1e6, **YARN)),
    "qwen2": Qwen2Config(**BASE, **rope(1e6)),
    "seed_oss": SeedOssConfig(**BASE, **rope(1e7)),
    "glm4_moe": Glm4MoeConfig(**BASE, **GLM, use_qk_norm=True, n_group=4, topk_group=2),
    "glm4_moe, no norm": Glm4MoeConfig(**BASE, **GLM, attention_bias=True),
    "olmoe": OlmoeConfig(**BASE, num_experts=8, num_experts_per_tok=2, **rope(1e4)),
    "qwen2_moe": Qwen2MoeConfig(
        **BASE, **EXPERTS, shared_expert_intermediate_size=24, mlp_only_layers=[0], **rope(1e6)
    ),
    "mixtral": MixtralConfig(**BASE, num_local_experts=4, **rope(1e6)),
}


def write(name: str, folder: Path, dtype: torch.dtype = torch.float32, **settings: Any) -> None:
    """Save a random model as ``transformers`` does.

    Matrices are normal with standard deviation 1/sqrt(fan in), norms 1 plus noise, biases noise, so
    that everything matters and nothing is equal by chance.

    Args:
        name: One of ``CONFIGS``.
        folder: New.
        dtype: Of the tensors.
        settings: Arguments of ``save_pretrained``, such as ``max_shard_size``.
    """
    factory: Any = AutoModelForCausalLM
    save(factory.from_config(CONFIGS[name]), folder, dtype, 1, **settings)


def write_reward_model(name: str, folder: Path, labels: int = 1, seed: int = 3) -> None:
    """Save a random reward model of a kind of ``CONFIGS``: a body, and a head of scores."""
    factory: Any = AutoModelForSequenceClassification
    config = deepcopy(CONFIGS[name])
    config.num_labels = labels
    save(factory.from_config(config), folder, torch.float32, seed)


def save(network: Any, folder: Path, dtype: torch.dtype, seed: int, **settings: Any) -> None:
    """Draw the weights of a model of ``transformers`` and save it."""
    randomness = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in network.state_dict().items():
            noise = torch.randn(weight.shape, generator=randomness)
            if weight.ndim > 1:
                weight.copy_(weight.shape[-1] ** -0.5 * noise)
            else:
                weight.copy_(0.3 * noise + ("norm" in key))
    network.to(dtype)
    for key, buffer in network.named_buffers():
        if key.endswith("correction_bias"):  # in float32 in all published models
            buffer.data = buffer.data.float()
    network.save_pretrained(folder, **settings)


def logits(folder: Path, tokens_BS: IntArray) -> Array:
    """What ``transformers`` computes with a folder, in float64 throughout [B, S, V]."""
    with float64_throughout():
        network = opened(AutoModelForCausalLM, folder)
        with torch.no_grad():
            output: Array = network(torch.from_numpy(tokens_BS), use_cache=False).logits.numpy()
    return output


def gradients(folder: Path, tokens_BS: IntArray, scratch: Path) -> Params:
    """The gradient of the mean negative log-likelihood in ``transformers``, by our names.

    ``transformers`` saves its gradients as it saves weights, and they are read as weights are. So
    no map between names is needed here. A folder is read in float32: gradients come in two parts
    whose sum is exact to 48 bits.

    Args:
        folder: Of the model.
        tokens_BS: Texts, all their tokens but the first predicted.
        scratch: Folder for the parts.
    """
    tokens = torch.from_numpy(tokens_BS)
    with float64_throughout():
        network = opened(AutoModelForCausalLM, folder)
        predicted = network(tokens, use_cache=False).logits[:, :-1].flatten(0, 1)
        loss: Any = torch.nn.functional.cross_entropy(predicted, tokens[:, 1:].flatten())
        loss.backward()
    exact = {name: weight.grad for name, weight in network.named_parameters()}
    coarse = {name: gradient.float() for name, gradient in exact.items()}
    rest = {name: (gradient - coarse[name].double()).float() for name, gradient in exact.items()}
    read = []
    for number, part in enumerate((coarse, rest)):
        network.float()
        for name, weight in network.named_parameters():
            weight.data = part[name]
        for buffer in correction_biases(network).values():
            buffer.zero_()  # no gradient reaches them
        network.save_pretrained(scratch / str(number))
        read.append(Folder(scratch / str(number)))
    shapes = policy_shapes(read[0].model)
    return {
        name: sum((one.read(name).astype(np.float64) for one in read), np.zeros(shape))
        for name, shape in shapes.items()
    }


def scores(folder: Path, tokens_S: IntArray) -> Array:
    """What ``transformers`` gives each prefix of a text, in float64 throughout [S]."""
    with float64_throughout():
        network = opened(AutoModelForSequenceClassification, folder)
        with torch.no_grad():
            texts = [torch.from_numpy(tokens_S[None, : n + 1]) for n in range(len(tokens_S))]
            each = [network(text, use_cache=False).logits.item() for text in texts]
    return np.array(each)


def opened(factory: Any, folder: Path) -> Any:
    """A model of ``transformers`` read from a folder, in float64."""
    return factory.from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager", experts_implementation="eager"
    ).eval()
