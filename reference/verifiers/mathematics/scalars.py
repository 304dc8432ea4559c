"""One expression with what may stand beside it: percent sign, unit, base, a noun of the problem.

20 %    $5    10 cm    30^\\circ    1010_2    5 apples    twelve
"""

import re

from seed.reference.verifiers.mathematics.answers import Answer, Numeral, Scalar
from seed.reference.verifiers.mathematics.expressions import Tree, number
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression
from seed.reference.verifiers.mathematics.policy import Policy
from seed.reference.verifiers.mathematics.units import DEGREE, split_unit

PERCENT = re.compile(r"^(.*\S) ?(?:%|(?<![A-Za-z])(?:percent|per cent|pct|percentage points?))$")
NUMERAL = re.compile(r"^(?:\( ?)?([0-9A-Fa-f]+)(?: ?\))? ?_ ?\{? ?(?:base ?)?(\d+) ?\}?$")
BASE_WORD = re.compile(r"^([0-9A-Fa-f]+) (?:in )?base (\d+)$")
DECIMAL = re.compile(r"^[+-]? ?\d*\.(\d+)$")
NOUN = re.compile(r"^(?P<number>.*[\d)}]) ?(?P<words>[A-Za-z][A-Za-z '-]*)$")
NUMBER_WORDS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
)
LARGEST_BASE = 36
"""Digits beyond z have no common sign."""

CHANGING = (
    "or",
    "and",
    "not",
    "more",
    "less",
    "times",
    "plus",
    "minus",
    "over",
    "half",
    "squared",
    "cubed",
    "percent",
    "dozen",
    "hundred",
    "thousand",
    "million",
    "billion",
    "mod",
    "factorial",
    "off",
    "short",
    "exactly",
    "approximately",
)
"""Words that change the number they stand beside, so that they are never dropped as a noun."""


def read_scalar(text: str, policy: Policy, problem: str) -> Answer:
    """Read one expression and what stands beside it.

    Args:
        text: A text in normal form.
        policy: Base of ``\\log``.
        problem: The problem; its words may stand behind a number.

    Returns:
        A ``Scalar``, or a ``Numeral`` where a base is written.

    Raises:
        Unreadable: The expression cannot be read.
    """
    if found := (NUMERAL.match(text) or BASE_WORD.match(text)):
        return _numeral(found[1], int(found[2]))
    if text.casefold() in NUMBER_WORDS:
        return Scalar(number(NUMBER_WORDS.index(text.casefold())))
    if found := PERCENT.match(text):
        return Scalar(
            read_expression(found[1], policy.log_base),
            percent=True,
            decimal_places=_places(found[1]),
        )
    bare, unit = split_unit(text)
    if unit is None:
        bare = _without_noun(text, problem)
    tree = read_expression(bare, policy.log_base)
    with_letters = _letters(text, policy) if unit not in (None, DEGREE) else None
    return Scalar(tree, unit, decimal_places=_places(bare), with_letters=with_letters)


def _numeral(digits: str, base: int) -> Numeral:
    if not 2 <= base <= LARGEST_BASE or any(int(digit, LARGEST_BASE) >= base for digit in digits):
        raise Unreadable(f"no numeral of base {base}")
    return Numeral(digits.upper().lstrip("0") or "0", base)


def _places(text: str) -> int | None:
    found = DECIMAL.match(text)
    return len(found[1]) if found else None


def _letters(text: str, policy: Policy) -> Tree | None:
    try:
        return read_expression(text, policy.log_base)
    except Unreadable:
        return None


def _without_noun(text: str, problem: str) -> str:
    """Drop the words behind a number if every one of them, plural aside, is a word of the
    problem.
    """
    found = NOUN.match(text)
    if not found or not problem:
        return text
    words = [word.casefold() for word in found["words"].split()]
    asked = set().union(*(_forms(word) for word in re.findall(r"[a-z']+", problem.casefold())))
    known = all(len(word) > 2 and word not in CHANGING and _forms(word) & asked for word in words)
    return found["number"] if known else text


def _forms(word: str) -> set[str]:
    """A word and what it may be the plural of."""
    return {word, re.sub("s$", "", word), re.sub("es$", "", word), re.sub("ies$", "y", word)}
