"""The 24-point game: make 24 from the given numbers, each used exactly once.

==========  =============================================================================================
prompt      ``T3 8=``: the numbers in random order.
response    ``3*8``: an expression of the numbers with ``+ - * /`` and parentheses.
difficulty  Level 1: two numbers from 1..199. Level 2: three from 1..13. Level 3: four from 1..13.
==========  =============================================================================================

The usual precedence holds and the value is exact, so ``8/(3-8/3)`` is 24. Refused are unary minus,
``**``, ``//``, leading zeros, decimals, division by zero and every other number. Spaces between
tokens are allowed, and so is one trailing ``=24``, the habit of anyone who has seen an equation.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
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
)
TARGET = 24
LARGEST_EXHAUSTED = 4
"""All expressions of four numbers are compared in 10 ms. Five or six, as collections have, would
take up to six seconds: one expression is searched for then, from 24 backwards.
"""
LARGEST_TABLE = 3
"""Numbers whose values are all tabulated in the search backwards; half of six, so that one part
always is.
"""


class Expression(NamedTuple):
    """An exact value and how it is written."""

    value: Fraction
    written: Written


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw numbers uniformly until 24 can be made of them.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"numbers": [3, 8]}``.
    """
    count, largest = COUNT_AND_LARGEST[difficulty]
    while True:
        numbers = random.integers(1, largest + 1, size=count).tolist()
        if shortest_expression(tuple(sorted(numbers))) is not None:
            return {"numbers": numbers}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: its numbers in ascending order.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The sorted numbers, separated by spaces.
    """
    return " ".join(map(str, sorted(instance["numbers"])))


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``T3 8=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"T{' '.join(map(str, instance['numbers']))}="


def solve(instance: Mapping[str, Any]) -> str:
    """Find the shortest expression, among equals the first in the order of the characters; of five
    or more numbers any.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration; it does not depend on the order of the numbers.

    Raises:
        ValueError: 24 cannot be made, which no instance from ``draw`` allows.
    """
    numbers = tuple(sorted(instance["numbers"]))
    text = (
        shortest_expression(numbers)
        if len(numbers) <= LARGEST_EXHAUSTED
        else _some_expression(numbers)
    )
    if text is None:
        raise ValueError(f"24 cannot be made of {instance['numbers']}")
    return text


def answer(instance: Mapping[str, Any]) -> str:
    """Write the expression: nothing shorter is a correct response.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The same as ``solve``.
    """
    return solve(instance)


def work(instance: Mapping[str, Any]) -> int:
    """Count the numbers to combine.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number.
    """
    return len(instance["numbers"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Parse the response, count its numbers and compute its exact value.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if it is an expression of the given numbers, each used once, whose value
        is 24.
    """
    expression = without_target(response, TARGET)
    fault = unreadable(response) or fault_of(expression, instance["numbers"], TARGET)
    return judge(fault, expression, "the given numbers make 24")


@cache  # at most 1176 pairs, 455 triples and 1820 quadruples, one short text each
def shortest_expression(numbers: tuple[int, ...]) -> str | None:
    """Search all expressions of the numbers.

    Args:
        numbers: Two to four numbers in ascending order.

    Returns:
        The shortest expression with value 24 and no needless parentheses, or None if there is none.
    """
    texts = [
        expression.written.text
        for expression in _combinations(numbers)
        if expression.value == TARGET
    ]
    return min(texts, key=_preference, default=None)


def _preference(text: str) -> tuple[int, str]:
    return len(text), text


@cache  # called for parts of a problem, three numbers at most
def _expressions(numbers: tuple[int, ...]) -> list[Expression]:
    """Keep the preferred text for every value and rank: all that can matter to an expression around
    it.
    """
    if len(numbers) == 1:
        return [Expression(Fraction(numbers[0]), Written(str(numbers[0]), NUMBER))]
    best: dict[tuple[Fraction, int], Expression] = {}
    for new in _combinations(numbers):
        old = best.setdefault((new.value, new.written.rank), new)
        if _preference(new.written.text) < _preference(old.written.text):
            best[new.value, new.written.rank] = new
    return list(best.values())


def _combinations(numbers: tuple[int, ...]) -> Iterator[Expression]:
    """Split the numbers in two parts in every way and join every expression of one with every one
    of the other.
    """
    for left_part, right_part in _parts(numbers):
        for left in _expressions(left_part):
            for right in _expressions(right_part):
                yield from _joined(left, right)


def _parts(numbers: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    for chosen in range(1, 2 ** len(numbers) - 1):
        left_part = tuple(number for place, number in enumerate(numbers) if chosen >> place & 1)
        right_part = tuple(
            number for place, number in enumerate(numbers) if not chosen >> place & 1
        )
        yield left_part, right_part


def _joined(left: Expression, right: Expression) -> Iterator[Expression]:
    for operator, operation in (SUMS | PRODUCTS).items():
        if operator != "/" or right.value != 0:
            yield Expression(
                operation(left.value, right.value), join(left.written, operator, right.written)
            )


def _some_expression(numbers: tuple[int, ...]) -> str | None:
    made = _making(numbers, Fraction(TARGET))
    return made.text if made else None


def _making(numbers: tuple[int, ...], target: Fraction) -> Written | None:
    """Find an expression with the value: tabulate the smaller part, and search the larger for what
    is then missing.
    """
    if len(numbers) <= LARGEST_TABLE:
        return _table(numbers).get(target)
    for part, rest in _parts(numbers):
        if len(part) > min(len(rest), LARGEST_TABLE):
            continue
        for known, written in _table(part).items():
            if known == target == 0:  # nothing times anything
                return join(written, "*", Written(f"({'+'.join(map(str, rest))})", NUMBER))
            for operator, missing, known_first in _missing(known, target):
                made = _making(rest, missing)
                if made:
                    return (
                        join(written, operator, made)
                        if known_first
                        else join(made, operator, written)
                    )
    return None


def _missing(known: Fraction, target: Fraction) -> Iterator[tuple[str, Fraction, bool]]:
    """List what must be joined with a known value to give the target: operator, value, and whether
    the known one is first.
    """
    yield "+", target - known, False
    yield "-", target + known, False
    yield "-", known - target, True
    if known:
        yield "*", target / known, False
        yield "/", target * known, False
        if target:
            yield "/", known / target, True


@cache  # called for parts of a problem, three numbers at most
def _table(numbers: tuple[int, ...]) -> dict[Fraction, Written]:
    return {expression.value: expression.written for expression in _expressions(numbers)}
