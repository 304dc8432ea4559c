"""Countdown: make a target from the given numbers, each used once, within the positive integers.

- Instance: ``{"numbers": [2, 10, 14], "target": 38}``; ``"any_rationals": true`` if the operations
  may give any rational number, a variation of public collections.
- Prompt: ``N2 10 14:38=``: the numbers in random order, ``:``, the target; ``NN`` instead of ``N``
  where any rational number will do.
- Response: ``2*14=28 10+28=38:10+2*14``: notes of the operations one by one, then ``:`` and the
  expression. Only what follows the last ``:`` is judged; the notes are the reasoning, right or
  wrong.
- Bare answer: ``10+2*14``: the expression alone.
- Levels: two numbers from 1..99, three from 1..50, and at levels 3..5 four to six from 1..25.

Every operation, done in the usual order and from left to right among equals, must give a positive
integer: with 2, 3 and 4, ``2-3+4`` is wrong because of the -1 on the way. With ``any_rationals`` it
is right, and a minus sign may stand before a number or a parenthesis. The grammar is that of
``reference.tasks.puzzles.solvers.expression``.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.expression import (
    NUMBER,
    TOKEN,
    NotAnExpression,
    Written,
    evaluate,
    fault_of,
    join,
    without_target,
)
from seed.reference.tasks.puzzles.twentyfour import making
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

COUNT_AND_LARGEST = {1: (2, 99), 2: (3, 50), 3: (4, 25), 4: (5, 25), 5: (6, 25)}
LEVELS = range(1, len(COUNT_AND_LARGEST) + 1)
CHARACTERS = "0123456789+-*/()=:N "
RULES = (
    "Make the target after the colon from the integers before it, each used exactly once, with + -"
    " * / and parentheses. Every operation, done in the usual order and from left to right, must"
    " give a positive integer: no fraction, no zero and no negative number on the way; after NN"
    " instead of N it may give any fraction, zero or negative number, and a minus sign may stand"
    " before a number or a parenthesis. Write the expression alone, such as 10+2*14 for 2 10 14:38;"
    " a trailing = and the target are allowed."
    " You may write notes and a colon before it: only what follows the last colon is read."
)
# Three digits, as in the television game; larger targets are mostly products, easy to guess.
LARGEST_TARGET = 999
# All values of four numbers are about a thousand and fit in a table; five or six are searched from
# the target backwards.
LARGEST_TABLE = 4
Table = dict[int, Written]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw numbers, join two at random until one remains, which is the target."""
    count, largest = COUNT_AND_LARGEST[difficulty]
    while True:
        numbers = random.integers(1, largest + 1, size=count).tolist()
        target = _random_value(random, numbers)
        if target <= LARGEST_TARGET:
            return {"numbers": numbers, "target": target}


def identity(instance: Mapping[str, Any]) -> str:
    """The numbers in ascending order, ``:`` and the target; any rationals are another problem."""
    numbers = " ".join(map(str, sorted(instance["numbers"])))
    return f"{'N' if _any_rationals(instance) else ''}{numbers}:{instance['target']}"


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``N2 10 14:38=``."""
    letter = "NN" if _any_rationals(instance) else "N"
    return f"{letter}{' '.join(map(str, instance['numbers']))}:{instance['target']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The operations of ``answer`` in the order of their evaluation, then the expression."""
    notes: list[str] = []

    def note(left: Fraction, operator: str, right: Fraction, value: Fraction) -> None:
        notes.append(f"{left}{operator}{right}={value}")

    expression = answer(instance)
    if expression.startswith("-"):
        return expression
    evaluate(TOKEN.findall(expression), note)
    return f"{' '.join(notes)}:{expression}"


def answer(instance: Mapping[str, Any]) -> str:
    """An expression found by exact search; it does not depend on the order of the numbers."""
    numbers, target = tuple(sorted(instance["numbers"])), instance["target"]
    expression = _search(numbers, target, {}) if target > 0 else None
    if expression is None and _any_rationals(instance):
        expression = _of_any_rationals(numbers, target)
    if expression is None:
        raise ValueError(f"{instance['target']} cannot be made of {instance['numbers']}")
    return expression.text


