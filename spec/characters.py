"""The character tokenizer: one token per character, so a person can read what the policy reads.

Token 0 is padding and is never attended to or learned from; token 1 ends a sequence; the others are
the characters of ``ALPHABET`` in order. Prompt and response are encoded apart; ``END`` is added by
whoever knows that a text is complete.
"""

from collections.abc import Iterable

from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError

PADDING = 0
END = 1
ENDS = frozenset({END})
FIRST_CHARACTER = 2

# First what the four families of the tiny preset need, so that its model can do with 32 ids; then
# the rest of printable ASCII. New characters go to the end: a checkpoint remembers numbers, not
# letters.
ALPHABET = (
    "0123456789+-*/()=. #AMSTGUDLRC"
    + "!\"$%&',:;<>?@BEFHIJKNOPQVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
)
VOCABULARY = FIRST_CHARACTER + len(ALPHABET)
"""Number of token ids. A model may know fewer: the first so many."""

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""Shown for an id without a character; no verifier accepts it."""

_IDS = {character: number for number, character in enumerate(ALPHABET, start=FIRST_CHARACTER)}


def encode(text: str) -> tuple[int, ...]:
    """Write a text as token ids.

    Args:
        text: Characters of ``ALPHABET``.

    Returns:
        One id per character, in FIRST_CHARACTER <= id < VOCABULARY.

    Raises:
        SeedError: A character is not in the alphabet.
    """
    for place, character in enumerate(text):
        if character not in _IDS:
            line = f"character {character!r} at place {place} has no token; legal are {ALPHABET!r}"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
    return tuple(_IDS[character] for character in text)


def vocabulary_for(characters: Iterable[str]) -> int:
    """How many ids a model must know to read and write the given characters.

    Args:
        characters: Characters of ``ALPHABET``.

    Returns:
        One more than the largest id.
    """
    return max((END, *encode("".join(characters)))) + 1


def decode(ids: Iterable[int]) -> str:
    """Write token ids as a text.

    Args:
        ids: Any ids >= 0; a model's vocabulary may be larger than the alphabet.

    Returns:
        The characters before the first ``END``, or all if there is none. Padding is shown as
        nothing, an id without a character as ``UNKNOWN``.
    """
    characters = []
    for number in ids:
        if number == END:
            break
        if number != PADDING:
            known = number < VOCABULARY
            characters.append(ALPHABET[number - FIRST_CHARACTER] if known else UNKNOWN)
    return "".join(characters)


class Characters:
    """The character tokenizer as a ``spec.tokenizer.Tokenizer``."""

    vocabulary, end, ends = VOCABULARY, END, ENDS

    def prompt(self, problem: Problem) -> tuple[int, ...]:
        """The characters of the problem's prompt."""
        return encode(problem.prompt)

    def encode(self, text: str) -> tuple[int, ...]:
        """One id per character."""
        return encode(text)

    def decode(self, ids: Iterable[int]) -> str:
        """The characters before the first ``END``."""
        return decode(ids)
