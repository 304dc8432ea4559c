"""Expressions as trees of four kinds of nodes, and their text for an outside engine.

- ``Number(value)``: an exact rational, however it was written.
- ``Constant(name)``: ``pi``, ``e``, ``i``, ``infinity``.
- ``Symbol(name)``: an unknown, with its subscript: ``x_{1}``.
- ``Apply(operation, parts)``: an operation of ``ARITY``; the parts of ``log`` are base and
  argument, those of ``root`` index and radicand.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

TRIGONOMETRIC = ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth")
INVERSE = ("arcsin", "arccos", "arctan", "arccot", "arcsinh", "arccosh", "arctanh")
ARITY = {
    **dict.fromkeys(("+", "*", "/", "^", "log", "root", "binom"), 2),
    **dict.fromkeys(("-", "!", "abs", "floor", "ceil", "conjugate", *TRIGONOMETRIC, *INVERSE), 1),
}
"""Operations and the number of their parts.

``-`` is the sign; a difference is a sum with a negative.
"""


@dataclass(frozen=True)
class Number:
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True)
class Constant:
    """A number with a name: pi, e, i; infinity only as the end of an interval."""

    name: str


@dataclass(frozen=True)
class Symbol:
    """An unknown."""

    name: str


@dataclass(frozen=True)
class Apply:
    """An operation applied to its parts."""

    operation: str
    parts: tuple["Tree", ...]


Tree = Number | Constant | Symbol | Apply

INFINITY = Constant("infinity")
SINGLE = re.compile(r"\d+|[a-z]|\\left\(-\d+\\right\)")
"""What is written without more brackets, which are slow to parse."""


def number(value: int | Fraction) -> Number:
    """The tree of an integer or a fraction."""
    return Number(Fraction(value))


def negative(tree: Tree) -> Tree:
    """The tree with its sign changed; a number stays a number."""
    return Number(-tree.value) if isinstance(tree, Number) else Apply("-", (tree,))


def difference(left: Tree, right: Tree) -> Tree:
    """``left - right``."""
    return Apply("+", (left, negative(right)))


def numerator(tree: Tree) -> Tree:
    """What is zero where the tree is zero: the tree times the unknowns that it divides by."""
    above, below = _fraction(tree)
    return above if symbols(below) else tree


def _fraction(tree: Tree) -> tuple[Tree, Tree]:
    """Numerator and denominator over sums, products and quotients."""
    if not isinstance(tree, Apply) or tree.operation not in ("+", "-", "*", "/"):
        return tree, number(1)
    parts = [_fraction(part) for part in tree.parts]
    match tree.operation, parts:
        case "-", [(above, below)]:
            return negative(above), below
        case "*", [(a, b), (c, d)]:
            return _product(a, c), _product(b, d)
        case "/", [(a, b), (c, d)]:
            return _product(a, d), _product(b, c)
        case "+", [(a, b), (c, d)] if b == d:
            return Apply("+", (a, c)), b
        case "+", [(a, b), (c, d)]:
            return Apply("+", (_product(a, d), _product(c, b))), _product(b, d)
    return tree, number(1)


def _product(left: Tree, right: Tree) -> Tree:
    one = number(1)
    return right if left == one else left if right == one else Apply("*", (left, right))


def leaves(tree: Tree) -> Iterator[Number | Constant | Symbol]:
    """All numbers, constants and symbols, from left to right."""
    if isinstance(tree, Apply):
        for part in tree.parts:
            yield from leaves(part)
    else:
        yield tree


def symbols(tree: Tree) -> frozenset[str]:
    """Names of the unknowns."""
    return frozenset(leaf.name for leaf in leaves(tree) if isinstance(leaf, Symbol))


def substituted(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """The tree with other trees in place of its unknowns."""
    if isinstance(tree, Apply):
        return Apply(tree.operation, tuple(substituted(part, values) for part in tree.parts))
    return values.get(tree.name, tree) if isinstance(tree, Symbol) else tree


def operations(tree: Tree) -> frozenset[str]:
    """Names of the operations; a power whose exponent is no integer counts as ``power``."""
    if not isinstance(tree, Apply):
        return frozenset()
    name = tree.operation
    if name == "^" and not (isinstance(tree.parts[1], Number) and tree.parts[1].value % 1 == 0):
        name = "power"
    return frozenset((name,)).union(*map(operations, tree.parts))


def latex(tree: Tree, names: dict[str, str]) -> str:
    """Write a tree for math-verify.

    Every part but a sign or a number is in brackets, so that no rule of precedence is needed.

    Args:
        tree: A tree of finite numbers.
        names: Symbol -> the single letter to write for it; letters that the engine would read as
            constants are not used.
    """
    if isinstance(tree, Number):
        # A number keeps its sign in brackets: `a+-3` must not depend on how the engine reads it.
        above, below = tree.value.numerator, tree.value.denominator
        text = str(abs(above)) if below == 1 else rf"\frac{{{abs(above)}}}{{{below}}}"
        return rf"\left(-{text}\right)" if above < 0 else text
    if isinstance(tree, Constant):
        return {"pi": r"\pi", "e": "e", "i": r"\sqrt{-1}"}[tree.name]
    if isinstance(tree, Symbol):
        return names[tree.name]
    written = tuple(latex(part, names) for part in tree.parts)
    return _written_operation(tree.operation, written)


def _written_operation(operation: str, parts: tuple[str, ...]) -> str:
    bracketed = tuple(part if SINGLE.fullmatch(part) else rf"\left({part}\right)" for part in parts)
    match operation, parts:
        case "+", (left, _):
            return f"{left}+{bracketed[1]}"
        case "*", _:
            return rf"{bracketed[0]}\cdot {bracketed[1]}"
        case "/", (above, below):
            return rf"\frac{{{above}}}{{{below}}}"
        case "^", ("e", exponent):
            return f"e^{{{exponent}}}"
        case "^", (_, exponent):
            return rf"{bracketed[0]}^{{{exponent}}}"
        case "root", ("2", radicand):
            return rf"\sqrt{{{radicand}}}"
        case "root", (index, radicand):
            return rf"\sqrt[{index}]{{{radicand}}}"
        case "log", ("e", _):
            return rf"\ln\left({parts[1]}\right)"
        case "log", (base, _):
            return rf"\frac{{\ln\left({parts[1]}\right)}}{{\ln\left({base}\right)}}"
        case "binom", (above, below):
            return rf"\binom{{{above}}}{{{below}}}"
        case "-", _:
            return f"-{bracketed[0]}"
        case "!", _:
            return f"{bracketed[0]}!"
        case "abs", (inside,):
            return rf"\left|{inside}\right|"
        case "floor", (inside,):
            return rf"\lfloor {inside} \rfloor"
        case "ceil", (inside,):
            return rf"\lceil {inside} \rceil"
    inside = rf"\left({parts[0]}\right)"
    if operation == "coth":  # the engine reads \coth as a cotangent
        return rf"\frac{{1}}{{\tanh{inside}}}"
    if operation == "arccot":  # unknown to the engine; only the sign's convention below 0 differs
        return rf"\frac{{\pi}}{{2}}-\arctan{inside}"
    return rf"\{operation}{inside}"
