"""Runs that start from a model folder."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from seed.conformance.outside_folders import save
from seed.reference.backend import ReferenceBackend
from seed.reference.pretrained.folder import settings_of_model
from seed.reference.training.start import with_start
from seed.spec.config import Config
from tests.support.small_runs import small_config
from tests.support.tiny_tokenizers import chat_folder


def config_from(folder: Path, *overrides: str) -> Config:
    """The configuration of a small GRPO run from a model folder, with the character tokenizer."""
    settings = settings_of_model(folder).items()
    sizes = [f"model.{name}={json.dumps(value)}" for name, value in settings]
    config = small_config("grpo", *sizes, f"start.model={folder}", *overrides)
    return with_start(config, ReferenceBackend())


def chat_model(folder: Path) -> Path:
    """A tiny random Llama with a byte-level tokenizer and ChatML, as ``transformers`` saves one."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    chat_folder(folder)
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    sizes = {"vocab_size": vocabulary, "hidden_size": 16, "intermediate_size": 24, "head_dim": 8}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": 2}
    config = LlamaConfig(**sizes, **heads, max_position_embeddings=256, tie_word_embeddings=True)
    factory: Any = AutoModelForCausalLM
    save(factory.from_config(config), folder, torch.float32, 1)
    return folder
