"""Mazes: walk from the start to the goal of a small grid with walls.

- Instance: ``{"grid": "S.#/..#/#.G"}``: rows separated by ``/``; ``S`` start, ``G`` goal, ``#``
  wall, ``.`` free.
- Prompt: ``MS.#/..#/#.G=``.
- Response: ``D4R5D8R9``: one letter per move, up, down, left or right, each with a note of the cell
  it reaches. Cells are numbered from 1 in reading order. Notes are the reasoning: digits are
  skipped, right or wrong.
- Bare answer: ``DRDR``: the moves alone.
- Level 1 is 3x3, level 2 is 4x4, and so on; a shortest walk has at least two moves.

Any walk that stays inside the grid, enters no wall and ends on the goal is accepted, not only a
shortest one.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.grid import rows_of
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 7)
CHARACTERS = "0123456789./#=MSGUDLR"
RULES = (
    "Walk through a maze. Rows are separated by /; S is the start, G the goal, # a wall, . a free"
    " cell. Write one letter per step: U up, D down, L left, R right. The walk must stay inside the"
    " grid, enter no wall and end on G. Digits between the letters are notes of your own and are"
    " not read."
)
SIDE_BELOW_LEVEL_ONE = 2
WALL_DENSITY = 0.3
FEWEST_MOVES = 2
MOVES = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
WITHOUT_NOTES = str.maketrans("", "", "0123456789")
Cell = tuple[int, int]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw walls, start and goal until the goal can be reached, though not in a single move."""
    while True:
        grid = _random_grid(random, difficulty + SIDE_BELOW_LEVEL_ONE)
        walk = _shortest_walk(grid)
        if walk is not None and len(walk) >= FEWEST_MOVES:
            return {"grid": grid}


def identity(instance: Mapping[str, Any]) -> str:
    """The grid as it stands: a mirrored maze has other moves."""
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``MS.#/..#/#.G=``."""
    return f"M{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The walk of ``answer`` with its notes."""
    walk = answer(instance)
    return "".join(f"{move}{cell}" for move, cell in zip(walk, cells(instance, walk), strict=True))


def answer(instance: Mapping[str, Any]) -> str:
    """A shortest walk; among equals, the first in the order U, D, L, R of its moves."""
    walk = _shortest_walk(instance["grid"])
    if walk is None:
        raise ValueError(f"no walk leads from S to G in {instance['grid']}")
    return walk


def cells(instance: Mapping[str, Any], walk: Sequence[str]) -> list[int]:
    """Number the cell that each move reaches, walls or not.

    Args:
        instance: An instance.
        walk: Keys of ``MOVES``.

    Returns:
        One number per move, from 1 in reading order; 0 outside of the grid.
    """
    rows = instance["grid"].split("/")
    row, column = _find(rows, "S")
    reached = []
    for move in walk:
        row, column = row + MOVES[move][0], column + MOVES[move][1]
        reached.append(row * len(rows[0]) + column + 1 if _inside(rows, row, column) else 0)
    return reached


def work(instance: Mapping[str, Any]) -> int:
    """The number of moves of a shortest walk."""
    return len(answer(instance))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if, digits aside, the response is legal moves that end on the goal."""
    walk = response.translate(WITHOUT_NOTES)
    fault = unreadable(response) or _fault(instance["grid"].split("/"), walk)
    return judge(fault, walk, "the walk ends on the goal")


def _fault(rows: list[str], walk: str) -> str:
    row, column = _find(rows, "S")
    for number, move in enumerate(walk, start=1):
        if move not in MOVES:
            return f"move {number} is not one of U, D, L, R"
        row, column = row + MOVES[move][0], column + MOVES[move][1]
        # Checked before the cell is read: a negative index would silently wrap to the far side.
        if not _inside(rows, row, column):
            return f"move {number} leaves the grid"
        if rows[row][column] == "#":
            return f"move {number} enters a wall"
    return "" if rows[row][column] == "G" else "the walk does not end on the goal"


def _random_grid(random: np.random.Generator, side: int) -> str:
    cells = ["#" if wall else "." for wall in random.random(side * side) < WALL_DENSITY]
    start, goal = random.choice(side * side, size=2, replace=False)
    cells[start], cells[goal] = "S", "G"
    return rows_of(cells, side)


def _shortest_walk(grid: str) -> str | None:
    rows = grid.split("/")
    start = _find(rows, "S")
    walks, queue = {start: ""}, deque([start])
    while queue:  # breadth first: cells leave the queue in the order of their distance
        cell = queue.popleft()
        if rows[cell[0]][cell[1]] == "G":
            return walks[cell]
        for move, neighbour in _neighbours(rows, cell):
            if neighbour not in walks:
                walks[neighbour] = walks[cell] + move
                queue.append(neighbour)
    return None


def _neighbours(rows: list[str], cell: Cell) -> Iterator[tuple[str, Cell]]:
    for move, (down, right) in MOVES.items():
        row, column = cell[0] + down, cell[1] + right
        if _inside(rows, row, column) and rows[row][column] != "#":
            yield move, (row, column)


def _inside(rows: list[str], row: int, column: int) -> bool:
    return 0 <= row < len(rows) and 0 <= column < len(rows[0])


def _find(rows: list[str], mark: str) -> Cell:
    return next((number, row.index(mark)) for number, row in enumerate(rows) if mark in row)
