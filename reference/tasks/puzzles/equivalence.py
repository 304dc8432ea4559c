"""Equivalence: do two ways of writing a number have the same value? The task of a verifier, small
enough to be learned.

==========  =============================================================================================
prompt      ``D16?2*8=``: the reference, ``?``, the answer to be judged.
response    ``#16?16=Y``: ``#`` opens the reasoning, as ``<think>`` does; then the totals of either side, ``=``, verdict.
bare        ``Y`` or ``N``: the verdict alone is a correct response too, and a harder one to get right.
difficulty  Level 1: a plain value such as ``16.0`` or ``1/2`` against one operation. Levels 2, 3:
one, two on either side.
==========  =============================================================================================

Worked demonstrations make a Seed-Thinking-Verifier, bare ones a Seed-Verifier (report 3.1): the
report trains the first as a verifiable task beside the others, and so does a run whose
``data.families`` names this module. The label comes from a rule, exact rational arithmetic. Half of
the pairs differ, and then by a near miss: the next values of the same kind.

The *form* of a pair is how its answer is written: ``sum 9+7``, ``product 2*8``, ``power 2^4``,
``fraction 3/6``, ``decimal 0.5`` or ``mixed 2*8+1``. Only the text after the last ``=``, or all of
it, is judged.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from math import gcd
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 4)
CHARACTERS = "0123456789 +-*/^.?#=DYN"
RULES = (
    "Decide whether two ways of writing a number, separated by ?, have exactly the same value; ^ is"
    " a power, a/b a fraction. Answer Y if they do, N if not. You may work first: write # and"
    " whatever you like, then = and Y or N. Only what follows the last = is judged."
)
YES, NO = "Y", "N"
THINK = "#"
"""Opens the reasoning, so that a caller can ask for it by putting it behind the prompt."""
ONE_OPERATION = ("sum", "product", "power", "fraction", "decimal")
FORMS = {1: ONE_OPERATION, 2: ONE_OPERATION, 3: ("mixed",)}
# Three values on either side: near enough that neither size nor last digit gives the answer away
# every time.
NEAR = 3
OPERATION = re.compile(r"[-+*/^.]")
# Judged texts may come from a model. Twelve digits and three operators are more than any text drawn
# here has.
EXPRESSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})?(?:[-+*/^][0-9]{1,4}){0,3}")
LARGEST_EXPONENT = 9
DECIMALS = 3
"""Longest decimal fraction that a reference is written with: enough for eighths."""


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a form, an answer of that form, and an equal or a nearly equal reference, with even
    chances.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"reference": "16", "answer": "2*8"}``.
    """
    forms = FORMS[difficulty]
    texts = written(forms[random.integers(len(forms))])
    equal = bool(random.integers(2))
    while True:
        chosen = texts[random.integers(len(texts))]
        values = _values(difficulty, value_of(chosen).denominator == 1)
        place = values.index(value_of(chosen))
        if not equal:
            steps = [
                step for step in range(-NEAR, NEAR + 1) if step and 0 <= place + step < len(values)
            ]
            place += steps[random.integers(len(steps))]
        references = [text for text in _references(difficulty)[values[place]] if text != chosen]
        if references:
            return {"reference": references[random.integers(len(references))], "answer": chosen}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: both texts in either order, factors and terms in ascending order where they
    commute.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The two texts. ``16?2*8`` and ``8*2?16`` share it.
    """
    return "?".join(sorted(_commuted(instance[side]) for side in ("reference", "answer")))


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``D16?2*8=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"D{instance['reference']}?{instance['answer']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Work both sides out and compare, e.g. ``#16?16=Y``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration of the thinking verifier.
    """
    worked = "?".join(
        " ".join(map(str, _totals(instance[side]))) for side in ("reference", "answer")
    )
    return f"{THINK}{worked}={answer(instance)}"


def answer(instance: Mapping[str, Any]) -> str:
    """Say the verdict alone, by exact rational comparison.

    Args:
        instance: What ``draw`` returned.

    Returns:
        ``Y`` or ``N``.
    """
    return YES if value_of(instance["reference"]) == value_of(instance["answer"]) else NO


