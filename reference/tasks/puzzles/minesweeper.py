"""Minesweeper: list the hidden cells that must hold a mine.

- Instance: ``{"grid": ".21/..2/.3."}``: rows separated by ``/``; ``.`` is a hidden cell, a digit an
  open one without a mine, which counts the mines in the up to eight cells around it.
- Prompt: ``R.21/..2/.3.=``.
- Response: ``.21/.*2/.3*=22 33``: as reasoning, the grid with ``*`` in place of the cells that must
  hold a mine; then ``=`` and these cells, each as row and column counted from 1, separated by one
  blank.
- Bare answer: ``22 33``: the cells alone, in any order.
- Levels 1..5: 3x3, 4x4, 5x5, 6x6, 7x7.

A cell must hold a mine if it holds one in every placement of mines that agrees with all the digits;
how many mines there are in all is not given. At least one cell must hold a mine and at least one
hidden cell need not. Only the text after the last ``=`` is judged, all of it if there is none.
"""

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

SIDES = {1: 3, 2: 4, 3: 5, 4: 6, 5: 7}
LEVELS = range(1, len(SIDES) + 1)
CHARACTERS = "0123456789./*= R"
RULES = (
    "Find the mines of a Minesweeper grid that are certain. Rows are separated by /; a dot is a"
    " hidden cell that may hold a mine; a digit is an open cell without a mine and counts the mines"
    " in the up to eight cells around it. The number of all mines is not known. List exactly the"
    " hidden cells that hold a mine in every placement that agrees with all digits: each cell once,"
    " as two digits, row then column, counted from 1 at the upper left, in any order, separated by"
    " one blank, such as 11 32; in a grid of more than nine rows or columns as four digits, such as"
    " 0101 0302. Reasoning may precede the list, followed by =; only what follows the last = is"
    " judged."
)
HIDDEN, MINE = ".", "*"
MINE_SHARE = 0.3
# With fewer cells open hardly a mine is certain; with more, single digits decide every mine.
OPEN_SHARE = 0.6
# Drawn grids have at most seven rows and columns; in larger ones than this, as collections have, a
# cell is named by four digits.
LONGEST_SHORT_SIDE = 9

CELLS = re.compile(r"[1-9][1-9](?: [1-9][1-9])*")
WIDE_CELLS = re.compile(r"[0-9]{4}(?: [0-9]{4})*")


class Count(NamedTuple):
    """An open cell's digit, and the hidden cells around it as bits: one bit per cell."""

    mines: int
    around: int


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw mines and open cells until some mine is certain, and not every hidden cell."""
    while True:
        grid = _random_grid(random, SIDES[difficulty])
        if 0 < len(_certain_mines(grid)) < grid.count(HIDDEN):
            return {"grid": grid}


def identity(instance: Mapping[str, Any]) -> str:
    """The grid as it stands: a mirrored grid has other cells."""
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``R.21/..2/.3.=``."""
    return f"R{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The grid with the certain mines, and their list in reading order."""
    certain = _certain_mines(instance["grid"])
    rows = instance["grid"].split("/")
    marked = [
        "".join(
            MINE if cell_name(row, column, _side(rows)) in certain else mark
            for column, mark in enumerate(line)
        )
        for row, line in enumerate(rows)
    ]
    return f"{'/'.join(marked)}={' '.join(certain)}"


def answer(instance: Mapping[str, Any]) -> str:
    """The list, e.g. ``22 33``."""
    return " ".join(_certain_mines(instance["grid"]))


