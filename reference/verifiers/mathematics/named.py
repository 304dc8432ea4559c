"""Values with names in front, beside values without: which value answers which.

    x = 1, y = 2  is (1, 2)        y = 1, x = 2  is (2, 1)        (y, x) = (1, 2)  is (2, 1)

Names that follow one another in the alphabet, or in a tuple of the problem ("find (m, b)"), are put
in that order; other names are in order as written.
"""

import re
from itertools import pairwise

from seed.reference.verifiers.mathematics.answers import (
    LIST,
    POINT,
    Answer,
    Collection,
    Named,
    Scalar,
    Statement,
)
from seed.reference.verifiers.mathematics.expressions import symbols

TUPLE_OF_NAMES = re.compile(r"\( ?([A-Za-z](?: ?, ?[A-Za-z])+) ?\)")
COORDINATES = frozenset("xyz")


def in_order_of_names(answer: Answer, problem: str) -> Answer:
    """A list of named values, or a named tuple, with its members in the order of the names.

    Any other answer as it is.
    """
    match answer:
        case Collection(brackets, members) if brackets == LIST:
            names = [member.name for member in members if isinstance(member, Named)]
            if len(names) == len(members) and (order := _order(names, problem)):
                return Collection(LIST, tuple(members[index] for index in order))
        case Named(name, Collection(brackets, members)) if brackets == POINT:
            tuple_of_names = TUPLE_OF_NAMES.fullmatch(name)
            names = (
                [part.strip() for part in tuple_of_names[1].split(",")] if tuple_of_names else []
            )
            if len(names) == len(members) and (order := _order(names, problem)):
                ordered_name = f"({','.join(names[index] for index in order)})"
                return Named(ordered_name, Collection(POINT, tuple(members[i] for i in order)))
    return answer


def value_of_combination(statement: Statement) -> Scalar | None:
    """The number that an equation gives to a combination of unknowns: 12 in ``100a + b = 12``.

    None for an equation in one unknown, which asks for its solution, and in coordinates, which is a
    curve.
    """
    unknowns = symbols(statement.left)
    if statement.relation != "=" or symbols(statement.right):
        return None
    is_combination = len(unknowns) > 1 and not unknowns <= COORDINATES
    return Scalar(statement.right) if is_combination else None


def _order(names: list[str], problem: str) -> list[int] | None:
    """The order of distinct one-letter names; None if they have none."""
    if len(set(names)) < len(names) or any(len(name) != 1 for name in names):
        return None
    for match in TUPLE_OF_NAMES.finditer(problem):
        asked = [part.strip() for part in match[1].split(",")]
        if sorted(asked) == sorted(names):
            return [names.index(name) for name in asked]
    ordered = sorted(names)
    if any(ord(after) - ord(before) != 1 for before, after in pairwise(ordered)):
        return None
    return [names.index(name) for name in ordered]
