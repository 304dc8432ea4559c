"""The text of a response while it grows: stop texts, whatever tokens they fall into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.serving.growing_text import GrowingText
from seed.reference.text.incremental import IncrementalDecoder
from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.spec import characters
from tests.support.tiny_tokenizers import chat_folder


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> LanguageTokenizer:
    return LanguageTokenizer(chat_folder(tmp_path_factory.mktemp("growing")))


def letters(stops: list[str]) -> GrowingText:
    decoder = IncrementalDecoder(characters.decode, lambda _: None, frozenset({characters.END}))
    return GrowingText(decoder, stops)


def fed(growing: GrowingText, ids: tuple[int, ...]) -> list[str]:
    """What is shown at each token, until a stop text."""
    parts = []
    for number in ids:
        parts.append(growing.feed(number, -0.5))
        if growing.stopped:
            break
    return [*parts, growing.finish()]


@given(text=st.text("ab.", max_size=8), stops=st.lists(st.text("ab.", min_size=1, max_size=3)))
def test_the_text_ends_where_the_first_stop_text_begins(text: str, stops: list[str]) -> None:
    growing = letters(stops)
    shown = "".join(fed(growing, characters.encode(text)))
    prefixes = [text[:end] for end in range(len(text) + 1)]
    first = next((p for p in prefixes if any(stop in p for stop in stops)), None)
    if first is None:
        assert (shown, growing.stopped, growing.drawn) == (text, False, len(text))
    else:
        assert shown == first[: min(first.find(stop) for stop in stops if stop in first)]
        assert (growing.stopped, growing.drawn) == (True, len(first))


def test_what_may_be_a_stop_text_is_held_back() -> None:
    growing = letters(["ab."])
    assert fed(growing, characters.encode("aab")) == ["", "a", "", "ab"]
    growing = letters(["ab."])
    assert fed(growing, characters.encode("aab.b")) == ["", "a", "", "", ""]
    assert [one.offset for one in growing.tokens(is_whole=True)] == [0]


@given(stop=st.sampled_from(["apples", "3 app", "s and", "👍", "x"]))
def test_a_stop_text_is_found_over_token_borders(tokenizer: LanguageTokenizer, stop: str) -> None:
    text = "Tom has 3 apples and 👍🏽."
    growing = GrowingText(tokenizer.incremental(), [stop])
    ids = tokenizer.encode(text)
    assert "".join(fed(growing, ids)) == text.partition(stop)[0]
    assert growing.stopped == (stop in text)
    shown = growing.tokens(is_whole=True)
    assert [one.id for one in shown] == list(ids[: len(shown)])
    assert all(one.offset < len(text.partition(stop)[0]) for one in shown)


def test_every_token_but_the_end_is_shown_once(tokenizer: LanguageTokenizer) -> None:
    growing = GrowingText(tokenizer.incremental(), ["zz"])
    ids = tokenizer.encode("🦉z🦉")
    shown = []
    for number in (*ids, tokenizer.end):
        growing.feed(number, -0.5)
        shown += growing.tokens(is_whole=False)
    growing.finish()
    shown += growing.tokens(is_whole=True)
    assert [one.id for one in shown] == list(ids)
    assert growing.drawn == len(ids) + 1