def work(instance: Mapping[str, Any]) -> int:
    """The number of numbers, 2 to 6."""
    return len(instance["numbers"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Parse what follows the last colon and compute every operation exactly.

    ``correct`` exactly if it is an expression of the given numbers, each used once, whose
    operations all give positive integers and whose value is the target. Where the instance says so,
    they may give any rational number.
    """
    numbers, target = instance["numbers"], instance["target"]
    expression = without_target(response.rpartition(":")[2], target)
    free = _any_rationals(instance)
    check = None if free else _check_positive_integer
    fault = unreadable(response) or fault_of(expression, numbers, target, check, signed=free)
    return judge(fault, expression, "the given numbers make the target")


def _any_rationals(instance: Mapping[str, Any]) -> bool:
    return instance.get("any_rationals", False) is True


def _of_any_rationals(numbers: tuple[int, ...], target: int) -> Written | None:
    """Find an expression whose operations may give any rational number, or None.

    A sign before an expression is needed for negative targets only: in any other one it can be
    taken into a subtraction.
    """
    found = making(numbers, Fraction(target))
    negative = making(numbers, Fraction(-target)) if not found and target < 0 else None
    return Written(f"-({negative.text})", NUMBER) if negative else found


def _check_positive_integer(
    left: Fraction, operator: str, right: Fraction, value: Fraction
) -> None:
    if value.denominator != 1 or value <= 0:
        operation = f"{left}{operator}{right}"
        raise NotAnExpression(f"{operation} is {value}, which is not a positive integer")


def _random_value(random: np.random.Generator, numbers: list[int]) -> int:
    pool = list(numbers)
    while len(pool) > 1:
        first, second = (pool.pop(random.integers(len(pool))) for _ in range(2))
        values = [value for _, value in _operations(max(first, second), min(first, second))]
        pool.append(values[random.integers(len(values))])
    return pool[0]


def _operations(larger: int, smaller: int) -> Iterator[tuple[str, int]]:
    """Operators with their positive integer values; swapped operands add no value."""
    yield "+", larger + smaller
    yield "*", larger * smaller
    if larger > smaller:
        yield "-", larger - smaller
    if larger % smaller == 0:
        yield "/", larger // smaller


def _search(
    numbers: tuple[int, ...], target: int, tables: dict[tuple[int, ...], Table]
) -> Written | None:
    """Find an expression with the target as its value, or None if there is none."""
    if len(numbers) <= LARGEST_TABLE:
        return _table(numbers, tables).get(target)
    for smaller, larger in _splits(numbers):
        for value, written in _table(smaller, tables).items():
            for needed, operator, value_is_left in _partners(value, target):
                partner = _search(larger, needed, tables)
                if partner is not None:
                    operands = (written, partner) if value_is_left else (partner, written)
                    return join(operands[0], operator, operands[1])
    return None


def _partners(value: int, target: int) -> Iterator[tuple[int, str, bool]]:
    """List what joins with a value to make the target.

    Yields:
        The number that is needed, the operator, and whether the value is the left operand.
    """
    if target > value:
        yield target - value, "+", False
    if target % value == 0:
        yield target // value, "*", False
    yield target + value, "-", False
    yield target * value, "/", False
    if value > target:
        yield value - target, "-", True
    if value % target == 0:
        yield value // target, "/", True


def _table(numbers: tuple[int, ...], tables: dict[tuple[int, ...], Table]) -> Table:
    """List every value that the numbers can make, with one way to write it."""
    if numbers in tables:
        return tables[numbers]
    table: Table = {numbers[0]: Written(str(numbers[0]), NUMBER)} if len(numbers) == 1 else {}
    for group, rest in _splits(numbers):
        for first, second in product(_table(group, tables).items(), _table(rest, tables).items()):
            ordered = (first, second) if first[0] >= second[0] else (second, first)
            (larger, left), (smaller, right) = ordered
            for operator, value in _operations(larger, smaller):
                if value not in table:
                    table[value] = join(left, operator, right)
    tables[numbers] = table
    return table


def _splits(numbers: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Split the numbers in two, the smaller group first.

    Groups of equal size come in both orders, and equal numbers more than once.
    """
    indices = range(len(numbers))
    for size in range(1, len(numbers) // 2 + 1):
        for chosen in combinations(indices, size):
            smaller = tuple(numbers[index] for index in chosen)
            yield smaller, tuple(numbers[index] for index in indices if index not in chosen)
