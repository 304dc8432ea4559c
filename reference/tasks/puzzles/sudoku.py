"""Sudoku: fill the blanks so that every row, column and box holds each digit once.

- Instance: ``{"grid": "1.34/3412/..43/4321"}``: rows separated by ``/``, ``.`` for a blank.
- Prompt: ``S1.34/3412/..43/4321=``.
- Response: ``1234/3412/2143/4321``: the whole grid, the givens included.
- Bare answer: ``221``: only the digits of the blanks, in reading order.
- Levels 1..4: 4x4 with boxes of 2x2 and 2, 4, 6, 8 blanks. Levels 5..8: 9x9 with boxes of 3x3 and
  20, 30, 40, 50 blanks.

A puzzle may have several completions and all of them are accepted, so uniqueness is neither needed
nor enforced.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from math import isqrt
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.filling import BLANK, blanked, completed, only_blanks
from seed.reference.tasks.puzzles.solvers.grid import lines, rows_of
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

SIZE_AND_BLANKS = {
    1: (4, 2),
    2: (4, 4),
    3: (4, 6),
    4: (4, 8),
    5: (9, 20),
    6: (9, 30),
    7: (9, 40),
    8: (9, 50),
}
LEVELS = range(1, len(SIZE_AND_BLANKS) + 1)
CHARACTERS = "123456789./=S"
RULES = (
    "Complete a Sudoku: every row, every column and every box (2x2 in a 4x4 grid, 3x3 in a 9x9"
    " grid) holds each digit once. Rows are separated by /, and . is a blank. Write the whole grid"
    " in the same form, or only the digits of the blanks in reading order. Any grid that keeps the"
    " givens and obeys the rules is accepted."
)
DIGITS = "123456789"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a full grid and blank out cells chosen uniformly."""
    size, blanks = SIZE_AND_BLANKS[difficulty]
    return {"grid": blanked(rows_of(random_cells(random, size), size), blanks, random)}


def identity(instance: Mapping[str, Any]) -> str:
    """The givens.

    Two puzzles cut from the same full grid with other blanks are different problems. With only 288
    full 4x4 grids, naming a puzzle by its solution would leave the held-out 4x4 set with a few
    dozen grids; it is the reasoning from these givens that is held out, not the grid that it leads
    to.
    """
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``S1.34/3412/..43/4321=``."""
    return f"S{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search that tries small digits first."""
    rows = instance["grid"].split("/")
    cells, size = list("".join(rows)), len(rows)
    if not _complete(cells, [DIGITS[:size]] * len(cells), size):
        raise ValueError(f"no completion exists for {instance['grid']}")
    return rows_of(cells, size)


def answer(instance: Mapping[str, Any]) -> str:
    """The digits that ``solve`` writes into the blanks, e.g. ``221``."""
    return only_blanks(instance["grid"], solve(instance))


def work(instance: Mapping[str, Any]) -> int:
    """The number of blanks."""
    return int(instance["grid"].count(BLANK))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the grid, whole or as its blanks, keeps the givens and the rules."""
    grid = instance["grid"]
    whole = completed(grid, response)
    fault = unreadable(response) or _fault(grid.split("/"), whole.split("/"))
    return judge(fault, whole, "the grid is complete and keeps every rule")


def random_cells(random: np.random.Generator, size: int) -> list[str]:
    """Fill an empty grid by exact search with an independent random digit order in every cell.

    Every full grid can come out, since some orders lead the search straight to it; they are not all
    equally likely.

    Args:
        random: The only source of randomness.
        size: 4 or 9.

    Returns:
        The digits of a full grid, row by row.
    """
    orders = random.permuted(np.tile(np.arange(size), (size * size, 1)), axis=1)
    cells = [BLANK] * (size * size)
    _complete(cells, ["".join(DIGITS[digit] for digit in order) for order in orders], size)
    return cells


def _fault(givens: Sequence[str], rows: Sequence[str]) -> str:
    size = len(givens)
    if len(rows) != size or any(len(row) != size for row in rows):
        return f"the answer is not {size} rows of {size} digits"
    given, answer = "".join(givens), "".join(rows)
    if not set(answer) <= set(DIGITS[:size]):
        return f"the answer holds a character that is not a digit from 1 to {size}"
    if any(clue not in (BLANK, digit) for clue, digit in zip(given, answer, strict=True)):
        return "a given digit was changed"
    for unit in _units(size):
        if len({answer[index] for index in unit}) != size:
            return f"a digit repeats within the cells {sorted(unit)}"
    return ""


@cache
def _units(size: int) -> list[frozenset[int]]:
    """The rows, columns and boxes as sets of cell numbers."""
    box = isqrt(size)
    corners = [row * size + column for row, column in product(range(0, size, box), repeat=2)]
    steps = [row * size + column for row, column in product(range(box), repeat=2)]
    boxes = [[corner + step for step in steps] for corner in corners]
    return [frozenset(unit) for unit in [*lines(size).values(), *boxes]]


@cache
def _peers(size: int) -> list[list[int]]:
    """For every cell, the cells that must hold other digits."""
    units, cells = _units(size), range(size * size)
    return [
        [peer for peer in cells if peer != cell and any({peer, cell} <= unit for unit in units)]
        for cell in cells
    ]


def _complete(cells: list[str], orders: Sequence[str], size: int) -> bool:
    """Fill the blanks of ``cells`` in place, trying digits in each cell's own order.

    True if that was possible.
    """
    every_digit = (1 << size) - 1
    masks = [every_digit if digit == BLANK else 1 << DIGITS.index(digit) for digit in cells]
    for cell in [cell for cell, digit in enumerate(cells) if digit != BLANK]:
        for peer in _peers(size)[cell]:
            masks[peer] &= ~masks[cell]
    blanks = {cell for cell, digit in enumerate(cells) if digit == BLANK}
    if not _search(masks, blanks, orders, _peers(size)):
        return False
    cells[:] = [DIGITS[mask.bit_length() - 1] for mask in masks]
    return True


def _search(
    masks: list[int], blanks: set[int], orders: Sequence[str], peers: Sequence[Sequence[int]]
) -> bool:
    """Narrow ``masks`` to one digit per blank, and undo what fails.

    Bit ``d`` of a mask is set if digit ``d + 1`` still fits its cell. True if a solution was found.
    """
    if not all(masks):  # no digit fits some cell
        return False
    if not blanks:
        return True
    # The blank that fewest digits fit is either decided at once or fails soonest.
    cell = min(blanks, key=lambda blank: (masks[blank].bit_count(), blank))
    blanks.remove(cell)
    before = masks[:]
    for digit in orders[cell]:
        bit = 1 << DIGITS.index(digit)
        if before[cell] & bit:
            masks[:] = before
            masks[cell] = bit
            for peer in peers[cell]:
                masks[peer] &= ~bit
            if _search(masks, blanks, orders, peers):
                return True
    blanks.add(cell)
    return False