def work(instance: Mapping[str, Any]) -> int:
    """The number of hidden cells."""
    return int(instance["grid"].count(HIDDEN))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Compare the cells after the last ``=``, or in the whole response, with the certain mines.

    ``correct`` exactly if that text lists every certain mine once and nothing else.
    """
    listed = response.rpartition("=")[2]
    fault = unreadable(response) or _fault(instance["grid"], listed)
    return judge(fault, listed, "the cells are the mines that are certain")


def cell_name(row: int, column: int, side: int) -> str:
    """Name a cell as an answer does.

    Args:
        row: From 0.
        column: From 0.
        side: The longer side of the grid.

    Returns:
        Row and column from 1, one digit each, or two in a grid of side 10 or more.
    """
    width = 1 if side <= LONGEST_SHORT_SIDE else 2
    return f"{row + 1:0{width}}{column + 1:0{width}}"


def _fault(grid: str, listed: str) -> str:
    small = _side(grid.split("/")) <= LONGEST_SHORT_SIDE
    if not (CELLS if small else WIDE_CELLS).fullmatch(listed):
        digits = "two digits from 1" if small else "four digits"
        return f"the answer is not a list of cells, {digits} each, separated by single blanks"
    cells = listed.split(" ")
    if len(set(cells)) != len(cells):
        return "a cell is listed twice"
    certain = set(_certain_mines(grid))
    for cell in cells:
        if cell not in certain:
            return f"the cell {cell} is not a hidden cell that must hold a mine"
    return "" if len(cells) == len(certain) else "a cell that must hold a mine is not listed"


def _side(rows: list[str]) -> int:
    """The longer side of a grid."""
    return max(len(rows), len(rows[0]))


def _random_grid(random: np.random.Generator, side: int) -> str:
    mines = random.random((side, side)) < MINE_SHARE
    opened = ~mines & (random.random((side, side)) < OPEN_SHARE)
    around = np.pad(mines, 1).astype(int)
    counts = sum(
        around[1 + down : 1 + down + side, 1 + right : 1 + right + side]
        for down, right in _directions()
    )
    rows = zip(opened, np.asarray(counts), strict=True)
    return "/".join(
        "".join(str(n) if shown else HIDDEN for shown, n in zip(*row, strict=True)) for row in rows
    )


def _directions() -> list[tuple[int, int]]:
    return [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


def _certain_mines(grid: str) -> list[str]:
    """List the cells that hold a mine in every placement, in reading order.

    What single digits decide is decided first. The remaining digits fall into groups that share no
    open cell, and each group is searched by itself: the time is that of the largest.

    Raises:
        ValueError: No placement agrees with the digits.
    """
    rows = grid.split("/")
    counts = _counts(rows)
    settled = _settled(counts, free=0, mines=0)
    if settled is None:
        raise ValueError(f"no placement of mines agrees with {grid}")
    free, certain = settled
    for group in _groups([_open(count, free, certain) for count in counts]):
        mines = _certain_in(group)
        if mines is None:
            raise ValueError(f"no placement of mines agrees with {grid}")
        certain |= mines
    cells = product(range(len(rows)), range(len(rows[0])))
    return [
        cell_name(*cell, _side(rows)) for number, cell in enumerate(cells) if certain >> number & 1
    ]


def _certain_in(counts: list[Count]) -> int | None:
    """Find the mines that every placement has, as bits; None if there is no placement.

    The mines of one placement are the only candidates. A placement that leaves a candidate free
    rules it out, and with it every other candidate that the placement leaves free; if there is
    none, the candidate is certain.
    """
    candidates, certain = _placement(counts, free=0), 0
    if candidates is None:
        return None
    while candidates:
        candidate = candidates & -candidates
        without = _placement(counts, free=candidate)
        certain |= candidate if without is None else 0
        candidates &= ~candidate if without is None else without
    return certain


def _groups(counts: list[Count]) -> list[list[Count]]:
    """Group the counts around which a cell is open, so that no open cell belongs to two groups."""
    groups: list[tuple[int, list[Count]]] = []
    for count in counts:
        if count.around:
            near = [group for group in groups if group[0] & count.around]
            groups = [group for group in groups if not group[0] & count.around]
            cells, members = count.around, [count]
            for near_cells, near_members in near:
                cells, members = cells | near_cells, near_members + members
            groups.append((cells, members))
    return [members for _, members in groups]


def _counts(rows: list[str]) -> list[Count]:
    side, counts = len(rows[0]), []
    hidden = {
        (row, column)
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark == HIDDEN
    }
    for row, line in enumerate(rows):
        for column, mark in enumerate(line):
            if mark != HIDDEN:
                near = {(row + down, column + right) for down, right in _directions()} & hidden
                counts.append(Count(int(mark), sum(1 << (r * side + c) for r, c in near)))
    return counts


def _placement(counts: list[Count], free: int, mines: int = 0) -> int | None:
    """Find a placement that agrees with every count, the given mines and the free cells.

    Args:
        counts: Digits.
        free: Cells that hold no mine, as bits.
        mines: Cells that hold one, as bits.

    Returns:
        All mines as bits, each of them beside some digit, or None if no placement exists.
    """
    settled = _settled(counts, free, mines)
    if settled is None:
        return None
    free, mines = settled
    undecided = next(filter(None, (_open(count, free, mines).around for count in counts)), 0)
    if not undecided:
        return mines
    cell = undecided & -undecided  # the lowest bit
    placement = _placement(counts, free | cell, mines)
    return placement if placement is not None else _placement(counts, free, mines | cell)


def _settled(counts: list[Count], free: int, mines: int) -> tuple[int, int] | None:
    """Free and mine the cells that single digits decide, until none does.

    None if a digit cannot be right.
    """
    changed = True
    while changed:
        changed = False
        for count in counts:
            missing, undecided = _open(count, free, mines)
            if not 0 <= missing <= undecided.bit_count():
                return None
            if undecided and missing == 0:
                free, changed = free | undecided, True
            elif undecided and missing == undecided.bit_count():
                mines, changed = mines | undecided, True
    return free, mines


def _open(count: Count, free: int, mines: int) -> Count:
    """What a digit implies for the cells around it that are still open."""
    return Count(count.mines - (count.around & mines).bit_count(), count.around & ~free & ~mines)
