"""The bytes of tokens: those of a text's tokens are those of the text."""

from pathlib import Path

import pytest
from tokenizers import pre_tokenizers

from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.reference.text.token_bytes import byte_of_letter
from tests.reference.text.conversations import STRINGS
from tests.support.tiny_tokenizers import chat_folder, turn_folder


@pytest.mark.parametrize("make", [chat_folder, turn_folder])
def test_the_bytes_of_a_text_are_those_of_its_tokens(make: object, tmp_path: Path) -> None:
    assert callable(make)
    tokenizer = LanguageTokenizer(make(tmp_path), template="none")
    for text in STRINGS:
        # Behind a letter, so that no space of the first token is lost.
        ids = tokenizer.encode("a" + text)
        assert b"".join(map(tokenizer.bytes_of, ids)).decode().lstrip() == "a" + text, repr(text)


def test_a_letter_stands_for_each_byte() -> None:
    letters = byte_of_letter()
    assert sorted(letters.values()) == list(range(256))
    assert set(letters) == set(pre_tokenizers.ByteLevel.alphabet())
    assert letters["Ġ"] == ord(" ") and letters["Ċ"] == ord("\n")


def test_special_tokens_and_unknown_ids_have_bytes(tmp_path: Path) -> None:
    tokenizer = LanguageTokenizer(chat_folder(tmp_path))
    assert tokenizer.bytes_of(2) == b"<|im_end|>"
    assert tokenizer.bytes_of(10**6).decode() == "\N{REPLACEMENT CHARACTER}"
