r"""Arithmetic with infinity, as limits have it: ``2\infty`` is ``\infty``, ``1/\infty`` is 0.

Only what has one value: ``\infty - \infty``, ``0 \cdot \infty`` and ``\infty/\infty`` have none.
"""

from seed.reference.verifiers.mathematics.evaluation import Undefined, exact
from seed.reference.verifiers.mathematics.expressions import (
    INFINITY,
    Apply,
    Tree,
    leaves,
    negative,
    number,
)

NEGATIVE_INFINITY = negative(INFINITY)


def settled(tree: Tree) -> Tree:
    """A tree with an infinity as its value; any other tree as it is.

    Raises:
        Undefined: It has no value.
    """
    if INFINITY not in leaves(tree) or not isinstance(tree, Apply):
        return tree
    parts = [settled(part) for part in tree.parts]
    match tree.operation, parts:
        case "-", [part]:
            return _signed(-_sign(part)) if _infinite(part) else Apply("-", (part,))
        case "+", [left, right]:
            return _sum(left, right)
        case (("*" | "/"), [left, right]) if _infinite(left):
            if _infinite(right) and tree.operation == "/":
                raise Undefined("infinity over infinity")
            return _signed(_sign(left) * _sign(right))
        case "*", [left, right]:
            return _signed(_sign(left) * _sign(right))
        case "/", [_, right] if _infinite(right):
            return number(0)
        case "^", [base, exponent] if base == INFINITY and not _infinite(exponent):
            return INFINITY if _sign(exponent) > 0 else number(0)
        case "root", [_, radicand] if radicand == INFINITY:
            return INFINITY
    raise Undefined("an operation with infinity")


def _sum(left: Tree, right: Tree) -> Tree:
    infinities = [part for part in (left, right) if _infinite(part)]
    if len(infinities) == 2 and left != right:
        raise Undefined("the difference of infinities")
    return infinities[0] if infinities else Apply("+", (left, right))


def _infinite(tree: Tree) -> bool:
    return tree in (INFINITY, NEGATIVE_INFINITY)


def _signed(sign: int) -> Tree:
    return INFINITY if sign > 0 else NEGATIVE_INFINITY


def _sign(tree: Tree) -> int:
    """The sign of an infinity or of a rational that is not 0."""
    if _infinite(tree):
        return 1 if tree == INFINITY else -1
    value = exact(tree)
    if not value:
        raise Undefined("infinity times what is no rational, or zero")
    return 1 if value > 0 else -1
