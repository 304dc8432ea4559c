"""Arithmetic expressions over given numbers: parsed and computed exactly, never executed.

    sum      product {(+|-) product}, computed from left to right
    product  atom {(*|/) atom}, computed from left to right
    atom     number | ( sum ); a number is one of the given ones, written as it is given

There is no ``**``, no ``//``, no decimal, no leading zero and no division by zero. Where an
instance allows a sign, an atom may also be a minus sign and an atom. Spaces between tokens are
allowed, and so is one trailing ``=`` with the target, since equations are usually written so.
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
SIGN = "~"
"""A minus sign that stands before an atom: as a token it is told apart from a subtraction."""
SUMS = {"+": add, "-": sub}
PRODUCTS = {"*": mul, "/": truediv}
# Ranks of expressions: an operand needs parentheses if its rank is too low.
SUM, PRODUCT, NUMBER = 0, 1, 2

Check = Callable[[Fraction, str, Fraction, Fraction], None]
"""Called with left, operator, right and value of every operation, in the order of evaluation."""


class Written(NamedTuple):
    """The text of an expression, and the rank of its outermost operation: SUM, PRODUCT, NUMBER."""

    text: str
    rank: int


class NotAnExpression(ValueError):
    """The tokens do not follow the grammar, or an operation breaks a rule of the puzzle."""


def without_target(response: str, target: int) -> str:
    """Remove the spaces around a response and one trailing ``=`` with the target."""
    return response.strip(" ").removesuffix(f"={target}")


def fault_of(
    expression: str,
    numbers: Sequence[int],
    target: int,
    check: Check | None = None,
    *,
    signed: bool = False,
) -> str:
    """Find the first rule that an expression breaks.

    Args:
        expression: Any text up to the length that a verifier reads.
        numbers: The given numbers, each to be used exactly once.
        target: The required value.
        check: Called with every operation; it raises ``NotAnExpression`` to reject one.
        signed: Whether a minus sign may stand before an atom.

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
        value = evaluate(_with_signs(tokens) if signed else tokens, check or _ignore)
    except ZeroDivisionError:
        return "the expression divides by zero"
    except NotAnExpression as fault:
        return str(fault)
    return "" if value == target else f"the value is {value}, not {target}"


def evaluate(tokens: Sequence[str], check: Check) -> Fraction:
    """Compute the exact value of a sum, see the grammar above.

    Args:
        tokens: Matches of ``TOKEN``, at most ``MAX_TOKENS``.
        check: Called with every operation.

    Returns:
        The value.

    Raises:
        NotAnExpression: The tokens are not one complete sum, or ``check`` rejects an operation.
        ZeroDivisionError: A divisor is 0.
    """
    rest = list(tokens[::-1])  # the next token is the last one, so that taking it is a pop
    value = _sum(rest, check)
    if rest:
        raise NotAnExpression(f"{rest[-1]!r} cannot follow a complete expression")
    return value


def join(left: Written, operator: str, right: Written) -> Written:
    """Write an operation (one of ``+ - * /``) with the parentheses that it needs.

    After ``+`` and ``*`` none are ever needed: a+(b-c) is a+b-c, and a*(b/c) is a*b/c. If all
    operations of the longer form give positive integers, so do those of the shorter.
    """
    rank = SUM if operator in SUMS else PRODUCT
    # Subtraction and division do not associate: their right operand must bind more tightly.
    lowest = rank if operator in "+*" else rank + 1
    first, second = _in_parentheses_below(rank, left), _in_parentheses_below(lowest, right)
    return Written(f"{first}{operator}{second}", rank)


def _in_parentheses_below(rank: int, operand: Written) -> str:
    return operand.text if operand.rank >= rank else f"({operand.text})"


def _with_signs(tokens: Sequence[str]) -> list[str]:
    """Tell signs from subtractions: a sign stands first, or after an operator or ``(``."""
    before = ["(", *tokens[:-1]]
    return [
        SIGN if token == "-" and previous in "+-*/(" else token
        for previous, token in zip(before, tokens, strict=True)
    ]


def _ignore(left: Fraction, operator: str, right: Fraction, value: Fraction) -> None:
    """The check of a puzzle that allows every operation."""


def _sum(rest: list[str], check: Check) -> Fraction:
    value = _product(rest, check)
    while rest and rest[-1] in SUMS:
        operator = rest.pop()
        value = _operated(value, operator, _product(rest, check), check)
    return value


def _product(rest: list[str], check: Check) -> Fraction:
    value = _atom(rest, check)
    while rest and rest[-1] in PRODUCTS:
        operator = rest.pop()
        value = _operated(value, operator, _atom(rest, check), check)
    return value


def _operated(left: Fraction, operator: str, right: Fraction, check: Check) -> Fraction:
    value: Fraction = (SUMS | PRODUCTS)[operator](left, right)
    check(left, operator, right, value)
    return value


def _atom(rest: list[str], check: Check) -> Fraction:
    token = rest.pop() if rest else "the end"
    if token.isdigit():
        return Fraction(int(token))
    if token == SIGN:
        return -_atom(rest, check)
    if token != "(":
        raise NotAnExpression(f"{token!r} stands where a number or '(' is needed")
    value = _sum(rest, check)
    if not rest or rest.pop() != ")":
        raise NotAnExpression("a '(' is not closed")
    return value
