r"""Operators that are worked out when they are read: gcd, lcm, max, min, sums and products.

``\gcd(12,18)`` is 6, ``\sum_{k=1}^{5} k^2`` is 55. The work is bounded: at most ``MOST_TERMS``
rational terms, whose sum has at most ``MOST_BITS`` bits, or ``MOST_ROOTS`` other ones. A sum with
an unknown bound has no value here.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

from seed.reference.verifiers.mathematics.evaluation import TooLarge, Undefined, exact
from seed.reference.verifiers.mathematics.expressions import (
    Apply,
    Number,
    Tree,
    number,
    substituted,
)

MOST_TERMS, MOST_ROOTS, MOST_BITS = 1000, 40, 20_000

OF_INTEGERS: dict[str, Callable[..., int]] = {"gcd": gcd, "lcm": lcm}
OF_RATIONALS: dict[str, Callable[..., Fraction]] = {"max": max, "min": min}
REPEATED = {"sum": "+", "prod": "*"}


def of_list(name: str, members: list[Tree]) -> Number | None:
    """``gcd``, ``lcm``, ``max`` or ``min`` of rational numbers; None if it has no value here."""
    values = [_value(member) for member in members]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known:
        return None
    if name in OF_RATIONALS:
        return number(OF_RATIONALS[name](known))
    if any(value.denominator != 1 for value in known):
        return None
    return number(OF_INTEGERS[name](*(int(value) for value in known)))


def repeated(name: str, body: Tree, unknown: str, low: Tree, high: Tree) -> tuple[Tree, int] | None:
    """A sum or product over the integers from ``low`` to ``high``, and its number of terms.

    None if it has no value here.
    """
    first, last = _value(low), _value(high)
    if first is None or last is None or first.denominator != 1 or last.denominator != 1:
        return None
    count = int(last - first) + 1
    if not 0 <= count <= MOST_TERMS:
        return None
    terms = [substituted(body, {unknown: number(first + step)}) for step in range(count)]
    empty = number(0 if name == "sum" else 1)
    total: Fraction | None = empty.value
    for term in terms:
        value = _value(term)
        if value is None or total is None:
            total = None
            break
        total = total + value if name == "sum" else total * value
        if total.numerator.bit_length() + total.denominator.bit_length() > MOST_BITS:
            return None
    if total is not None:
        return number(total), count
    if count > MOST_ROOTS:
        return None
    return reduce(lambda left, right: Apply(REPEATED[name], (left, right)), terms), count


def _value(tree: Tree) -> Fraction | None:
    try:
        return exact(tree)
    except (TooLarge, Undefined):
        return None
