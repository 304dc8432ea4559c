r"""Sets of real numbers, brought into one form: intervals that neither touch nor overlap, in order.

    [1,2] \cup [2,3] = [1,3]      \mathbb{R} \setminus \{3\} = (-oo,3) \cup (3,oo) = (x \neq 3)
    x > 2 and x \le 3 = (2,3]     (0,2) \cap [1,3] = [1,2)

The order of the ends is found with 60 digits; whether two ends are the same number is decided by
the caller, from their trees.
"""

from dataclasses import dataclass, replace
from typing import Any

from seed.reference.verifiers.mathematics.answers import (
    DIFFERENCE,
    INTERSECTION,
    INTERVALS,
    LIST,
    SET,
    UNION,
    Answer,
    Collection,
    Named,
    Scalar,
    Statement,
)
from seed.reference.verifiers.mathematics.evaluation import (
    BASE_DIGITS,
    UNDEFINED,
    Evaluation,
    TooLarge,
)
from seed.reference.verifiers.mathematics.expressions import (
    INFINITY,
    Symbol,
    Tree,
    negative,
    symbols,
)
from seed.reference.verifiers.mathematics.values import folded

NEAR = 1e-40
"""Ends nearer than this are one number here."""


@dataclass(frozen=True)
class End:
    """An end of an interval.

    Attributes:
        tree: Its number.
        value: The same with 60 digits, or an infinity.
        shift: 0 at the number itself, -1 just below and +1 just above it.
    """

    tree: Tree
    value: Any
    shift: int

    def before(self, other: "End") -> bool:
        """Whether this end lies before the other one."""
        if abs(self.value - other.value) < NEAR or self.value == other.value:
            return self.shift < other.shift
        return bool(self.value < other.value)


@dataclass(frozen=True)
class Interval:
    """All numbers from one end to the other; an open end is shifted inwards."""

    low: End
    high: End


def real_set(answer: Answer) -> list[Interval] | None:
    """The intervals of an answer, in order; None if it is no set of real numbers."""
    try:
        pieces = _pieces(answer)
    except (TooLarge, *UNDEFINED):
        return None
    return None if pieces is None else _merged(pieces)


def intersection(one: list[Interval], other: list[Interval]) -> list[Interval]:
    """What lies in both sets."""
    common = (Interval(_later(a.low, b.low), _earlier(a.high, b.high)) for a in one for b in other)
    return [piece for piece in common if not piece.high.before(piece.low)]


def as_answer(pieces: list[Interval]) -> Answer:
    """The intervals as an answer: one of them, or a union."""
    members = tuple(as_interval(piece) for piece in pieces)
    return members[0] if len(members) == 1 else Collection(UNION, members)


def _pieces(answer: Answer) -> list[Interval] | None:
    match answer:
        case Named(_, value):
            return _pieces(value)
        case Statement(Symbol(), "neq", right) if not symbols(right):
            return _complement([_point(right)])
        case Collection(brackets, (Scalar(low), Scalar(high))) if brackets in INTERVALS:
            if symbols(low) or symbols(high):
                return None
            ends = _end(low, brackets[0] == "("), _end(high, -(brackets[1] == ")"))
            return [] if ends[1].before(ends[0]) else [Interval(*ends)]
        case Collection(brackets, members) if brackets == SET:
            trees = [member.tree for member in members if isinstance(member, Scalar)]
            constant = len(trees) == len(members) and not any(map(symbols, trees))
            return [_point(tree) for tree in trees] if constant else None
        case Collection(brackets, members) if brackets in (UNION, LIST):
            parts = [_pieces(member) for member in members]
            known = [part for part in parts if part is not None]
            return [piece for part in known for piece in part] if len(known) == len(parts) else None
        case Collection(brackets, (first, second)) if brackets in (DIFFERENCE, INTERSECTION):
            alone = Collection(SET, (second,)) if isinstance(second, Scalar) else second
            sides = _pieces(first), _pieces(alone)
            if sides[0] is None or sides[1] is None:
                return None
            kept = sides[1] if brackets == INTERSECTION else _complement(_merged(sides[1]))
            return intersection(sides[0], kept)
    return None


def _merged(pieces: list[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    remaining = list(pieces)
    while remaining:
        first = remaining[0]
        for piece in remaining[1:]:
            first = piece if piece.low.before(first.low) else first
        remaining.remove(first)
        if merged and _touches(merged[-1].high, first.low):
            merged[-1] = Interval(merged[-1].low, _later(merged[-1].high, first.high))
        else:
            merged.append(first)
    return merged


def _touches(high: End, low: End) -> bool:
    """Whether nothing lies between a high end and a low one: ``2)`` and ``[2`` touch."""
    return not replace(high, shift=high.shift + 1).before(low)


def _complement(pieces: list[Interval]) -> list[Interval]:
    """All real numbers but those of the pieces, which are merged."""
    lows = [_end(negative(INFINITY), True)]
    highs = []
    for piece in pieces:
        highs.append(replace(piece.low, shift=piece.low.shift - 1))
        lows.append(replace(piece.high, shift=piece.high.shift + 1))
    highs.append(_end(INFINITY, -1))
    gaps = [Interval(low, high) for low, high in zip(lows, highs, strict=True)]
    return [gap for gap in gaps if not gap.high.before(gap.low)]


def _end(tree: Tree, shift: int) -> End:
    if tree in (INFINITY, negative(INFINITY)):
        return End(tree, float("inf") if tree == INFINITY else float("-inf"), int(shift))
    value = Evaluation(BASE_DIGITS, {}).value(folded(tree))
    if value.imag:
        raise ArithmeticError("a complex number is no end")
    return End(tree, value.real, int(shift))


def _point(tree: Tree) -> Interval:
    return Interval(_end(tree, 0), _end(tree, 0))


def _earlier(one: End, other: End) -> End:
    return one if one.before(other) else other


def _later(one: End, other: End) -> End:
    return other if one.before(other) else one


def as_interval(piece: Interval) -> Answer:
    """One interval as an answer."""
    brackets = ("[" if piece.low.shift == 0 else "(") + ("]" if piece.high.shift == 0 else ")")
    return Collection(brackets, (Scalar(piece.low.tree), Scalar(piece.high.tree)))
