"""Sudoku: fill the blanks so that every row, column and box holds each digit once.

==========  =============================================================================================
prompt      ``S1.34/3412/..43/4321=``: rows separated by ``/``, ``.`` for a blank.
response    ``1234/3412/2143/4321``: the whole completed grid, the givens included.
bare        ``221``: only the digits of the blanks, in reading order, are a correct response too.
difficulty  Levels 1..4: 4x4 with boxes of 2x2 and 2, 4, 6, 8 blanks.
            Levels 5..8: 9x9 with boxes of 3x3 and 20, 30, 40, 50 blanks.
==========  =============================================================================================

A puzzle may have several completions and all of them are accepted, so uniqueness is neither needed
nor enforced, and the grid a puzzle was made from is not kept: the givens are the whole instance.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import isqrt
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.filling import BLANK, completed, only_blanks, rows_of
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
    """Draw a full grid and blank out cells chosen uniformly.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"grid": "1.34/3412/..43/4321"}``.
    """
    size, blanks = SIZE_AND_BLANKS[difficulty]
    cells = random_cells(random, size)
    for index in random.choice(size * size, size=blanks, replace=False):
        cells[index] = BLANK
    return {"grid": rows_of(cells, size)}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: its givens.

    Two puzzles cut from the same full grid with other blanks are different problems. With only 288
    full 4x4 grids, naming a puzzle by its solution would leave the held-out 4x4 set with a few
    dozen grids; it is the reasoning from these givens that is held out, not the grid that it leads
    to.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The grid with its blanks.
    """
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``S1.34/3412/..43/4321=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"S{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Complete the grid by exact search, trying small digits first.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.

    Raises:
        ValueError: The grid has no completion, which no instance from ``draw`` allows.
    """
    rows = instance["grid"].split("/")
    cells, size = list("".join(rows)), len(rows)
    if not _complete(cells, [DIGITS[:size]] * len(cells), size):
        raise ValueError(f"no completion exists for {instance['grid']}")
    return rows_of(cells, size)


def answer(instance: Mapping[str, Any]) -> str:
    """Write only the digits that ``solve`` puts into the blanks, e.g. ``221``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        A correct response without the grid around it.
    """
    return only_blanks(instance["grid"], solve(instance))


def work(instance: Mapping[str, Any]) -> int:
    """Count the blanks.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number.
    """
    return int(instance["grid"].count(BLANK))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Check a completed grid by the rules.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if the grid, written out or filled in, keeps the givens and every
        row, column and box is a permutation.
    """
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
    if any(kept not in (BLANK, digit) for kept, digit in zip(given, answer, strict=True)):
        return "a given digit was changed"
    for unit in _units(size):
        if len({answer[index] for index in unit}) != size:
            return f"a digit repeats within the cells {sorted(unit)}"
    return ""


@cache
def _units(size: int) -> list[frozenset[int]]:
    """List the rows, columns and boxes as sets of cell numbers."""
    box = isqrt(size)
    lines = [[(line, other) for other in range(size)] for line in range(size)]
    columns = [[(row, column) for column, row in line] for line in lines]
    corners = [(row, column) for row in range(0, size, box) for column in range(0, size, box)]
    boxes = [
        [(top + down, left + right) for down in range(box) for right in range(box)]
        for top, left in corners
    ]
    return [
        frozenset(row * size + column for row, column in unit) for unit in lines + columns + boxes
    ]


@cache
def _peers(size: int) -> list[list[int]]:
    """List for every cell the other cells that must hold other digits."""
    units, cells = _units(size), range(size * size)
    return [
        [peer for peer in cells if peer != cell and any({peer, cell} <= unit for unit in units)]
        for cell in cells
    ]


def _complete(cells: list[str], orders: Sequence[str], size: int) -> bool:
    """Fill the blanks of ``cells`` in place, trying digits in each cell's own order; say whether
    that was possible.
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
    """Narrow ``masks`` (bit ``d`` set: digit ``d + 1`` still fits) to one digit per blank, undoing
    what fails.
    """
    if not all(masks):  # some cell has no digit left
        return False
    if not blanks:
        return True
    # The blank with the fewest digits left either decides itself or fails soonest.
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
