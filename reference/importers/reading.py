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

    def text(self, name: str) -> str:
        """A text of ``meta``."""
        return typed(self.meta, name, str, "text")

    def number(self, name: str) -> int:
        """An integer of ``meta``."""
        return typed(self.meta, name, int, "an integer")

    def listed(self, name: str, kind: type) -> list[Any]:
        """A list of ``meta``, see ``listed``."""
        return listed(self.meta.get(name), f"meta.{name}", kind)

    def matrix(self, name: str, *kinds: type) -> list[list[Any]]:
        """A matrix of ``meta``, see ``matrix``."""
        return matrix(self.meta.get(name), f"meta.{name}", *kinds)


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
    line: Line, family: str, instance: dict[str, Any], translate: Callable[[Any], str]
) -> Converted:
    """Translate an answer, unless it says that there is none: no prompt here wants the impossible.

    The response is empty, thus wrong, if the collection denies an answer that the family finds.

    Args:
        line: The line with the answer.
        family: One that has no word for "impossible".
        instance: The problem.
        translate: Writes the answer as a response.

    Raises:
        Unsuited: There is no answer, and the collection says so.
    """
    if not denied(line.answer):
        return Converted(family, instance, translate(line.answer))
    if own_answer(family, instance) is None:
        raise Unsuited(
            f"no answer exists, as the collection says, and every problem of {family} has one"
        )
    return Converted(family, instance, "", claimed=True)


def claimed(family: str, instance: dict[str, Any], holds: Callable[[str], bool]) -> Converted:
    """Put the family's own answer in place of one that only claims something.

    The response is empty if the family has no answer, or one of which the claim does not hold.
    """
    own = own_answer(family, instance)
    return Converted(family, instance, own if own is not None and holds(own) else "", claimed=True)


def own_answer(family: str, instance: dict[str, Any]) -> str | None:
    """The family's own answer, or None if there is none.

    Raises:
        Unsuited: The search was given up.
    """
    try:
        return FAMILIES[family].answer(instance)
    except OutOfSteps as failure:
        why = f"{family} does not find out whether there is an answer: {failure}"
        raise Unsuited(why) from None
    except (ValueError, LookupError):
        return None


def denied(answer: Any) -> bool:
    """Whether an answer says that there is none."""
    return isinstance(answer, str) and DENIAL.search(answer) is not None


def typed(record: Mapping[str, Any], name: str, kind: type, noun: str) -> Any:
    """Read a field of ``meta`` of one type; ``int`` does not include booleans.

    Raises:
        Unreadable: It is missing or of another type.
    """
    if type(record.get(name)) is not kind:
        raise Unreadable(f"meta.{name} {f'must be {noun}' if name in record else 'is missing'}")
    return record[name]


def answer_text(answer: Any) -> str:
    """Read an answer that is text, without blanks around it.

    Raises:
        Unreadable: It is none.
    """
    if not isinstance(answer, str):
        raise Unreadable("answer must be text")
    return answer.strip()


def listed(value: Any, name: str, kind: type) -> list[Any]:
    """Read a list of 1 to ``MAX_SIDE`` things of one type; ``int`` does not include booleans.

    Raises:
        Unreadable: It is none; ``name`` names it.
    """
    is_short = isinstance(value, list) and 0 < len(value) <= MAX_SIDE
    if not (is_short and all(type(member) is kind for member in value)):
        members = f"1 to {MAX_SIDE} members of type {kind.__name__}"
        raise Unreadable(f"{name} must be a list of {members}")
    return value


def matrix(value: Any, name: str, *kinds: type) -> list[list[Any]]:
    """Read a list of equally long lists of members of some types, ``int`` if none is given.

    Raises:
        Unreadable: It is none; ``name`` names it.
    """
    kinds = kinds or (int,)
    rows = value if isinstance(value, list) and 0 < len(value) <= MAX_SIDE else []
    lengths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(lengths) != 1 or not 0 < max(lengths) <= MAX_SIDE:
        limits = f"{MAX_SIDE} at most each way"
        raise Unreadable(f"{name} must be a list of equally long lists, {limits}")
    if not all(type(cell) in kinds for row in rows for cell in row):
        raise Unreadable(f"{name} must hold only {' or '.join(kind.__name__ for kind in kinds)}")
    return rows


def cells(answer: Any) -> list[tuple[int, int]]:
    """Read an answer that lists cells, possibly none, as pairs of integers.

    Raises:
        Unreadable: It is no such list.
    """
    pairs: list[Any] = answer if isinstance(answer, list) else [None]
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise Unreadable("answer must be a list of pairs")
    if not all(type(coordinate) is int for pair in pairs for coordinate in pair):
        raise Unreadable("answer must be a list of pairs of integers")
    return [(row, column) for row, column in pairs]


def answer_rows(answer: Any) -> str:
    """Write an answer of lines such as ``. X .`` as rows without blanks, separated by ``/``."""
    return "/".join("".join(line.split()) for line in answer_text(answer).splitlines())


def square(lines: Sequence[str]) -> str:
    """Write lines of ``meta.question`` as ``answer_rows`` does those of an answer.

    Raises:
        Unreadable: They are not a square.
    """
    rows = ["".join(line.split()) for line in lines]
    if not 0 < len(rows) <= MAX_SIDE or any(len(row) != len(rows) for row in rows):
        raise Unreadable(f"meta.question must hold a square grid, {MAX_SIDE} cells a side at most")
    return "/".join(rows)


def written(rows: Iterable[Iterable[Any]], names: Mapping[Any, str] | None = None) -> str:
    """Write rows of cells, separated by ``/``, some cells under another name."""
    return "/".join("".join((names or {}).get(cell, str(cell)) for cell in row) for row in rows)


def marked(grid: str, answer: Any, mark: str, first: int = 0) -> str:
    """Write a mark into the cells that an answer lists; ``first`` numbers the first row and column.

    A cell outside is written after the grid, where every verifier rejects it.
    """
    rows, outside = [list(row) for row in grid.split("/")], ""
    for row, column in cells(answer):
        if first <= row < len(rows) + first and first <= column < len(rows[0]) + first:
            rows[row - first][column - first] = mark
        else:
            outside += f"/{mark}"
    return written(rows) + outside
