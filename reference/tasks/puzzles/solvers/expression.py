"""Arithmetic expressions over given numbers: written with few parentheses, parsed, computed
exactly, never executed.

==========  =============================================================================================
sum         ``product {(+|-) product}``, worked out from left to right
product     ``atom {(*|/) atom}``, worked out from left to right
atom        ``number | ( sum )``; a number is one of the given ones, written as it is given
==========  =============================================================================================

There is no unary minus, no ``**``, no ``//``, no decimal and no leading zero. Spaces between tokens
are allowed, and so is one trailing ``=`` with the target, the habit of anyone who has seen an
equation.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import NamedTuple

TOKEN = re.compile(r"[0-9]+|[-+*/()]")
# Six numbers need five operators and at most five useful pairs of parentheses, 21 tokens. The limit
# leaves room for idle parentheses and bounds the depth of the parser's recursion.
MAX_TOKENS = 64
SUMS = {"+": add, "-": sub}
PRODUCTS = {"*": mul, "/": truediv}
# How tightly an expression holds together decides where it needs parentheses.
SUM, PRODUCT, NUMBER = 0, 1, 2

Watch = Callable[[Fraction, str, Fraction, Fraction], None]
"""What is told every operation in the order of evaluation: left, operator, right, value. It may
raise NotAnExpression.
"""


class Written(NamedTuple):
    """The text of an expression, and whether its outermost operation is a sum, a product or
    none.
    """

    text: str
    rank: int


class NotAnExpression(ValueError):
    """The tokens do not follow the grammar, or an operation is against the rules of the puzzle."""


def without_target(response: str, target: int) -> str:
    """Take the spaces around a response and one trailing ``=`` with the target away.

    Args:
        response: Any text at all.
        target: The value that is asked for.

    Returns:
        What must be an expression.
    """
    return response.strip(" ").removesuffix(f"={target}")


def fault_of(
    expression: str, numbers: Sequence[int], target: int, watch: Watch | None = None
) -> str:
    """Find the first rule that an expression breaks.

    Args:
        expression: Any text up to the length that a verifier reads.
        numbers: The given numbers, each to be used exactly once.
        target: The value to be made.
        watch: Told every operation; it raises ``NotAnExpression`` to refuse one.

    Returns:
        The fault, or the empty text if the expression uses the numbers and has the value.
    """
    tokens = TOKEN.findall(expression)
    if "".join(tokens) != expression.replace(" ", ""):
        return "the expression holds something other than numbers, + - * / and parentheses"
    if len(tokens) > MAX_TOKENS:
        return f"the expression has {len(tokens)} tokens, more than {MAX_TOKENS}"
    # Numbers are compared as texts, so 03 is not 3. From here on, there are no numbers but the few
    # small given ones.
    if sorted(filter(str.isdigit, tokens)) != sorted(map(str, numbers)):
        return "the numbers are not the given ones, each used once"
    try:
        value = evaluate(tokens, watch or _ignore)
    except ZeroDivisionError:
        return "the expression divides by zero"
    except NotAnExpression as refusal:
        return str(refusal)
    return "" if value == target else f"the value is {value}, not {target}"


def evaluate(tokens: Sequence[str], watch: Watch) -> Fraction:
    """Compute the exact value of a sum, see the grammar above.

    Args:
        tokens: Matches of ``TOKEN``, at most ``MAX_TOKENS``.
        watch: Told every operation.

    Returns:
        The value.

    Raises:
        NotAnExpression: The tokens are not one complete sum, or ``watch`` says so.
        ZeroDivisionError: A divisor is 0.
    """
    rest = list(tokens[::-1])  # the next token is the last one, so that taking it is a pop
    value = _sum(rest, watch)
    if rest:
        raise NotAnExpression(f"{rest[-1]!r} cannot follow a complete expression")
    return value


def join(left: Written, operator: str, right: Written) -> Written:
    """Write an operation with the parentheses that it needs.

    After ``+`` and ``*`` none are ever needed: a+(b-c) is a+b-c, and a*(b/c) is a*b/c. If all
    operations of the longer form give positive integers, so do those of the shorter.

    Args:
        left: The first operand.
        operator: One of ``+ - * /``.
        right: The second operand.

    Returns:
        The text of the whole and its rank.
    """
    if operator in SUMS:
        return Written(
            f"{left.text}{operator}{_held(right, SUM if operator == '+' else PRODUCT)}", SUM
        )
    return Written(
        f"{_held(left, PRODUCT)}{operator}{_held(right, PRODUCT if operator == '*' else NUMBER)}",
        PRODUCT,
    )


def _held(part: Written, rank: int) -> str:
    return part.text if part.rank >= rank else f"({part.text})"


def _ignore(left: Fraction, operator: str, right: Fraction, value: Fraction) -> None:
    """The watch of a puzzle that allows every operation."""


def _sum(rest: list[str], watch: Watch) -> Fraction:
    value = _product(rest, watch)
    while rest and rest[-1] in SUMS:
        operator = rest.pop()
        value = _operated(value, operator, _product(rest, watch), watch)
    return value


def _product(rest: list[str], watch: Watch) -> Fraction:
    value = _atom(rest, watch)
    while rest and rest[-1] in PRODUCTS:
        operator = rest.pop()
        value = _operated(value, operator, _atom(rest, watch), watch)
    return value


def _operated(left: Fraction, operator: str, right: Fraction, watch: Watch) -> Fraction:
    value: Fraction = (SUMS | PRODUCTS)[operator](left, right)
    watch(left, operator, right, value)
    return value


def _atom(rest: list[str], watch: Watch) -> Fraction:
    token = rest.pop() if rest else "the end"
    if token.isdigit():
        return Fraction(int(token))
    if token != "(":
        raise NotAnExpression(f"{token!r} stands where a number or '(' is needed")
    value = _sum(rest, watch)
    if not rest or rest.pop() != ")":
        raise NotAnExpression("a '(' is not closed")
    return value
