"""Twiddle: bring the tiles of a square into order by rotating blocks of four.

- Instance: ``{"grid": "123/754/896"}``: rows separated by ``/``. The goal is ``123/456/789``, or
  ``1234/5678/9ABC/DEFG``, and never drawn.
- Prompt: ``W123/754/896=``.
- Response: ``22:123/746/859 21:123/456/789``: one block per move, named by row and column of its
  upper left cell, from 1; after the colon, as reasoning, the board that the move makes. Notes are
  not judged.
- Bare answer: ``22 21``: the blocks alone, separated by one blank.
- Levels 1 and 2: 3x3, scrambled by 2..5 and 5..6 moves. Levels 3 and 4: 4x4, scrambled by 6 and 7
  moves. No move of a scramble is on the same block as the one before.

A move turns its block counterclockwise by one quarter: the upper left tile goes down, the lower
left one to the right, the lower right one up, the upper right one to the left. Any number of moves
that ends on the goal is accepted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from math import isqrt
from operator import itemgetter
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.grid import cells_of, rows_of
from seed.reference.tasks.puzzles.solvers.shortest_path import shortest_moves
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

SIDE_FEWEST_AND_MOST_MOVES = {1: (3, 2, 5), 2: (3, 5, 6), 3: (4, 6, 6), 4: (4, 7, 7)}
LEVELS = range(1, len(SIDE_FEWEST_AND_MOST_MOVES) + 1)
TILES = "123456789ABCDEFG"
CHARACTERS = TILES + "/ :=W"
RULES = (
    "Restore a square of tiles by rotating 2x2 blocks. Rows are separated by /; the goal is"
    " 123/456/789 for a 3x3 square and 1234/5678/9ABC/DEFG for a 4x4 square. One move turns one 2x2"
    " block counterclockwise by a quarter, so that ab/cd becomes bd/ac. Name a move by the row and"
    " the column of the block's upper left cell, counted from 1, as two digits; separate moves by"
    " one blank, such as 22 21. A colon and a board may follow a move as a note; notes are not"
    " read. The last move must reach the goal; any number of moves will do."
)
MOVE = re.compile(r"([1-9][1-9])(?::[1-9A-G/]*)?")
Turner = Callable[[str], tuple[str, ...]]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Scramble the goal by turning blocks back, never the same block twice in a row."""
    side, fewest, most = SIDE_FEWEST_AND_MOST_MOVES[difficulty]
    goal = TILES[: side * side]
    while True:
        board = _scrambled(random, goal, int(random.integers(fewest, most + 1)))
        if board != goal:
            return {"grid": rows_of(board, side)}


def identity(instance: Mapping[str, Any]) -> str:
    """The board as it stands: a mirrored board would turn in the other direction."""
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``W123/754/896=``."""
    return f"W{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """A shortest sequence of moves, with every board on the way."""
    board, noted = cells_of(instance["grid"]), []
    for move in _moves(board):
        board = dict(_turns(board))[move]
        noted.append(f"{move}:{rows_of(board, isqrt(len(board)))}")
    return " ".join(noted)


def answer(instance: Mapping[str, Any]) -> str:
    """The moves of ``solve``, e.g. ``22 21``."""
    return " ".join(_moves(cells_of(instance["grid"])))


def work(instance: Mapping[str, Any]) -> int:
    """The number of moves of a shortest solution."""
    return len(_moves(cells_of(instance["grid"])))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if, notes aside, the response is names of blocks that end on the goal."""
    fault = unreadable(response) or _fault(cells_of(instance["grid"]), response.split(" "))
    return judge(fault, response, "the moves end on the goal")


def _fault(board: str, moves: list[str]) -> str:
    for number, text in enumerate(moves, start=1):
        move = MOVE.fullmatch(text)
        if move is None:
            return f"move {number} is not two digits from 1"
        following = dict(_turns(board))
        if move[1] not in following:
            return f"move {number} names a block outside the board"
        board = following[move[1]]
    return "" if board == TILES[: len(board)] else "the moves do not end on the goal"


def _scrambled(random: np.random.Generator, board: str, moves: int) -> str:
    previous = ""
    for _ in range(moves):
        onward = [(block, origin) for block, origin in _turns_back(board) if block != previous]
        previous, board = onward[random.integers(len(onward))]
    return board


def _moves(board: str) -> list[str]:
    moves = shortest_moves(board, TILES[: len(board)], _turns, _turns_back)
    if moves is None:
        raise ValueError(f"{board} does not hold every tile once")
    return moves


def _turns(board: str) -> Iterator[tuple[str, str]]:
    """List every block's name and the board after its turn."""
    turners = _turners(isqrt(len(board)), counterclockwise=True)
    return ((block, "".join(turn(board))) for block, turn in turners)


def _turns_back(board: str) -> Iterator[tuple[str, str]]:
    """List every block's name and the board from which its turn leads to the given one."""
    turners = _turners(isqrt(len(board)), counterclockwise=False)
    return ((block, "".join(turn(board))) for block, turn in turners)


@cache  # two entries for every size of board
def _turners(side: int, counterclockwise: bool) -> list[tuple[str, Turner]]:
    """List every block's name and a function from a board to its cells after the turn."""
    turners: list[tuple[str, Turner]] = []
    for row, column in product(range(side - 1), repeat=2):
        upper, lower = row * side + column, (row + 1) * side + column
        corners = [upper, lower, lower + 1, upper + 1]  # counterclockwise around the block
        sources = list(range(side * side))
        for index, corner in enumerate(corners):
            sources[corner] = corners[(index + (-1 if counterclockwise else 1)) % 4]
        turners.append((f"{row + 1}{column + 1}", itemgetter(*sources)))
    return turners
