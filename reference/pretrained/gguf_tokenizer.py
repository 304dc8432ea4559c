"""The tokenizer of a GGUF file, rebuilt as the files of a model folder.

A GGUF file holds tokens, merges and the name of the rule that splits a text into words before
merging (``tokenizer.ggml.pre``). The rules themselves are code of whoever reads the file.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require

PREFIX = "tokenizer.ggml."
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
"""Kinds of tokens."""
END_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")
"""Keys of tokens that end a response: of a text, of a turn, of a message to a tool."""

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Contractions, words with a sign before them, digits, punctuation, line ends, other blanks."""


def tokenizer_files(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """``tokenizer.json``, ``tokenizer_config.json`` and ``generation_config.json``.

    Args:
        metadata: Of the GGUF file.

    Returns:
        Name of a file -> its text.

    Raises:
        SeedError: FOREIGN_MODEL, BACKEND_MISSING.
    """
    require("tokenizers", "the tokenizer of a GGUF file", "pretrained")
    return {
        "tokenizer.json": tokenizer_json(metadata),
        "tokenizer_config.json": _text(_tokenizer_settings(metadata)),
        "generation_config.json": _text(_generation_settings(metadata)),
    }


def tokenizer_json(metadata: Mapping[str, Any]) -> str:
    """The text of ``tokenizer.json``: byte-level BPE (Sennrich et al., arXiv 1508.07909).

    Raises:
        SeedError: FOREIGN_MODEL if its kind or its splitting rule is not known.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    kind, rule = metadata.get(f"{PREFIX}model"), metadata.get(f"{PREFIX}pre", "")
    if kind != "gpt2":
        raise _foreign(f"{PREFIX}model={kind!r}; legal: 'gpt2'")
    if rule not in SPLITTERS:
        raise _foreign(f"{PREFIX}pre={rule!r}; legal: {', '.join(SPLITTERS)}")
    tokens, kinds = metadata[f"{PREFIX}tokens"], metadata[f"{PREFIX}token_type"]
    ids = {token: number for number, token in enumerate(tokens)}
    merges = [tuple(merge.split(" ", 1)) for merge in metadata[f"{PREFIX}merges"]]
    whole_words_first = rule == "llama-bpe"
    tokenizer = Tokenizer(models.BPE(ids, merges, ignore_merges=whole_words_first))
    if rule == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = SPLITTERS[rule]()
    tokenizer.decoder = decoders.ByteLevel()
    if metadata.get(f"{PREFIX}add_bos_token"):
        tokenizer.post_processor = _beginning(tokens, metadata)
    for special, wanted in ((True, CONTROL), (False, USER_DEFINED)):
        added = [
            AddedToken(token, special=special, normalized=False)
            for token, of_token in zip(tokens, kinds, strict=True)
            if of_token == wanted
        ]
        tokenizer.add_special_tokens(added) if special else tokenizer.add_tokens(added)
    return str(tokenizer.to_str())


def _beginning(tokens: list[str], metadata: Mapping[str, Any]) -> Any:
    """The rule that a plain text begins with the token for a beginning."""
    from tokenizers import processors

    number = metadata[f"{PREFIX}bos_token_id"]
    return processors.TemplateProcessing(
        single=f"{tokens[number]} $A",
        pair=f"{tokens[number]} $A {tokens[number]}:1 $B:1",
        special_tokens=[(tokens[number], number)],
    )


def _smollm() -> Any:
    from tokenizers import pre_tokenizers

    digits = pre_tokenizers.Digits(individual_digits=True)
    return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])


def _gpt2() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _words(digits: str) -> Callable[[], Any]:
    """The rule of Llama 3 and Qwen 2, which differ in how many digits stay together."""

    def build() -> Any:
        from tokenizers import Regex, pre_tokenizers

        split = pre_tokenizers.Split(Regex(WORDS % digits), "isolated")
        as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        return pre_tokenizers.Sequence([split, as_bytes])

    return build


SPLITTERS = {"smollm": _smollm, "qwen2": _words(""), "llama-bpe": _words("{1,3}"), "gpt-2": _gpt2}
"""``tokenizer.ggml.pre`` -> what splits a text before merging."""


def _tokenizer_settings(metadata: Mapping[str, Any]) -> dict[str, Any]:
    tokens = metadata[f"{PREFIX}tokens"]
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "add_bos_token": bool(metadata.get(f"{PREFIX}add_bos_token", False)),
    }
    for name, key in {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}.items():
        number = metadata.get(f"{PREFIX}{key}_token_id")
        if number is not None:
            settings[f"{name}_token"] = tokens[number]
    template = metadata.get("tokenizer.chat_template")
    return settings | ({"chat_template": template} if template else {})


def _generation_settings(metadata: Mapping[str, Any]) -> dict[str, Any]:
    ends = [metadata[PREFIX + key] for key in END_KEYS if PREFIX + key in metadata]
    unique = list(dict.fromkeys(ends))
    settings = {"eos_token_id": unique[0] if len(unique) == 1 else unique}
    for name, key in {"bos": "bos", "pad": "padding"}.items():
        if f"{PREFIX}{key}_token_id" in metadata:
            settings[f"{name}_token_id"] = metadata[f"{PREFIX}{key}_token_id"]
    return settings


def special_ids(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of ``config.json`` about tokens."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    generation = _generation_settings(metadata)
    return {name: generation.get(name) for name in names}


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _foreign(what: str) -> SeedError:
    return SeedError(Reason.FOREIGN_MODEL, what)
