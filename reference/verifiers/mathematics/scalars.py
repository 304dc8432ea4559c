r"""One expression with what may stand beside it: percent sign, unit, base, a noun of the problem.

20 %    $5    10 cm    30^\circ    1010_2    5 apples    twelve
"""

import re

from seed.reference.verifiers.mathematics.answers import Answer, Numeral, Scalar
from seed.reference.verifiers.mathematics.expressions import Tree, number
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression
from seed.reference.verifiers.mathematics.units import DEGREE, split_unit

PERCENT = re.compile(r"^(.*\S) ?(?:%|(?<![A-Za-z])(?:percent|per cent|pct|percentage points?))$")
NUMERAL = re.compile(r"^(?:\( ?)?([0-9A-Fa-f]+)(?: ?\))? ?_ ?\{? ?(?:base ?)?(\d+) ?\}?$")
BASE_WORD = re.compile(r"^([0-9A-Fa-f]+) (?:in )?base (\d+)$")
DECIMAL = re.compile(r"^[+-]? ?\d*\.(\d+)$")
NOUN = re.compile(r"^(?P<number>.*[\d)}]) ?(?P<words>[A-Za-z][A-Za-z '-]*)$")
NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
LARGEST_BASE = 36
"""There is no common sign for a digit after z."""

CHANGING = (
    *("or", "and", "not", "more", "less", "times", "plus", "minus", "over", "half", "squared"),
    *("cubed", "percent", "dozen", "hundred", "thousand", "million", "billion", "mod"),
    *("factorial", "off", "short", "exactly", "approximately"),
)
"""Words that change the number they stand beside, so that they are never dropped as a noun."""


def read_scalar(text: str, rules: GradingRules, problem: str) -> Answer:
    """Read one expression in normal form and what stands beside it, such as words of the problem.

    It is a ``Scalar``, or a ``Numeral`` where a base is written.

    Raises:
        Unreadable: The expression cannot be read.
    """
    if match := (NUMERAL.match(text) or BASE_WORD.match(text)):
        return _numeral(match[1], int(match[2]))
    if text.casefold() in NUMBER_WORDS:
        return Scalar(number(NUMBER_WORDS.index(text.casefold())))
    if match := PERCENT.match(text):
        tree = read_expression(match[1], rules.log_base)
        return Scalar(tree, percent=True, decimal_places=_places(match[1]))
    bare, unit = split_unit(text)
    if unit is None:
        bare = _without_noun(text, problem)
    tree = read_expression(bare, rules.log_base)
    with_letters = _letters(text, rules) if unit not in (None, DEGREE) else None
    return Scalar(tree, unit, decimal_places=_places(bare), with_letters=with_letters)


def _numeral(digits: str, base: int) -> Numeral:
    if not 2 <= base <= LARGEST_BASE or any(int(digit, LARGEST_BASE) >= base for digit in digits):
        raise Unreadable(f"no numeral of base {base}")
    return Numeral(digits.upper().lstrip("0") or "0", base)


def _places(text: str) -> int | None:
    match = DECIMAL.match(text)
    return len(match[1]) if match else None


def _letters(text: str, rules: GradingRules) -> Tree | None:
    try:
        return read_expression(text, rules.log_base)
    except Unreadable:
        return None


def _without_noun(text: str, problem: str) -> str:
    """Drop the words after a number if each of them, plural aside, is a word of the problem."""
    match = NOUN.match(text)
    if not match or not problem:
        return text
    words = [word.casefold() for word in match["words"].split()]
    forms = set().union(*map(_forms, re.findall(r"[a-z']+", problem.casefold())))
    kept = [
        word for word in words if len(word) <= 2 or word in CHANGING or not _forms(word) & forms
    ]
    return text if kept else match["number"]


def _forms(word: str) -> set[str]:
    """A word and what it may be the plural of."""
    return {word, re.sub("s$", "", word), re.sub("es$", "", word), re.sub("ies$", "y", word)}
