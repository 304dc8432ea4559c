"""Cryptarithms: find the digits behind the letters of a sum, as in SEND+MORE=MONEY.

==========  =============================================================================================
prompt      ``YAB+BA=CAC=``: words of the letters A to J; the last word is the sum of the others.
response    ``C1B9A2:29+92=121``: the letters with their digits as notes, first that of a final carry, then column by
            column from the right, then ``:`` and the sum in digits. Only what follows the last
            ``:`` is judged; the notes are the reasoning, right or wrong.
bare        ``29+92=121``: the sum in digits alone is a correct response too.
difficulty  The number of different letters: 5 at level 1 to 10 at level 6, with addends of 3 and 2
to 5 and 5 letters.
==========  =============================================================================================

Equal letters stand for equal digits, different letters for different digits, and no number begins
with 0. A puzzle may have several solutions and all of them are accepted; the sum a puzzle was made
from is not kept.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LENGTHS_AND_LETTERS = {
    1: (3, 2, 5),
    2: (3, 3, 6),
    3: (4, 3, 7),
    4: (4, 4, 8),
    5: (5, 4, 9),
    6: (5, 5, 10),
}
LEVELS = range(1, len(LENGTHS_AND_LETTERS) + 1)
CHARACTERS = "0123456789+=:ABCDEFGHIJY"
RULES = (
    "Solve a cryptarithm. After the letter Y stands a sum of words; each of the letters A to J"
    " stands for one digit, the same everywhere, and different letters for different digits; no"
    " word begins with 0. Write the sum in digits in the same order, such as 29+92=121 for"
    " AB+BA=CAC. You may write notes and a colon before it: only what follows the last colon is"
    " read. Any digits that keep the rules are accepted."
)
LETTERS = "ABCDEFGHIJ"
SUM_IN_DIGITS = re.compile(r"[0-9]+(\+[0-9]+)+=[0-9]+")
Words = Sequence[str]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw two numbers until their sum has as many different digits as the level asks for, and name
    these by letters.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"sum": "AB+BA=CAC"}``.
    """
    first, second, letters = LENGTHS_AND_LETTERS[difficulty]
    names = dict(
        zip(
            "0123456789",
            (LETTERS[place] for place in random.permutation(len(LETTERS))),
            strict=True,
        )
    )
    while True:
        addends = [
            int(random.integers(10 ** (length - 1), 10**length)) for length in (first, second)
        ]
        digits = f"{addends[0]}+{addends[1]}={sum(addends)}"
        if len(set(digits)) == letters + len("+="):
            return {"sum": "".join(names.get(character, character) for character in digits)}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: the sum with its letters renamed in the order in which they appear.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The first in alphabetical order among those that the orders of the addends give.
    """
    *addends, total = _words(instance["sum"])
    return min(_renamed(f"{'+'.join(order)}={total}") for order in permutations(addends))


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``YAB+BA=CAC=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"Y{instance['sum']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Note the digit of every letter in the order in which the search settles them, then write the
    sum in digits.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.
    """
    digits = _digits_of(instance)
    notes = "".join(f"{letter}{digit}" for letter, digit in digits.items())
    return f"{notes}:{_in_digits(instance, digits)}"


def answer(instance: Mapping[str, Any]) -> str:
    """Write the sum in digits, found by exact search.

    Args:
        instance: What ``draw`` returned.

    Returns:
        A correct response without notes.
    """
    return _in_digits(instance, _digits_of(instance))


def work(instance: Mapping[str, Any]) -> int:
    """Count the letters whose digits are to be found.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number, 5 to 10.
    """
    return len(set(instance["sum"]) & set(LETTERS))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Lay the digits after the last colon over the letters and add them up.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if the digits fit the letters one to one, no number begins with 0, and
        the sum is right.
    """
    digits = response.rpartition(":")[2]
    fault = unreadable(response) or _fault(instance["sum"], digits)
    return judge(fault, digits, "the digits fit the letters and the sum is right")


def _fault(letters: str, digits: str) -> str:
    if not SUM_IN_DIGITS.fullmatch(digits):
        return "the answer is not a sum of numbers in digits, such as 29+92=121"
    # From here on there is one digit for every letter and nothing else, so the numbers are as short
    # as the words.
    if [len(number) for number in _words(digits)] != [len(word) for word in _words(letters)]:
        return "the numbers do not have as many digits as the words have letters"
    pairs = {
        (letter, digit) for letter, digit in zip(letters, digits, strict=True) if letter in LETTERS
    }
    if len(pairs) > len({letter for letter, _ in pairs}):
        return "a letter stands for two digits"
    if len(pairs) > len({digit for _, digit in pairs}):
        return "a digit stands behind two letters"
    if any(number[0] == "0" for number in _words(digits)):
        return "a number begins with 0"
    *addends, total = map(int, _words(digits))
    return "" if sum(addends) == total else f"the sum of the addends is {sum(addends)}, not {total}"


def _words(written: str) -> list[str]:
    return written.replace("=", "+").split("+")


def _renamed(written: str) -> str:
    appearing = "".join(dict.fromkeys(character for character in written if character in LETTERS))
    return written.translate(str.maketrans(appearing, LETTERS[: len(appearing)]))


def _in_digits(instance: Mapping[str, Any], digits: Mapping[str, int]) -> str:
    return "".join(str(digits.get(character, character)) for character in instance["sum"])


def _digits_of(instance: Mapping[str, Any]) -> dict[str, int]:
    """Find the first digits that keep the rules, first that of a final carry, then column by column
    from the right.

    Raises:
        ValueError: There are none, which no instance from ``draw`` allows.
    """
    words = _words(instance["sum"])
    found = next(_solutions([word[::-1] for word in words], {word[0] for word in words}), None)
    if found is None:
        raise ValueError(f"no digits solve {instance['sum']}")
    return found


def _solutions(words: Words, leading: set[str]) -> Iterator[dict[str, int]]:
    """Yield every solution; words are written backwards, so that place 0 is the column of ones."""
    columns = [[word[place : place + 1] for word in words] for place in range(max(map(len, words)))]

    def from_column(place: int, carry: int, digits: dict[str, int]) -> Iterator[dict[str, int]]:
        if place == len(columns):
            if carry == 0:
                yield digits
            return
        *above, below = columns[place]
        for chosen in _choices([letter for letter in above if letter], leading, digits):
            tens, ones = divmod(carry + sum(chosen.get(letter, 0) for letter in above), 10)
            for complete in _choices([below] if below else [], leading, chosen, ones):
                if complete.get(below, 0) == ones:
                    yield from from_column(place + 1, tens, complete)

    # A column that the sum has and no addend is nothing but a carry: with two addends, its letter
    # can only be 1.
    final_carry = columns[-1][-1] if not any(columns[-1][:-1]) else ""
    for carry in range(1, len(words) - 1) if final_carry else [0]:
        yield from from_column(0, 0, {final_carry: carry} if final_carry else {})


def _choices(
    letters: Words, leading: set[str], digits: dict[str, int], only: int | None = None
) -> Iterator[dict[str, int]]:
    """Yield every way to give the letters that have no digit yet a free one, or none but a certain
    one.
    """
    unknown = next((letter for letter in letters if letter not in digits), None)
    if unknown is None:
        yield digits
        return
    for digit in range(10) if only is None else [only]:
        if digit not in digits.values() and not (digit == 0 and unknown in leading):
            yield from _choices(letters, leading, {**digits, unknown: digit}, only)
