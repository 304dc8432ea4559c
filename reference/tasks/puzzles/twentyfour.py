"""The 24-point game: make 24 from the given numbers, each used exactly once.

- Instance: ``{"numbers": [3, 8]}``; ``"signs": true`` if a minus sign may stand before a number or
  a parenthesis, as public collections allow.
- Prompt: ``T3 8=``: the numbers in random order; ``TT`` instead of ``T`` where signs are allowed.
- Response: ``3*8``: an expression of the numbers with ``+ - * /`` and parentheses.
- Level 1: two numbers from 1..199. Level 2: three from 1..13. Level 3: four from 1..13.

The usual precedence holds and the value is exact, so ``8/(3-8/3)`` is 24. The grammar is that of
``reference.tasks.puzzles.solvers.expression``.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from seed.reference.tasks.puzzles.solvers.expression import (
    NUMBER,
    PRODUCTS,
    SUMS,
    Written,
    fault_of,
    join,
    without_target,
)
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

COUNT_AND_LARGEST = {1: (2, 199), 2: (3, 13), 3: (4, 13)}
LEVELS = range(1, len(COUNT_AND_LARGEST) + 1)
CHARACTERS = "0123456789+-*/()=T "
RULES = (
    "Make 24 from the given numbers, each used exactly once, with + - * / and parentheses. Division"
    " is exact. Write the expression alone, such as 8/(3-8/3); a trailing =24 is allowed."
    " After TT instead of T a minus sign may stand before a number or a parenthesis."
)
TARGET = 24
# All expressions of four numbers are compared in 10 ms. Five or six, as collections have, would
# take up to six seconds: one expression is searched for then, from 24 backwards.
LARGEST_EXHAUSTED = 4
# Numbers whose values are all tabulated in the search backwards: half of six, so that one of the
# two groups always is.
LARGEST_TABLE = 3


class Expression(NamedTuple):
    """An exact value and how it is written."""

    value: Fraction
    written: Written


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw numbers uniformly until 24 can be made of them."""
    count, largest = COUNT_AND_LARGEST[difficulty]
    while True:
        numbers = random.integers(1, largest + 1, size=count).tolist()
        if shortest_expression(tuple(sorted(numbers))) is not None:
            return {"numbers": numbers}


def identity(instance: Mapping[str, Any]) -> str:
    """The numbers in ascending order; with signs the same numbers make 24, since they add none."""
    return " ".join(map(str, sorted(instance["numbers"])))


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``T3 8=``."""
    letter = "TT" if _signed(instance) else "T"
    return f"{letter}{' '.join(map(str, instance['numbers']))}="


def solve(instance: Mapping[str, Any]) -> str:
    """The shortest expression, among equals the first in the order of the characters.

    Of five or more numbers any expression. It does not depend on the order of the numbers.
    """
    numbers = tuple(sorted(instance["numbers"]))
    exhaust = len(numbers) <= LARGEST_EXHAUSTED
    text = shortest_expression(numbers) if exhaust else _some_expression(numbers)
    if text is None:
        raise ValueError(f"24 cannot be made of {instance['numbers']}")
    return text


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of numbers."""
    return len(instance["numbers"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Parse the response, count its numbers and compute its exact value.

    ``correct`` exactly if it is an expression of the given numbers, each used once, with value 24.
    """
    expression, numbers = without_target(response, TARGET), instance["numbers"]
    signed = _signed(instance)
    fault = unreadable(response) or fault_of(expression, numbers, TARGET, signed=signed)
    return judge(fault, expression, "the given numbers make 24")


def _signed(instance: Mapping[str, Any]) -> bool:
    return instance.get("signs", False) is True


@cache  # at most 19900 pairs, 455 triples and 1820 quadruples, one short text each
def shortest_expression(numbers: tuple[int, ...]) -> str | None:
    """Search all expressions of two to four numbers in ascending order.

    The shortest one with value 24 and no needless parentheses, or None if there is none.
    """
    texts = [
        expression.written.text
        for expression in _combinations(numbers)
        if expression.value == TARGET
    ]
    return min(texts, key=_preference, default=None)


def _preference(text: str) -> tuple[int, str]:
    return len(text), text


@cache  # called for three numbers at most
def _expressions(numbers: tuple[int, ...]) -> list[Expression]:
    """The preferred text for every value and rank: all that matters to an expression around it."""
    if len(numbers) == 1:
        return [Expression(Fraction(numbers[0]), Written(str(numbers[0]), NUMBER))]
    best: dict[tuple[Fraction, int], Expression] = {}
    for new in _combinations(numbers):
        old = best.setdefault((new.value, new.written.rank), new)
        if _preference(new.written.text) < _preference(old.written.text):
            best[new.value, new.written.rank] = new
    return list(best.values())


def _combinations(numbers: tuple[int, ...]) -> Iterator[Expression]:
    """Join the expressions of two groups of the numbers in every way, for every such split."""
    for chosen, rest in _splits(numbers):
        for left, right in product(_expressions(chosen), _expressions(rest)):
            yield from _joined(left, right)


def _splits(numbers: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Split the numbers in two groups that are not empty, in every way."""
    for bits in range(1, 2 ** len(numbers) - 1):
        chosen = tuple(number for index, number in enumerate(numbers) if bits >> index & 1)
        rest = tuple(number for index, number in enumerate(numbers) if not bits >> index & 1)
        yield chosen, rest


def _joined(left: Expression, right: Expression) -> Iterator[Expression]:
    for operator, operation in (SUMS | PRODUCTS).items():
        if operator != "/" or right.value != 0:
            value = operation(left.value, right.value)
            yield Expression(value, join(left.written, operator, right.written))


def _some_expression(numbers: tuple[int, ...]) -> str | None:
    made = making(numbers, Fraction(TARGET))
    return made.text if made else None


def making(numbers: tuple[int, ...], target: Fraction) -> Written | None:
    """Find an expression of all numbers with the value, or None if there is none.

    The values of the smaller group are tabulated, and the larger group is searched for what is then
    missing.
    """
    if len(numbers) <= LARGEST_TABLE:
        return _table(numbers).get(target)
    for smaller, larger in _splits(numbers):
        if len(smaller) > min(len(larger), LARGEST_TABLE):
            continue
        for value, written in _table(smaller).items():
            if value == target == 0:  # 0 times anything
                return join(written, "*", Written(f"({'+'.join(map(str, larger))})", NUMBER))
            for operator, missing, value_is_left in _missing(value, target):
                partner = making(larger, missing)
                if partner:
                    operands = (written, partner) if value_is_left else (partner, written)
                    return join(operands[0], operator, operands[1])
    return None


def _missing(value: Fraction, target: Fraction) -> Iterator[tuple[str, Fraction, bool]]:
    """List what joins with a value to make the target.

    Yields:
        Operator, the value that is needed, and whether the given value is the left operand.
    """
    yield "+", target - value, False
    yield "-", target + value, False
    yield "-", value - target, True
    if value:
        yield "*", target / value, False
        yield "/", target * value, False
        if target:
            yield "/", value / target, True


@cache  # called for three numbers at most
def _table(numbers: tuple[int, ...]) -> dict[Fraction, Written]:
    return {expression.value: expression.written for expression in _expressions(numbers)}
