"""Whether two expressions have the same value: exact, or by two independent comparisons.

1. Identical trees are equal.
2. Two exact rationals are equal or not, for certain; if one is too large to write out, the residues
   of both decide (``residues``).
3. Numeric comparison: values at fixed points, with 60 digits and more (``evaluation``). If they
   differ, the expressions are not equal.
4. Second comparison: if math-verify (``engine``) confirms, they are equal. If it does not, they are
   undecided: an error, no verdict.

Unknowns are real. Points where a side has no value are left out, and so are those where one side
is real and the other is not, unless that is due to a logarithm: 2 ln x is not ln(x^2). Three points
are needed, and where no point gives real values on both sides the complex ones are compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from seed.reference.verifiers.mathematics import engine
from seed.reference.verifiers.mathematics.evaluation import (
    TooLarge,
    Undefined,
    equal_at,
    exact,
    is_real_at,
    point_number,
)
from seed.reference.verifiers.mathematics.expressions import (
    INFINITY,
    Apply,
    Number,
    Tree,
    leaves,
    negative,
    operations,
    substituted,
    symbols,
)
from seed.reference.verifiers.mathematics.infinity import settled
from seed.reference.verifiers.mathematics.residues import same_residues

MOST_POINTS, FEWEST_POINTS = 8, 3
"""Points tried, and points that must be comparable.

Functions that agree to 60 digits at three unrelated points are equal, or made for these very
points; and the second comparison does not use the points.
"""


class Undecided(Exception):
    """The two comparisons disagree, or there is nothing to compare; the message says which."""


@dataclass(frozen=True)
class Comparison:
    """Whether two answers are the same, and what decided it. Truth value as ``equal``."""

    equal: bool
    why: str

    def __bool__(self) -> bool:
        """The verdict alone."""
        return self.equal


def same_value(left: Tree, right: Tree) -> Comparison:
    """Compare two expressions, in either order.

    Raises:
        TooLarge: A number lies outside what is computed.
        Undecided: The numeric comparison finds them equal and math-verify does not.
    """
    if left == right:
        return Comparison(True, "the expressions are identical")
    try:
        left, right = settled(left), settled(right)
        if INFINITY in leaves(left) or INFINITY in leaves(right):
            return Comparison(left == right, "infinities are compared by their sign")
        exact_values = exact(left), exact(right)
    except Undefined as undefined:
        return Comparison(False, f"{undefined} has no value")
    except TooLarge:
        equal_residues = same_residues(left, right)
        if equal_residues is None:
            raise
        word = "the same" if equal_residues else "different"
        return Comparison(equal_residues, f"the rational values have {word} residues")
    if None not in exact_values:
        equal = exact_values[0] == exact_values[1]
        word = "equal" if equal else "different"
        return Comparison(equal, f"the exact rational values are {word}")
    left, right = folded(left), folded(right)
    numeric = _numeric_comparison(left, right)
    if numeric and not engine.agrees(left, right):
        raise Undecided("the values agree to 60 digits and math-verify does not confirm it")
    return Comparison(True, f"{numeric.why}, and math-verify confirms it") if numeric else numeric


def folded(tree: Tree) -> Tree:
    """The tree with every rational part computed: no tower or factorial reaches the engine."""
    if not isinstance(tree, Apply):
        return tree
    value = exact(tree)
    if value is not None:
        return Number(value)
    parts = tuple(folded(part) for part in tree.parts)
    match tree.operation, parts:
        case "root", (Number(index), Number(radicand)) if radicand < 0 and index % 2 == 1:
            # The engine takes the complex root.
            return negative(Apply("root", (parts[0], Number(-radicand))))
    return Apply(tree.operation, parts)


def proportional(left: Tree, right: Tree, same_sign: bool) -> Comparison:
    """Compare two expressions up to a constant factor.

    Formula: ``f(x) g(p) = g(x) f(p)`` for all x, at a fixed point p.

    Args:
        left: f, not identically zero.
        right: g, with the same unknowns.
        same_sign: Whether the factor has to be positive.
    """
    if symbols(left) != symbols(right):
        return Comparison(False, "the unknowns differ")
    point = {name: Number(v) for name, v in point_number(0, symbols(left)).items()}
    at_left, at_right = substituted(left, point), substituted(right, point)
    product = exact(Apply("*", (at_left, at_right)))
    if product is not None and (product == 0 or (same_sign and product < 0)):
        return Comparison(False, "the statements differ by more than a factor")
    if product is None and same_sign:
        return same_value(left, right)
    return same_value(Apply("*", (left, at_right)), Apply("*", (right, at_left)))


def _numeric_comparison(left: Tree, right: Tree) -> Comparison:
    unknowns = symbols(left) | symbols(right)
    if not unknowns:
        equal = equal_at(left, right, {})
        if equal is None:
            return Comparison(False, "an expression has no value")
        return Comparison(equal, "the values agree to 60 digits" if equal else "the values differ")
    points = [point_number(index, unknowns) for index in range(MOST_POINTS)]
    are_real = [(is_real_at(left, point), is_real_at(right, point)) for point in points]
    if ((True, False) in are_real or (False, True) in are_real) and _only_logarithms(left, right):
        return Comparison(False, "one is real where the other is not")
    real_points = (p for p, real in zip(points, are_real, strict=True) if all(real))
    agreed = _points_of_agreement(left, right, real_points)
    if agreed is not None and agreed < FEWEST_POINTS:
        agreed = _points_of_agreement(left, right, points)
    if agreed is None:
        return Comparison(False, "the values differ at a point")
    if agreed < FEWEST_POINTS:
        return Comparison(False, "the expressions have no values to compare")
    return Comparison(True, f"the values agree at {agreed} points")


def _only_logarithms(*trees: Tree) -> bool:
    """Whether logarithms, and no roots, are what may leave the real numbers."""
    used = set().union(*map(operations, trees))
    return "log" in used and not used & {"root", "arcsin", "arccos", "power"}


def _points_of_agreement(
    left: Tree, right: Tree, points: Iterable[dict[str, Fraction]]
) -> int | None:
    """How many points show equal values; None as soon as one shows different ones."""
    agreed = 0
    for point in points:
        equal = equal_at(left, right, point)
        if equal is False:
            return None
        agreed += equal is True
    return agreed