def work(instance: Mapping[str, Any]) -> int:
    """Count the operations on both sides, a fraction bar or decimal point being one.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number, 1 or more.
    """
    return len(OPERATION.findall(instance["reference"] + instance["answer"]))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Judge the judgement: the text after the last ``=``, or the whole response if there is none.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if that text is the letter of the right verdict.
    """
    said = response.rpartition("=")[2]
    fault = unreadable(response)
    if not fault and said not in (YES, NO):
        fault = f"the verdict is neither {YES} nor {NO}"
    if not fault and said != answer(instance):
        fault = "the verdict is wrong"
    return judge(fault, said, "the verdict is right")


def form(instance: Mapping[str, Any]) -> str:
    """Name how the answer of a pair is written.

    Args:
        instance: What ``draw`` returned.

    Returns:
        A member of ``FORMS``.
    """
    signs = OPERATION.findall(instance["answer"])
    return dict(zip("+*^/.", ONE_OPERATION, strict=True))[signs[0]] if len(signs) == 1 else "mixed"


def value_of(text: str) -> Fraction:
    """Compute a number written with ``+ - * / ^`` and a decimal point, exactly.

    Args:
        text: Up to four numbers of up to four digits.

    Returns:
        The value under the usual precedence, everything from left to right.

    Raises:
        ValueError: The text is not such an expression, its exponent is above 9, or it divides by
            zero.
    """
    if not EXPRESSION.fullmatch(text):
        raise ValueError(f"{text[:32]!r} is not a number written with + - * / ^")
    return sum((_product(term) for term in re.findall(r"[-+]?[^-+]+", text)), Fraction(0))


@cache
def written(kind: str) -> tuple[str, ...]:
    """List every text of a form.

    Args:
        kind: A member of ``FORMS``.

    Returns:
        The texts, in a fixed order.
    """
    digits = range(2, 10)
    reduced = [
        (top, bottom)
        for bottom in range(2, 9)
        for top in range(1, 2 * bottom)
        if gcd(top, bottom) == 1
    ]
    return {
        "sum": tuple(f"{left}+{right}" for left in range(1, 10) for right in range(1, 10)),
        "product": tuple(f"{left}*{right}" for left in digits for right in digits),
        "power": tuple(
            f"{base}^{power}" for base in digits for power in range(2, 7) if base**power <= 128
        ),
        "fraction": tuple(
            f"{top * k}/{bottom * k}" for top, bottom in reduced for k in range(2, 6)
        ),
        "decimal": tuple(f"{n / 20:.2f}".removesuffix("0") for n in range(1, 60) if n % 20),
        "mixed": tuple(
            f"{left}*{right}{sign}{last}"
            for left in digits
            for right in digits
            for sign in "+-"
            for last in range(1, 10)
            if last < left * right
        ),
    }[kind]


@cache
def _references(difficulty: int) -> dict[Fraction, list[str]]:
    """Every value of a level with the texts that a reference may write it with."""
    texts = [text for kind in FORMS[difficulty] for text in written(kind)]
    values = sorted({value_of(text) for text in texts})
    if difficulty == 1:
        return {value: _plain(value) for value in values}
    return {value: [text for text in texts if value_of(text) == value] for value in values}


def _plain(value: Fraction) -> list[str]:
    """The spellings of a value without an operation: a reduced fraction and, if it ends, a decimal
    fraction.
    """
    ends = 10**DECIMALS % value.denominator == 0
    return [str(value), str(float(value))] if ends else [str(value)]


@cache
def _values(difficulty: int, whole: bool) -> list[Fraction]:
    """Values of a level in ascending order: the whole ones, or the others."""
    return [value for value in _references(difficulty) if (value.denominator == 1) is whole]


def _totals(text: str) -> list[Fraction]:
    """The totals that working a text out passes through; a plain number is its own."""
    product = re.split("[-+]", text)[0]
    worked = [value_of(product)] if product != text and OPERATION.search(product) else []
    return [*worked, value_of(text)]


def _product(term: str) -> Fraction:
    sign, value, operator = (-1 if term[0] == "-" else 1), Fraction(1), "*"
    for token in re.findall(r"[*/]|[^-+*/]+", term):
        if token in "*/":
            operator = token
            continue
        base, _, exponent = token.partition("^")
        if "^" in exponent or int(exponent or 1) > LARGEST_EXPONENT:
            raise ValueError(f"{term[:32]!r} has an exponent above {LARGEST_EXPONENT}")
        factor = Fraction(base) ** int(exponent or 1)
        if operator == "/" and factor == 0:
            raise ValueError(f"{term[:32]!r} divides by zero")
        value = value * factor if operator == "*" else value / factor
    return sign * value


def _commuted(text: str) -> str:
    terms = [
        "*".join(sorted(term.split("*"))) if "*" in term else term
        for term in re.split("([-+])", text)
    ]
    return "".join(terms) if "-" in text else "+".join(sorted("".join(terms).split("+")))
