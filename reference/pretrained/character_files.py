"""The character tokenizer as the files that ``transformers`` reads."""

import json
from typing import Any

from seed.spec.characters import ALPHABET, END, FIRST_CHARACTER, PADDING
from seed.spec.extras import require

SPECIAL = {PADDING: "<padding>", END: "<end>"}
"""Ids without a character, and their names; no text can contain them by chance."""

TEMPLATE = "{{ messages[-1]['content'] }}"
"""A chat is its last message: these models know no turns."""


def character_files(vocabulary: int) -> dict[str, Any]:
    """Tokenizer and generation settings: name of a file -> its text.

    Args:
        vocabulary: Ids that the model knows: the first so many.
    """
    require("tokenizers", "the tokenizer of an exported model", "pretrained")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": SPECIAL[END],
        "pad_token": SPECIAL[PADDING],
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    generation = {"eos_token_id": END, "pad_token_id": PADDING, "do_sample": True}
    return {
        "tokenizer.json": tokenizer_json(vocabulary),
        "tokenizer_config.json": json.dumps(settings, indent=2) + "\n",
        "generation_config.json": json.dumps(generation, indent=2) + "\n",
    }


def tokenizer_json(vocabulary: int) -> str:
    """A ``tokenizer.json`` with one token per character; characters without one become padding."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    characters = ALPHABET[: vocabulary - FIRST_CHARACTER]
    ids = {name: number for number, name in SPECIAL.items()}
    ids |= {character: number for number, character in enumerate(characters, FIRST_CHARACTER)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=SPECIAL[PADDING]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL.values()])
    return str(tokenizer.to_str(pretty=True))


def character_settings(positions: int) -> dict[str, Any]:
    """The keys of ``config.json`` that go with it.

    Args:
        positions: Longest prompt and response that the model was trained for.
    """
    return {
        "max_position_embeddings": positions,
        "bos_token_id": None,
        "eos_token_id": END,
        "pad_token_id": PADDING,
    }
