"""The 24-point game: make 24 from the given numbers, each used exactly once.

==========  =============================================================================================
prompt      ``T3 8=``: the numbers in random order.
response    ``3*8``: an expression of the numbers with ``+ - * /`` and parentheses.
difficulty  Level 1: two numbers from 1..199. Level 2: three from 1..13. Level 3: four from 1..13.
==========  =============================================================================================

The usual precedence holds and the value is exact, so ``8/(3-8/3)`` is 24. Refused are unary minus, ``**``, ``//``,
leading zeros, decimals, division by zero and every other number. Spaces between tokens are allowed, and so is one
trailing ``=24``, the habit of anyone who has seen an equation.
"""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple

import numpy as np

from spec.puzzle import judge, unreadable
from spec.types import Verdict

COUNT_AND_LARGEST = {1: (2, 199), 2: (3, 13), 3: (4, 13)}
LEVELS = range(1, len(COUNT_AND_LARGEST) + 1)
CHARACTERS = "0123456789+-*/()=T "
RULES = (
    "Make 24 from the given numbers, each used exactly once, with + - * / and parentheses. Division is exact. Write the "
    "expression alone, such as 8/(3-8/3); a trailing =24 is allowed."
)
TARGET = 24
TOKEN = re.compile(r"[0-9]+|[-+*/()]")
# Four numbers need three operators and at most three useful pairs of parentheses, 13 tokens. The limit leaves room
# for idle parentheses and bounds the depth of the parser's recursion.
MAX_TOKENS = 64
SUMS = {"+": add, "-": sub}
PRODUCTS = {"*": mul, "/": truediv}
# How tightly an expression holds together decides where it needs parentheses.
SUM, PRODUCT, NUMBER = 0, 1, 2


class Expression(NamedTuple):
    """A text, its exact value, and whether its outermost operation is a sum, a product or none."""

    value: Fraction
    rank: int
    text: str


class NotAnExpression(ValueError):
    """The tokens do not follow the grammar."""


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
    """Find the shortest expression; among equals, the first in the order of the characters.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration; it does not depend on the order of the numbers.

    Raises:
        ValueError: 24 cannot be made, which no instance from ``draw`` allows.
    """
    text = shortest_expression(tuple(sorted(instance["numbers"])))
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
        Their number, 2 to 4.
    """
    return len(instance["numbers"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Parse the response, count its numbers and compute its exact value.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if it is an expression of the given numbers, each used once, whose value is 24.
    """
    expression = response.strip(" ").removesuffix(f"={TARGET}")
    fault = unreadable(response) or _fault(instance["numbers"], expression)
    return judge(fault, expression, "the given numbers make 24")


@cache  # at most 1176 pairs, 455 triples and 1820 quadruples, one short text each
def shortest_expression(numbers: tuple[int, ...]) -> str | None:
    """Search all expressions of the numbers.

    Args:
        numbers: Two to four numbers in ascending order.

    Returns:
        The shortest expression with value 24 and no needless parentheses, or None if there is none.
    """
    texts = [expression.text for expression in _combinations(numbers) if expression.value == TARGET]
    return min(texts, key=_preference, default=None)


def _preference(text: str) -> tuple[int, str]:
    return len(text), text


@cache  # called for parts of a problem, three numbers at most
def _expressions(numbers: tuple[int, ...]) -> list[Expression]:
    """Keep the preferred text for every value and rank: all that can matter to an expression around it."""
    if len(numbers) == 1:
        return [Expression(Fraction(numbers[0]), NUMBER, str(numbers[0]))]
    best: dict[tuple[Fraction, int], Expression] = {}
    for new in _combinations(numbers):
        old = best.setdefault((new.value, new.rank), new)
        if _preference(new.text) < _preference(old.text):
            best[new.value, new.rank] = new
    return list(best.values())


def _combinations(numbers: tuple[int, ...]) -> Iterator[Expression]:
    """Split the numbers in two parts in every way and join every expression of one with every one of the other."""
    for chosen in range(1, 2 ** len(numbers) - 1):
        left_part = tuple(number for place, number in enumerate(numbers) if chosen >> place & 1)
        right_part = tuple(number for place, number in enumerate(numbers) if not chosen >> place & 1)
        for left in _expressions(left_part):
            for right in _expressions(right_part):
                yield from _joined(left, right)


def _joined(left: Expression, right: Expression) -> Iterator[Expression]:
    # Parentheses after + and * are never needed: a+(b-c) is a+b-c, and a*(b/c) is a*b/c.
    yield Expression(left.value + right.value, SUM, f"{left.text}+{right.text}")
    yield Expression(left.value - right.value, SUM, f"{left.text}-{_held(right, PRODUCT)}")
    factor = _held(left, PRODUCT)
    yield Expression(left.value * right.value, PRODUCT, f"{factor}*{_held(right, PRODUCT)}")
    if right.value != 0:
        yield Expression(left.value / right.value, PRODUCT, f"{factor}/{_held(right, NUMBER)}")


def _held(expression: Expression, rank: int) -> str:
    return expression.text if expression.rank >= rank else f"({expression.text})"


def _fault(numbers: list[int], expression: str) -> str:
    tokens = TOKEN.findall(expression)
    if "".join(tokens) != expression.replace(" ", ""):
        return "the expression holds something other than numbers, + - * / and parentheses"
    if len(tokens) > MAX_TOKENS:
        return f"the expression has {len(tokens)} tokens, more than {MAX_TOKENS}"
    # Numbers are compared as texts, so 03 is not 3. From here on, there are no numbers but the few small given ones.
    if sorted(filter(str.isdigit, tokens)) != sorted(map(str, numbers)):
        return "the numbers are not the given ones, each used once"
    try:
        value = _evaluate(tokens)
    except ZeroDivisionError:
        return "the expression divides by zero"
    except NotAnExpression as refusal:
        return str(refusal)
    return "" if value == TARGET else f"the value is {value}, not {TARGET}"


def _evaluate(tokens: list[str]) -> Fraction:
    """Compute ``sum = product {(+|-) product}``, ``product = atom {(*|/) atom}``, ``atom = number | ( sum )``."""
    rest = tokens[::-1]  # the next token is the last one, so that taking it is a pop
    value = _sum(rest)
    if rest:
        raise NotAnExpression(f"{rest[-1]!r} cannot follow a complete expression")
    return value


def _sum(rest: list[str]) -> Fraction:
    value = _product(rest)
    while rest and rest[-1] in SUMS:
        operation = SUMS[rest.pop()]
        value = operation(value, _product(rest))
    return value


def _product(rest: list[str]) -> Fraction:
    value = _atom(rest)
    while rest and rest[-1] in PRODUCTS:
        operation = PRODUCTS[rest.pop()]
        value = operation(value, _atom(rest))
    return value


def _atom(rest: list[str]) -> Fraction:
    token = rest.pop() if rest else "the end"
    if token.isdigit():
        return Fraction(int(token))
    if token != "(":
        raise NotAnExpression(f"{token!r} stands where a number or '(' is needed")
    value = _sum(rest)
    if not rest or rest.pop() != ")":
        raise NotAnExpression("a '(' is not closed")
    return value
