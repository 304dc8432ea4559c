"""Kakurasu: mark cells so that the weighted sum of every row and every column is its clue.

- Instance: ``{"rows": [5, 0, 4], "columns": [3, 1, 4]}``: the clues of the rows from top to bottom
  and of the columns from left to right.
- Prompt: ``K5 0 4/3 1 4=``.
- Response: ``.##/.../#.#``: rows separated by ``/``; ``#`` for a marked cell, ``.`` for any other.
- Level 1: 3 rows of 4 cells. Levels 2..5: 4x4, 5x5, 6x6, 7x7.

A marked cell adds the number of its column to the sum of its row, and the number of its row to the
sum of its column, both counted from 1. Clues may allow several markings and all of them are
accepted.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

ROWS_AND_COLUMNS = {1: (3, 4), 2: (4, 4), 3: (5, 5), 4: (6, 6), 5: (7, 7)}
LEVELS = range(1, len(ROWS_AND_COLUMNS) + 1)
CHARACTERS = "0123456789/ #.=K"
RULES = (
    "Solve a Kakurasu: mark cells of a grid. Before the / stand the clues of the rows from top to"
    " bottom, after it those of the columns from left to right. A marked cell adds the number of"
    " its column to the sum of its row, and the number of its row to the sum of its column, both"
    " counted from 1; every sum must be the clue. Write the rows separated by /, # for a marked"
    " cell and . for any other, such as .##/.../#.# for 5 0 4/3 1 4. Any marking with these sums is"
    " accepted."
)
MARK, EMPTY = "#", "."
Marks = tuple[bool, ...]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Mark every cell or not with equal chances and sum the weights."""
    rows, columns = ROWS_AND_COLUMNS[difficulty]
    marks = random.random((rows, columns)) < 0.5
    row_sums, column_sums = marks @ np.arange(1, columns + 1), np.arange(1, rows + 1) @ marks
    return {"rows": row_sums.tolist(), "columns": column_sums.tolist()}


def identity(instance: Mapping[str, Any]) -> str:
    """The clues in their order, for the weights depend on the position."""
    return "/".join(" ".join(map(str, instance[side])) for side in ("rows", "columns"))


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``K5 0 4/3 1 4=``."""
    return f"K{identity(instance)}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search, row by row from the bottom."""
    rows = _search(instance["rows"], tuple(instance["columns"]))
    if rows is None:
        raise ValueError(f"no marking exists for {identity(instance)}")
    return "/".join("".join(MARK if marked else EMPTY for marked in row) for row in rows)


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of cells."""
    return len(instance["rows"]) * len(instance["columns"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the response is a grid of the right shape whose sums are the clues."""
    rows, columns = instance["rows"], instance["columns"]
    fault = unreadable(response) or _fault(rows, columns, response.split("/"))
    return judge(fault, response, "every row and column has its sum")


def _fault(row_clues: Sequence[int], column_clues: Sequence[int], rows: Sequence[str]) -> str:
    if [len(row) for row in rows] != [len(column_clues)] * len(row_clues):
        return f"the answer is not {len(row_clues)} rows of {len(column_clues)} cells"
    if not set("".join(rows)) <= {MARK, EMPTY}:
        return f"the answer holds a character that is neither {MARK} nor {EMPTY}"
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    for name, lines, clues in (("row", rows, row_clues), ("column", columns, column_clues)):
        for number, (line, clue) in enumerate(zip(lines, clues, strict=True), start=1):
            total = sum(weight for weight, cell in enumerate(line, start=1) if cell == MARK)
            if total != clue:
                return f"{name} {number} sums to {total}, not {clue}"
    return ""


def _search(row_clues: Sequence[int], missing: tuple[int, ...]) -> list[Marks] | None:
    """Mark the last row, which weighs most, then the rows above it.

    Args:
        row_clues: The clues of the rows that are still to be marked.
        missing: What these rows must add to each column.

    Returns:
        The marks of these rows, or None if there are none with these sums.
    """
    weight = len(row_clues)
    if weight == 0:
        return [] if not any(missing) else None
    # The rows above can add this much to a column, and every smaller number.
    most = weight * (weight - 1) // 2
    for marks in _markings(len(missing), row_clues[-1]):
        above_sums = tuple(clue - weight * mark for clue, mark in zip(missing, marks, strict=True))
        if min(above_sums) >= 0 and max(above_sums) <= most:
            above = _search(row_clues[:-1], above_sums)
            if above is not None:
                return [*above, marks]
    return None


@cache  # one short list per length 4..7 and possible clue: 78 of them
def _markings(length: int, clue: int) -> list[Marks]:
    """List the ways to mark a line with a sum."""
    return [
        marks
        for marks in product((False, True), repeat=length)
        if sum(weight for weight, marked in enumerate(marks, start=1) if marked) == clue
    ]
