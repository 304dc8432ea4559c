"""What the readers share: the fields of a line, its grids, and the outcomes of a conversion.

- ``Converted``: the family, the instance, and the collection's answer as a response to our prompt.
- ``Unsuited``: the line is as it should be, and the family cannot express its problem or answer.
- ``Unreadable``: a field is missing or breaks the collection's format; the text names the field.

An answer is translated, never corrected: a wrong path becomes a wrong walk. An answer may only
claim something, such as the length of a walk or that a board can be solved. If the claim is true,
the family's own solution is the response; if not, the response is empty, which is always wrong.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.tasks.puzzles.solvers.backtracking import OutOfSteps

MAX_SIDE = 40
"""Rows or columns of a grid, items of a list: the largest of either collection are 38 cars."""

NO_STEP = "?"
"""For a part of an answer that our responses cannot express: every verifier rejects it."""

DENIAL = re.compile(
    r"cannot form|not exist|no valid solution|no solution|no feasible|infeasible", re.IGNORECASE
)
"""How the collections say that there is no answer, each task in its own words."""


class Unsuited(Exception):
    """The family cannot express this problem or its answer; the text is the reason."""


class Unreadable(Exception):
    """A field is missing or is not what it must be; the text names the field."""


@dataclass(frozen=True)
class Line:
    """A line of a collection.

    Attributes:
        problem: The collection's prompt.
        answer: The collection's answer, any JSON value.
        meta: The collection's own record of the problem.
    """

    problem: str
    answer: Any
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class Converted:
    """A problem of ours.

    Attributes:
        family: A key of ``reference.tasks.puzzles.FAMILIES``.
        instance: What its prompt is written from.
        response: The collection's answer in the form that our prompt asks for.
        claimed: The answer only claims something; the response is the family's own, or empty if the
            claim is false.
    """

    family: str
    instance: dict[str, Any]
    response: str
    claimed: bool = False


Reader = Callable[[Line], Converted]


def answered(
    family: str, instance: dict[str, Any], answer: Any, translate: Callable[[Any], str]
) -> Converted:
    """Translate an answer, unless it says that there is none: no prompt here wants the impossible.

    Args:
        family: One that has no word for "impossible".
        instance: The problem.
        answer: The collection's answer.
        translate: Writes it as a response.

    Returns:
        The problem. The response is empty, thus wrong, if the collection denies an answer that the
        family finds.

    Raises:
        Unsuited: There is no answer, and the collection says so.
    """
    if not denied(answer):
        return Converted(family, instance, translate(answer))
    if own_answer(family, instance) is None:
        raise Unsuited(
            f"no answer exists, as the collection says, and every problem of {family} has one"
        )
    return Converted(family, instance, "", claimed=True)


def claimed(family: str, instance: dict[str, Any], holds: Callable[[str], bool]) -> Converted:
    """Put the family's own answer in place of one that only claims something.

    Args:
        family: The family.
        instance: The problem.
        holds: Whether the claim is true of the family's answer.

    Returns:
        The problem with that answer, or with the empty response if the claim is false or there is
        no answer.
    """
    own = own_answer(family, instance)
    return Converted(family, instance, own if own is not None and holds(own) else "", claimed=True)


def own_answer(family: str, instance: dict[str, Any]) -> str | None:
    """The family's own answer.

    Args:
        family: The family.
        instance: The problem.

    Returns:
        The answer, or None if there is none.

    Raises:
        Unsuited: The search was given up.
    """
    try:
        return FAMILIES[family].answer(instance)
    except OutOfSteps as failure:
        raise Unsuited(
            f"{family} does not find out whether there is an answer: {failure}"
        ) from None
    except (ValueError, LookupError):
        return None


def denied(answer: Any) -> bool:
    """Whether an answer says that there is none."""
    return isinstance(answer, str) and DENIAL.search(answer) is not None


def text(record: Mapping[str, Any], name: str) -> str:
    """Read a text of ``meta``.

    Raises:
        Unreadable: It is missing or none.
    """
    value = record.get(name)
    if not isinstance(value, str):
        raise Unreadable(
            f"meta.{name} must be text" if name in record else f"meta.{name} is missing"
        )
    return value


def number(record: Mapping[str, Any], name: str) -> int:
    """Read an integer of ``meta``.

    Raises:
        Unreadable: It is missing or none.
    """
    value = record.get(name)
    if type(value) is not int:
        raise Unreadable(
            f"meta.{name} must be an integer" if name in record else f"meta.{name} is missing"
        )
    return value


def listed(value: Any, name: str, kind: type) -> list[Any]:
    """Read a list of things of one type.

    Args:
        value: Any JSON value.
        name: What to call it.
        kind: The type; ``int`` does not include booleans.

    Returns:
        The list, of 1 to ``MAX_SIDE`` members.

    Raises:
        Unreadable: It is none.
    """
    if not (
        isinstance(value, list)
        and 0 < len(value) <= MAX_SIDE
        and all(type(member) is kind for member in value)
    ):
        raise Unreadable(
            f"{name} must be a list of 1 to {MAX_SIDE} members of type {kind.__name__}"
        )
    return value


def matrix(value: Any, name: str, kinds: tuple[type, ...] = (int,)) -> list[list[Any]]:
    """Read a list of equally long lists.

    Args:
        value: Any JSON value.
        name: What to call it.
        kinds: Types of its members.

    Returns:
        The rows.

    Raises:
        Unreadable: It is none.
    """
    rows = value if isinstance(value, list) and 0 < len(value) <= MAX_SIDE else []
    if not rows or not all(
        isinstance(row, list) and 0 < len(row) == len(rows[0]) <= MAX_SIDE for row in rows
    ):
        raise Unreadable(
            f"{name} must be a list of equally long lists, {MAX_SIDE} at most each way"
        )
    if not all(type(cell) in kinds for row in rows for cell in row):
        raise Unreadable(f"{name} must hold only {' or '.join(kind.__name__ for kind in kinds)}")
    return rows


def cells(value: Any, name: str) -> list[tuple[int, int]]:
    """Read a list of pairs of numbers, possibly empty.

    Raises:
        Unreadable: It is none.
    """
    if not (
        isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
    ):
        raise Unreadable(f"{name} must be a list of pairs")
    if not all(type(coordinate) is int for pair in value for coordinate in pair):
        raise Unreadable(f"{name} must be a list of pairs of integers")
    return [(row, column) for row, column in value]


def square(lines: Sequence[str], name: str) -> str:
    """Write lines such as ``. X .`` as rows without blanks, separated by ``/``.

    Raises:
        Unreadable: They are not a square.
    """
    rows = ["".join(line.split()) for line in lines]
    if not 0 < len(rows) <= MAX_SIDE or any(len(row) != len(rows) for row in rows):
        raise Unreadable(f"{name} must hold a square grid, {MAX_SIDE} cells a side at most")
    return "/".join(rows)


def written(rows: Iterable[Iterable[Any]], names: Mapping[Any, str] | None = None) -> str:
    """Write rows of cells, separated by ``/``, some cells under another name."""
    return "/".join("".join((names or {}).get(cell, str(cell)) for cell in row) for row in rows)


def marked(grid: str, marks: Iterable[tuple[int, int]], mark: str, first: int = 0) -> str:
    """Write a mark into cells of a grid.

    A cell outside is written after the grid, where every verifier rejects it.

    Args:
        grid: Rows separated by ``/``.
        marks: Row and column of each cell.
        mark: One character.
        first: The number of the first row and column.

    Returns:
        The marked grid.
    """
    rows, outside = [list(row) for row in grid.split("/")], ""
    for row, column in marks:
        if first <= row < len(rows) + first and first <= column < len(rows[0]) + first:
            rows[row - first][column - first] = mark
        else:
            outside += f"/{mark}"
    return written(rows) + outside
