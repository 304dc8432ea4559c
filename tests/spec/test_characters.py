"""Properties of the character tokenizer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.characters import ALPHABET, END, PADDING, VOCABULARY, decode, encode
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError

FAMILY_LEVELS = [(name, level) for name, family in FAMILIES.items() for level in family.LEVELS]


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_every_prompt_and_demonstration_survives_encoding(name: str, level: int) -> None:
    random = np.random.default_rng(level)
    for _ in range(20):
        instance = FAMILIES[name].draw(random, level)
        for text in (FAMILIES[name].prompt(instance), FAMILIES[name].solve(instance)):
            assert decode(encode(text)) == text


@given(text=st.text(alphabet=ALPHABET))
@settings(max_examples=50)
def test_every_text_over_the_alphabet_survives_encoding_one_token_per_character(text: str) -> None:
    ids = encode(text)
    assert decode(ids) == text
    assert len(ids) == len(text)
    assert all(END < number < VOCABULARY for number in ids)


def test_every_id_has_one_meaning() -> None:
    assert sorted([PADDING, END, *encode(ALPHABET)]) == list(range(VOCABULARY))
    assert (PADDING, END) == (0, 1)
    assert VOCABULARY == 97  # printable ASCII, padding and the end


def test_the_ids_of_characters_never_change() -> None:
    """Checkpoints remember numbers, so this table is part of their format."""
    assert encode("09+=#RS") == (2, 11, 12, 18, 21, 30, 24)


def test_decoding_stops_at_the_end_and_shows_padding_as_nothing() -> None:
    assert (
        decode([PADDING, *encode("3*"), PADDING, *encode("8"), END, *encode("=24"), PADDING])
        == "3*8"
    )


def test_arrays_of_ids_are_decoded_too() -> None:
    assert decode(np.array([*encode("UDLR"), END])) == "UDLR"


@pytest.mark.parametrize("text", ["3*8\n", "\u0663", "\u00e4"])
def test_a_character_without_a_token_is_named(text: str) -> None:
    with pytest.raises(SeedError) as error:
        encode(text)
    assert error.value.reason is Reason.ILLEGAL_VALUE
    assert (
        repr(next(character for character in text if character not in ALPHABET)) in error.value.line
    )


def test_an_id_without_a_character_is_shown_as_one_that_no_verifier_accepts() -> None:
    """A model may have more ids than the alphabet has characters, and may sample them."""
    text = decode([VOCABULARY, *encode("=6"), VOCABULARY + 7])
    assert text == "\N{REPLACEMENT CHARACTER}=6\N{REPLACEMENT CHARACTER}"
    assert (
        FAMILIES["arithmetic"].verify({"chain": "3+3", "clock": False}, text).outcome
        is Outcome.WRONG
    )
