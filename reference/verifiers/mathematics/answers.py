"""What a final answer can be, once it has been read.

- ``Scalar(tree, unit, percent, ...)``: a number or an expression, with its unit.
- ``Numeral(digits, base)``: a number written in a base, such as 1010_2.
- ``Collection(brackets, members)``: (1,2), [0,1), {1,2} and, without brackets, a list, a ratio, a
  union, a difference, an intersection.
- ``Matrix(rows)``: a matrix; a column vector is one with one column.
- ``Statement(left, relation, right)``: an equation, or an inequality that is no interval.
- ``Named(name, value)``: x = 3, m+n = 33, x > 1.
- ``Text(words)``: east, True, no solution.
"""

from dataclasses import dataclass

from seed.reference.verifiers.mathematics.expressions import INFINITY, Tree, negative
from seed.reference.verifiers.mathematics.units import Unit

LIST, SET, UNION, RATIO = "list", "{}", "union", ":"
DIFFERENCE, INTERSECTION = "difference", "intersection"
POINT = "()"
UNORDERED = (LIST, SET, UNION)
INTERVALS = ("()", "[]", "(]", "[)")


@dataclass(frozen=True)
class Scalar:
    """A number or an expression.

    Attributes:
        tree: Its value, percent sign and unit aside.
        unit: Its unit, if one is written.
        percent: Whether a percent sign or word is written.
        decimal_places: Digits behind the point, if it is written as a decimal; None otherwise.
        with_letters: The same text with the letters of its unit read as unknowns, where that is
            possible: ``5 m``.
    """

    tree: Tree
    unit: Unit | None = None
    percent: bool = False
    decimal_places: int | None = None
    with_letters: Tree | None = None


@dataclass(frozen=True)
class Numeral:
    """Digits in a written base, without leading zeros."""

    digits: str
    base: int

    def value(self) -> int:
        """The integer they stand for."""
        return int(self.digits, self.base)


@dataclass(frozen=True)
class Collection:
    """Several answers.

    Attributes:
        brackets: One of ``INTERVALS``, ``SET``, ``LIST``, ``RATIO``, ``UNION``, ``DIFFERENCE`` or
            ``INTERSECTION``.
        members: The answers.
    """

    brackets: str
    members: tuple["Answer", ...]


@dataclass(frozen=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple["Answer", ...], ...]


@dataclass(frozen=True)
class Statement:
    """A relation between two expressions.

    Attributes:
        left: The left side.
        relation: ``=``, ``neq``, ``<`` or ``le``; for greater-than the sides are exchanged.
        right: The right side.
    """

    left: Tree
    relation: str
    right: Tree


@dataclass(frozen=True)
class Named:
    """A value and its name."""

    name: str
    value: "Answer"


@dataclass(frozen=True)
class Text:
    """Words, folded: lower case, single blanks, no punctuation, no article in front."""

    words: str


Answer = Scalar | Numeral | Collection | Matrix | Statement | Named | Text

NOTHING = Collection(SET, ())
"""The empty set, and the answer of an equation without solutions."""

EVERYTHING = Collection("()", (Scalar(negative(INFINITY)), Scalar(INFINITY)))
"""All real numbers."""
