r"""One expression with what may stand beside it: percent sign, unit, base, a noun of the problem.

20 %    $5    10 cm    30^\circ    1010_2    5 apples    twelve
"""

import re

from seed.reference.verifiers.mathematics.answers import Answer, Numeral, Scalar
from seed.reference.verifiers.mathematics.expressions import Tree, number
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression
from seed.reference.verifiers.mathematics.units import (
    DEGREE,
    Unit,
    compound,
    named_thing,
    singular,
    split_unit,
)

PERCENT = re.compile(
    r"^(.*\S) ?(?:%|(?<![A-Za-z])(?:percent|per cent|pct|percentage points?))"
    r"(?: (?P<words>[A-Za-z ]+))?$"
)
NUMERAL = re.compile(
    r"^(?:\( ?)?([0-9A-Fa-f]+)(?: ?\))? ?_ ?\{? ?(?:base ?|\( ?)?(\d+|[a-z]{3,9})(?: ?\))? ?\}?$"
)
BASE_WORD = re.compile(r"^([0-9A-Fa-f]+) (?:in )?base (\d+|[a-z]{3,9})$")
DECIMAL = re.compile(r"^[+-]? ?\d*\.(\d+)$")
NOUN = re.compile(r"^(?P<number>.*[\d)}]) ?(?P<words>[A-Za-z][A-Za-z '-]*|[一-鿿]{1,6})$")
NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
BASES = {word: value for value, word in enumerate(NUMBER_WORDS)}
LARGEST_BASE = 36
"""There is no common sign for a digit after z."""

GENERIC = (
    *("ways", "people", "persons", "units", "times", "items", "things", "solutions", "pairs"),
    *("possibilities", "arrangements", "objects", "values", "numbers", "integers", "points"),
)
"""Names for what is counted that fit every problem."""

HOW_MANY = re.compile(r"\b(?:how many|number of)\b", re.IGNORECASE)
CHANGING = (
    *("or", "and", "not", "more", "less", "times", "plus", "minus", "over", "half", "squared"),
    *("cubed", "percent", "dozen", "hundred", "thousand", "million", "billion", "mod"),
    *("factorial", "off", "short", "exactly", "approximately", "roots", "fold", "wrong", "base"),
)
"""Words that change the number they stand beside, so that they are never dropped as a noun."""


def read_scalar(text: str, rules: GradingRules, problem: str) -> Answer:
    """Read one expression in normal form and what stands beside it, such as a noun.

    It is a ``Scalar``, or a ``Numeral`` where a base is written.

    Raises:
        Unreadable: The expression cannot be read.
    """
    match = NUMERAL.match(text) or BASE_WORD.match(text)
    if match and (numeral := _numeral(match[1], match[2])):
        return numeral
    if text.casefold() in NUMBER_WORDS:
        return Scalar(number(NUMBER_WORDS.index(text.casefold())))
    percent = PERCENT.match(text)
    if percent and _of_problem(percent["words"] or "", problem):
        tree = read_expression(percent[1], rules.log_base)
        return Scalar(tree, percent=True, decimal_places=_places(percent[1]))
    if parts := compound(text):
        return Scalar(number(parts[0]), parts[1])
    bare, unit = split_unit(text)
    if unit is None:
        bare, unit = _counted(text, problem)
    tree = read_expression(bare, rules.log_base)
    with_letters = _letters(text, rules) if unit not in (None, DEGREE) else None
    return Scalar(tree, unit, decimal_places=_places(bare), with_letters=with_letters)


def _numeral(digits: str, base_text: str) -> Numeral | None:
    """A numeral; None for a letter with an index, such as a_1 or F_{12}."""
    if len(digits) == 1 and digits.isalpha():
        return None
    if not base_text.isdigit() and base_text not in BASES:
        return None
    base = int(base_text) if base_text.isdigit() else BASES[base_text]
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


def _counted(text: str, problem: str) -> tuple[str, Unit | None]:
    """Separate a number from the noun behind it; None if there is none.

    Where the problem asks how many there are, the noun has to be one of its words.
    """
    match = NOUN.match(text)
    if not match:
        return text, None
    words = match["words"].casefold().split()
    if any(word in CHANGING or (word.isascii() and len(word) < 3) for word in words):
        return text, None
    in_problem = _of_problem(match["words"], problem)
    generic = all(word in GENERIC for word in words)
    free = not HOW_MANY.search(problem) and all(len(w) > 3 or not w.isascii() for w in words)
    if in_problem or generic or free:
        return match["number"], named_thing(match["words"])
    return text, None


def _of_problem(words: str, problem: str) -> bool:
    """Whether each of the words, plural aside, is a word of the problem."""
    forms = {singular(word) for word in re.findall(r"[^\W\d_]+", problem.casefold())}
    return all(singular(word) in forms for word in words.casefold().split())
