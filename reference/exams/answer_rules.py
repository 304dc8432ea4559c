"""Rules about an answer: is it an integer, given away by the statement, or easy to guess?

Source: Seed1.5-Thinking, section 2.2: answers must not be trivial, such as a number that appears in
the statement. What else is trivial is our reading, stated here.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, permutations
from math import comb

NOT_AN_INTEGER = "not-an-integer"
IN_STATEMENT = "answer-in-statement"
ONE_STEP = "one-step"
SMALL = "small-answer"
GUESSABLE = "guessable"

SMALLEST = 3
"""Answers whose absolute value is smaller are guessed: 0, 1, 2."""
GUESS_SHARE = 0.05
"""An answer that more than this share of a family's problems have is guessed."""
LARGEST_EXPONENT = 64
LARGEST_CHOICE = 500
MOST_NUMBERS = 24
"""Of a long statement the first different numbers: pairs of all would hit by chance."""

INTEGER = re.compile(r"[-+\N{MINUS SIGN}]?\d+")
GROUPED = re.compile(r"(?<=\d)(?:,|\{,\}|\\,|\\!|\\;|\{\\,\})(?=\d{3}(?!\d))")
INDEX = re.compile(r"_(?:\d(?!\d)|\{\d\})")
"""A single digit below the line names a thing; it is no number of the problem."""
NUMBER = re.compile(r"(?<![\d.])\d+(?!\.?\d)")


def integer_of(answer: str) -> int | None:
    """An answer as an integer; None if it is none."""
    text = GROUPED.sub("", answer.strip().strip("$").strip())
    if not INTEGER.fullmatch(text):
        return None
    return int(text.replace("\N{MINUS SIGN}", "-"))


def numbers_in(text: str) -> list[int]:
    """The nonnegative integers written in digits in a statement, in order."""
    plain = INDEX.sub("", GROUPED.sub("", text))
    return [int(number) for number in NUMBER.findall(plain) if len(number) <= 40]


def broken_answer_rules(text: str, answer: str) -> Iterator[tuple[str, str]]:
    """Name and detail of every rule that an answer breaks.

    Args:
        text: The statement.
        answer: The reference answer.
    """
    value = integer_of(answer)
    if value is None:
        yield NOT_AN_INTEGER, f"the answer is {answer[:60]}"
        return
    numbers = numbers_in(text)
    if abs(value) in numbers:
        yield IN_STATEMENT, f"{abs(value)} stands in the statement"
    if abs(value) < SMALLEST:
        yield SMALL, f"{value} is among the first guesses"
    if step := one_step(numbers, value):
        yield ONE_STEP, step


def one_step(numbers: Sequence[int], value: int) -> str:
    """How one operation on the numbers of a statement gives the answer; empty if none does.

    Operations on two numbers: sum, difference, product, exact quotient, power, binomial
    coefficient. A number may be used twice if it stands there twice. Operations on one: the number
    before or after it, its half, its double, its square.
    """
    counts = Counter(number for number in numbers if number > 1)
    once = list(counts)[:MOST_NUMBERS]
    pairs = [*permutations(once, 2), *((n, n) for n in once if counts[n] > 1)]
    steps = (step for a, b in pairs for step in _steps(a, b))
    alone = (step for number in once for step in _steps_alone(number))
    return next((text for text, result in chain(steps, alone) if result == value), "")


def _steps_alone(a: int) -> Iterator[tuple[str, int]]:
    yield f"{a} + 1", a + 1
    yield f"{a} - 1", a - 1
    yield f"2 * {a}", 2 * a
    yield f"{a}^2", a * a
    if a % 2 == 0:
        yield f"{a} / 2", a // 2


def _steps(a: int, b: int) -> Iterator[tuple[str, int]]:
    yield f"{a} + {b}", a + b
    yield f"{a} - {b}", a - b
    yield f"{a} * {b}", a * b
    if a % b == 0:
        yield f"{a} / {b}", a // b
    if b <= LARGEST_EXPONENT and a < 10**6:
        yield f"{a}^{b}", a**b
    if 1 < b < a <= LARGEST_CHOICE:
        yield f"C({a}, {b})", comb(a, b)


def most_common(answers: Sequence[str]) -> tuple[str, int]:
    """The answer that a baseline would always give, and how often it is right."""
    counts = Counter(" ".join(answer.split()) for answer in answers)
    return min(counts.items(), key=lambda item: (-item[1], item[0])) if counts else ("", 0)
