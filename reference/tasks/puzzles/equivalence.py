"""Equivalence: do two ways of writing a number have the same value? A small task for a verifier.

- Instance: ``{"reference": "16", "answer": "2*8"}``.
- Prompt: ``D16?2*8=``: the reference, ``?``, the answer to be judged.
- Response: ``#16?16=Y``: ``#`` opens the reasoning, as ``<think>`` does; then the totals of either
  side, ``=`` and the verdict, ``Y`` or ``N``.
- Bare answer: ``Y``: the verdict alone, which is harder to get right.
- Level 1: a plain value such as ``16.0`` or ``1/2`` against one operation. Levels 2, 3: one, two
  operations on either side.

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
"""Opens the reasoning; appended to the prompt, it makes a policy reason."""
ONE_OPERATION = ("sum", "product", "power", "fraction", "decimal")
FORMS = {1: ONE_OPERATION, 2: ONE_OPERATION, 3: ("mixed",)}
# Three values above or below: near enough that neither size nor last digit always decides.
NEAR = 3
OPERATION = re.compile(r"[-+*/^.]")
# Judged texts may come from a model. Four numbers of four digits are more than any drawn text has.
EXPRESSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})?(?:[-+*/^][0-9]{1,4}){0,3}")
LARGEST_EXPONENT = 9
DECIMALS = 3
"""Longest decimal fraction that a reference is written with: enough for eighths."""


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a form, an answer of that form, and a reference: half are equal, half nearly equal."""
    forms = FORMS[difficulty]
    texts = written(forms[random.integers(len(forms))])
    equal = bool(random.integers(2))
    while True:
        chosen = texts[random.integers(len(texts))]
        values = _values(difficulty, value_of(chosen).denominator == 1)
        index = values.index(value_of(chosen))
        if not equal:
            steps = [
                step for step in range(-NEAR, NEAR + 1) if step and 0 <= index + step < len(values)
            ]
            index += steps[random.integers(len(steps))]
        references = [text for text in _references(difficulty)[values[index]] if text != chosen]
        if references:
            return {"reference": references[random.integers(len(references))], "answer": chosen}


def identity(instance: Mapping[str, Any]) -> str:
    """Both texts in alphabetical order, factors and terms ascending where they commute.

    ``16?2*8`` and ``8*2?16`` share it.
    """
    return "?".join(sorted(_commuted(instance[side]) for side in ("reference", "answer")))


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``D16?2*8=``."""
    return f"D{instance['reference']}?{instance['answer']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The totals of both sides and the verdict, e.g. ``#16?16=Y``."""
    totals = [" ".join(map(str, _totals(instance[side]))) for side in ("reference", "answer")]
    return f"{THINK}{'?'.join(totals)}={answer(instance)}"


def answer(instance: Mapping[str, Any]) -> str:
    """The verdict, ``Y`` or ``N``, by exact rational comparison."""
    return YES if value_of(instance["reference"]) == value_of(instance["answer"]) else NO


def work(instance: Mapping[str, Any]) -> int:
    """The number of operations on both sides, a fraction bar or decimal point being one."""
    return len(OPERATION.findall(instance["reference"] + instance["answer"]))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the text after the last ``=``, or all of it, is the right letter."""
    verdict = response.rpartition("=")[2]
    fault = unreadable(response)
    if not fault and verdict not in (YES, NO):
        fault = f"the verdict is neither {YES} nor {NO}"
    if not fault and verdict != answer(instance):
        fault = "the verdict is wrong"
    return judge(fault, verdict, "the verdict is right")


def form(instance: Mapping[str, Any]) -> str:
    """Name how the answer of a pair is written: a form of ``FORMS``."""
    signs = OPERATION.findall(instance["answer"])
    return dict(zip("+*^/.", ONE_OPERATION, strict=True))[signs[0]] if len(signs) == 1 else "mixed"


def value_of(text: str) -> Fraction:
    """Compute a number written with ``+ - * / ^`` and a decimal point, exactly.

    Args:
        text: Up to four numbers of up to four digits.

    Returns:
        The value under the usual precedence, from left to right among equals.

    Raises:
        ValueError: The text is not such an expression, its exponent is above 9, or it divides by
            zero.
    """
    if not EXPRESSION.fullmatch(text):
        raise ValueError(f"{text[:32]!r} is not a number written with + - * / ^")
    return sum((_product(term) for term in re.findall(r"[-+]?[^-+]+", text)), Fraction(0))


@cache
def written(kind: str) -> tuple[str, ...]:
    """Every text of a form of ``FORMS``, in a fixed order."""
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
    """Every value of a level with the texts that a reference may have for it."""
    texts = [text for kind in FORMS[difficulty] for text in written(kind)]
    values = sorted({value_of(text) for text in texts})
    if difficulty == 1:
        return {value: _plain(value) for value in values}
    return {value: [text for text in texts if value_of(text) == value] for value in values}


def _plain(value: Fraction) -> list[str]:
    """A value without an operation: a reduced fraction and, if it terminates, a decimal number."""
    terminates = 10**DECIMALS % value.denominator == 0
    return [str(value), str(float(value))] if terminates else [str(value)]


@cache
def _values(difficulty: int, whole: bool) -> list[Fraction]:
    """Values of a level in ascending order: the whole ones, or the others."""
    return [value for value in _references(difficulty) if (value.denominator == 1) is whole]


def _totals(text: str) -> list[Fraction]:
    """The intermediate totals of computing a text; a plain number is its own."""
    product = re.split("[-+]", text)[0]
    first = [value_of(product)] if product != text and OPERATION.search(product) else []
    return [*first, value_of(text)]


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
