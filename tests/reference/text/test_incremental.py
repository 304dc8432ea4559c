"""Incremental decoding: the sum of the parts is the whole, and nothing is shown too early."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.text.incremental import REPLACEMENT
from seed.reference.text.language_tokenizer import LanguageTokenizer
from tests.reference.text.conversations import STRINGS
from tests.support.tiny_tokenizers import (
    chat_folder,
    sentence_piece,
    turn_folder,
    word_piece,
    write_folder,
)

LENGTH = 12


def always_prefixed(folder: Path) -> Path:
    return write_folder(folder, sentence_piece(first_only=False), {"eos_token": "</s>"})


def words(folder: Path) -> Path:
    return write_folder(folder, word_piece(), {"eos_token": "[SEP]", "unk_token": "[UNK]"})


@pytest.fixture(scope="module", params=[chat_folder, turn_folder, always_prefixed, words])
def tokenizer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> LanguageTokenizer:
    return LanguageTokenizer(request.param(tmp_path_factory.mktemp("text")), template="none")


def parts(tokenizer: LanguageTokenizer, ids: Sequence[int]) -> list[str]:
    decoder = tokenizer.incremental()
    return [*map(decoder.feed, ids), decoder.finish()]


@given(data=st.data())
def test_any_ids_decode_as_in_whole(tokenizer: LanguageTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocabulary), max_size=LENGTH))
    assert "".join(parts(tokenizer, ids)) == tokenizer.decode(ids)


def test_texts_decode_as_in_whole(tokenizer: LanguageTokenizer) -> None:
    for text in STRINGS:
        ids = tokenizer.encode(text)
        assert "".join(parts(tokenizer, ids)) == tokenizer.decode(ids), repr(text)


def test_a_character_of_several_tokens_comes_at_once(tmp_path: Path) -> None:
    tokenizer = LanguageTokenizer(chat_folder(tmp_path))
    ids = tokenizer.encode("a🦉b")
    assert len(ids) == 5
    assert parts(tokenizer, ids) == ["a", "", "", "🦉", "b", ""]
    assert parts(tokenizer, ids[:3]) == ["a", "", "", REPLACEMENT]


def test_byte_tokens_wait_for_the_end_of_their_run(tmp_path: Path) -> None:
    tokenizer = LanguageTokenizer(turn_folder(tmp_path))
    ids_of = tokenizer.rules.get_vocab()
    ids = [ids_of[token] for token in ("<0x41>", "<0xE2>", "a")]
    assert tokenizer.decode(ids[:1]) == "A"
    assert tokenizer.decode(ids) == 2 * REPLACEMENT + "a"
    assert parts(tokenizer, ids) == ["", "", 2 * REPLACEMENT + "a", ""]


def test_nothing_follows_an_end(tmp_path: Path) -> None:
    tokenizer = LanguageTokenizer(chat_folder(tmp_path))
    ids = [*tokenizer.encode("a"), tokenizer.end, *tokenizer.encode("b")]
    assert "".join(parts(tokenizer, ids)) == "a"


def test_only_the_newest_tokens_are_decoded_again(tmp_path: Path) -> None:
    tokenizer = LanguageTokenizer(chat_folder(tmp_path))
    decoder = tokenizer.incremental()
    for number in tokenizer.encode("Tom has 3 apples and buys 4 more. " * 20):
        decoder.feed(number)
        assert len(decoder.window) < LENGTH


@pytest.fixture(scope="module", params=[chat_folder, turn_folder, always_prefixed])
def stopping(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> LanguageTokenizer:
    folder = request.param(tmp_path_factory.mktemp("stopping"))
    return LanguageTokenizer(folder, template="none", stop=["a"])


@given(data=st.data())
def test_no_text_goes_beyond_a_stop_text_whichever_token_holds_it(
    stopping: LanguageTokenizer, data: st.DataObject
) -> None:
    ordinary = set(range(stopping.vocabulary)) - set(stopping.special.ids.values())
    ids = data.draw(st.lists(st.sampled_from(sorted(ordinary)), max_size=LENGTH))
    text = stopping.decode(ids)
    assert "a" not in text and "".join(parts(stopping, ids)) == text
    unstopped = stopping.text_of(ids)
    if REPLACEMENT not in unstopped:  # else byte tokens may not be those that they are alone
        assert text == unstopped.partition("a")[0]
        assert ("a" in unstopped) == any(number in stopping.ends for number in ids)
