"""Folders with small tokenizers of the usual kinds, trained on a few lines."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

LINES = (
    "What is 12 + 30? The sum of 12 and 30 is 42, and 7 * 6 is 42 as well.",
    "Tom has 3 apples and buys 4 more. How many apples does Tom have? 3 + 4 = 7 apples.",
    "system user assistant You are a helpful one. Hello, world! \n\n def add(a, b):\n\treturn a",
    "Was ist die Summe? Größe, naïve café, привет мир, 你好世界, 数学, مرحبا, 👍🏽 🙂 ≤ ∑",
)
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TURNS = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] | trim + eos_token + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
CHAT_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TURN_TOKENS = ("<unk>", "<s>", "</s>")


def byte_level(normalizer: Any = None, digits: bool = True) -> Tokenizer:
    """Byte-level BPE, as of GPT-2, Llama 3 and Qwen: ``<think>`` is an ordinary added token."""
    rules = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(r"\p{N}|[^\s\p{L}\p{N}]?\p{L}+|\s+|[^\s]"), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not digits)
    rules.pre_tokenizer = pre_tokenizers.Sequence([split, level]) if digits else level
    rules.decoder = decoders.ByteLevel()
    if normalizer is not None:
        rules.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(CHAT_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rules.train_from_iterator(LINES, trainer)
    rules.add_tokens([AddedToken(text, normalized=False) for text in ("<think>", "</think>")])
    return rules


def sentence_piece(first_only: bool = True) -> Tokenizer:
    """BPE over characters with byte fallback and a BOS, as of Llama 2 and Mistral."""
    rules = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    scheme = "first" if first_only else "always"
    rules.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    rules.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    special = [*TURN_TOKENS, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False)
    rules.train_from_iterator(["abcdefghijklmnopqrstuvwxyz,.? Tom has 3 apples"] * 2, trainer)
    parsed = json.loads(rules.to_str())
    parsed["added_tokens"] = parsed["added_tokens"][: len(TURN_TOKENS)]
    rules = Tokenizer.from_str(json.dumps(parsed))
    turns = [AddedToken(f"<|{role}|>", rstrip=True) for role in ("user", "assistant", "system")]
    rules.add_special_tokens(turns)
    rules.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return rules


def word_piece() -> Tokenizer:
    """WordPiece, as of BERT."""
    rules = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    rules.normalizer = normalizers.BertNormalizer()
    rules.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    rules.decoder = decoders.WordPiece()
    special = ["[UNK]", "[CLS]", "[SEP]"]
    rules.train_from_iterator(
        LINES,
        trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False),
    )
    return rules


def write_folder(
    folder: Path,
    rules: Tokenizer,
    named: Mapping[str, Any],
    template: str | None = None,
    generation_ends: int | Sequence[int] | None = None,
) -> Path:
    """Write a model folder that has a tokenizer and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    rules.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **named}
    if template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    if generation_ends is not None:
        text = json.dumps({"eos_token_id": generation_ends})
        (folder / "generation_config.json").write_text(text, encoding="utf-8")
    return folder


def chat_folder(folder: Path, **changes: Any) -> Path:
    """A byte-level tokenizer with ChatML."""
    named = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    return write_folder(folder, byte_level(), named, **{"template": CHATML} | changes)


def turn_folder(folder: Path, **changes: Any) -> Path:
    """A sentencepiece-like tokenizer with BOS and turns that strip the line end behind them."""
    named = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return write_folder(folder, sentence_piece(), named, **{"template": TURNS} | changes)
