"""Cryptarithms: find the digits behind the letters of a sum, as in SEND+MORE=MONEY.

- Instance: ``{"sum": "AB+BA=CAC"}``: words of the letters A to J; the last is the sum of the rest.
- Prompt: ``YAB+BA=CAC=``.
- Response: ``C1B9A2:29+92=121``: the letters with their digits as notes, first that of a final
  carry, then column by column from the right, then ``:`` and the sum in digits. Only what follows
  the last ``:`` is judged; the notes are the reasoning, right or wrong.
- Bare answer: ``29+92=121``: the sum in digits alone.
- Levels 1..6: 5 to 10 different letters; the addends grow from 3 and 2 letters to 5 and 5.

Equal letters stand for equal digits, different letters for different digits, and no number begins
with 0. A puzzle may have several solutions and all of them are accepted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.renaming import renamed_by_appearance
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
    """Draw two numbers until their sum has the level's count of different digits; name these."""
    first, second, letters = LENGTHS_AND_LETTERS[difficulty]
    shuffled = "".join(LETTERS[index] for index in random.permutation(len(LETTERS)))
    names = str.maketrans("0123456789", shuffled)
    while True:
        addends = [
            int(random.integers(10 ** (length - 1), 10**length)) for length in (first, second)
        ]
        digits = f"{addends[0]}+{addends[1]}={sum(addends)}"
        if len(set(digits)) == letters + len("+="):
            return {"sum": digits.translate(names)}


def identity(instance: Mapping[str, Any]) -> str:
    """Rename the letters in the order in which they appear.

    Of the sums that the orders of the addends give, the first in alphabetical order.
    """
    *addends, total = _words(instance["sum"])
    sums = (f"{'+'.join(order)}={total}" for order in permutations(addends))
    return min(renamed_by_appearance(letters, LETTERS) for letters in sums)


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``YAB+BA=CAC=``."""
    return f"Y{instance['sum']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The digit of every letter in the order in which the search decides them, then the sum."""
    digits = _digits_of(instance)
    notes = "".join(f"{letter}{digit}" for letter, digit in digits.items())
    return f"{notes}:{_in_digits(instance, digits)}"


def answer(instance: Mapping[str, Any]) -> str:
    """The sum in digits, found by exact search."""
    return _in_digits(instance, _digits_of(instance))


def work(instance: Mapping[str, Any]) -> int:
    """The number of different letters, 5 to 10."""
    return len(set(instance["sum"]) & set(LETTERS))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Put the digits after the last colon in place of the letters and add them up.

    ``correct`` exactly if the digits fit the letters one to one, no number begins with 0, and the
    sum is right.
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


def _in_digits(instance: Mapping[str, Any], digits: Mapping[str, int]) -> str:
    return "".join(str(digits.get(character, character)) for character in instance["sum"])


def _digits_of(instance: Mapping[str, Any]) -> dict[str, int]:
    """Find the first digits that keep the rules, in the order of ``_solutions``."""
    words = _words(instance["sum"])
    digits = next(_solutions([word[::-1] for word in words], {word[0] for word in words}), None)
    if digits is None:
        raise ValueError(f"no digits solve {instance['sum']}")
    return digits


def _solutions(words: Words, leading: set[str]) -> Iterator[dict[str, int]]:
    """Yield every solution, first a final carry, then column by column from the right.

    The words are written backwards, so that index 0 is the column of ones.
    """
    columns = [[word[index : index + 1] for word in words] for index in range(max(map(len, words)))]

    def from_column(index: int, carry: int, digits: dict[str, int]) -> Iterator[dict[str, int]]:
        if index == len(columns):
            if carry == 0:
                yield digits
            return
        *above, below = columns[index]
        for chosen in _choices([letter for letter in above if letter], leading, digits):
            tens, ones = divmod(carry + sum(chosen.get(letter, 0) for letter in above), 10)
            for complete in _choices([below] if below else [], leading, chosen, ones):
                if complete.get(below, 0) == ones:
                    yield from from_column(index + 1, tens, complete)

    # A column of the sum that no addend reaches is only a carry: 1 with two addends.
    final_carry = columns[-1][-1] if not any(columns[-1][:-1]) else ""
    for carry in range(1, len(words) - 1) if final_carry else [0]:
        yield from from_column(0, 0, {final_carry: carry} if final_carry else {})


def _choices(
    letters: Words, leading: set[str], digits: dict[str, int], only: int | None = None
) -> Iterator[dict[str, int]]:
    """Yield every way to give the letters that have no digit a free one, or only a certain one."""
    open_letter = next((letter for letter in letters if letter not in digits), None)
    if open_letter is None:
        yield digits
        return
    for digit in range(10) if only is None else [only]:
        if digit not in digits.values() and not (digit == 0 and open_letter in leading):
            yield from _choices(letters, leading, {**digits, open_letter: digit}, only)
