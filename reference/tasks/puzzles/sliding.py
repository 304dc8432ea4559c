"""Sliding tiles: bring eight tiles into order by moving the blank, or see that it cannot be done.

- Instance: ``{"grid": "123/4.5/786"}``: rows separated by ``/``; ``.`` is the blank. The goal is
  always ``123/456/78.`` and never drawn.
- Prompt: ``X123/4.5/786=``.
- Response: ``00000110R5D6``: first, as reasoning, how many smaller tiles follow each tile in
  reading order, then one letter per move of the blank, up, down, left or right, each with a note of
  the tile that it swaps with. Digits are notes: they are skipped, right or wrong. Or
  ``00000010impossible`` for a board from which the goal cannot be reached.
- Bare answer: ``RD`` or ``impossible``.
- Levels 1..5: the board is scrambled by 3..8, 9..12, 13..16, 17..20 or 21..24 moves that never turn
  straight back. One board in four is scrambled from the goal with 7 and 8 swapped, which makes it
  impossible.

A move to the side leaves the order of the tiles as it is, and a move up or down carries a tile past
two others; so the number of pairs of tiles in the wrong order stays even or odd, and the goal has
none. An odd board is impossible, and every even board can be solved (Johnson and Story, "Notes on
the 15 puzzle", 1879).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.grid import cells_of, rows_of
from seed.reference.tasks.puzzles.solvers.shortest_path import shortest_moves
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

FEWEST_AND_MOST_MOVES = {1: (3, 8), 2: (9, 12), 3: (13, 16), 4: (17, 20), 5: (21, 24)}
LEVELS = range(1, len(FEWEST_AND_MOST_MOVES) + 1)
IMPOSSIBLE = "impossible"
CHARACTERS = "0123456789./=XUDLRimposble"
RULES = (
    "Solve a 3x3 sliding-tile puzzle. Rows are separated by / and . is the blank; the goal is"
    " 123/456/78. (the blank last). Write one letter per move of the blank: U up, D down, L left, R"
    " right; the tile on that side takes the blank's old place. The blank must stay on the board"
    " and the last move must reach the goal; any number of moves will do. If no moves reach the"
    " goal, write the word impossible and no moves. Digits are notes of your own and are not read."
)
SIDE = 3
GOAL = "12345678."
# The goal with two tiles swapped; every impossible board can be brought to it.
ODD_GOAL = "12345687."
# Often enough to be worth the check, seldom enough that always answering so yields little reward.
IMPOSSIBLE_SHARE = 0.25
MOVES = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
OPPOSITE = {"U": "D", "D": "U", "L": "R", "R": "L"}
WITHOUT_NOTES = str.maketrans("", "", "0123456789")


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw an end, the goal or its odd neighbour, and scramble it."""
    fewest, most = FEWEST_AND_MOST_MOVES[difficulty]
    end = ODD_GOAL if random.random() < IMPOSSIBLE_SHARE else GOAL
    while True:
        board = _scrambled(random, end, int(random.integers(fewest, most + 1)))
        if board != end:  # twelve moves around a square of four cells lead back
            return {"grid": rows_of(board, SIDE)}


def identity(instance: Mapping[str, Any]) -> str:
    """The board as it stands: a mirrored board has another goal."""
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``X123/4.5/786=``."""
    return f"X{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The counts of smaller tiles, then the noted moves, or ``impossible`` if their sum is odd."""
    board = cells_of(instance["grid"])
    noted = "".join(map(str, _smaller_tiles_behind(board)))
    if _end(board) != GOAL:
        return noted + IMPOSSIBLE
    for move in _moves(board):
        following = dict(_steps(board))[move]
        noted += move + following[board.index(".")]
        board = following
    return noted


def answer(instance: Mapping[str, Any]) -> str:
    """The moves of a shortest solution, or ``impossible``."""
    board = cells_of(instance["grid"])
    return "".join(_moves(board)) if _end(board) == GOAL else IMPOSSIBLE


def work(instance: Mapping[str, Any]) -> int:
    """The number of moves of a shortest path to the goal, or to its odd neighbour."""
    return len(_moves(cells_of(instance["grid"])))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Replay the moves, or count the pairs in the wrong order if the response is ``impossible``.

    ``correct`` exactly if, digits aside, the response is legal moves that end on the goal, or the
    single word ``impossible`` and the goal cannot be reached.
    """
    moves = response.translate(WITHOUT_NOTES)
    fault = unreadable(response) or _fault(cells_of(instance["grid"]), moves)
    impossible = moves == IMPOSSIBLE
    success = "the goal is out of reach" if impossible else "the moves end on the goal"
    return judge(fault, moves, success)


def _fault(board: str, moves: str) -> str:
    if moves == IMPOSSIBLE:
        return "the goal can be reached" if _end(board) == GOAL else ""
    for number, move in enumerate(moves, start=1):
        if move not in MOVES:
            return f"move {number} is not one of U, D, L, R"
        following = dict(_steps(board))
        if move not in following:
            return f"move {number} takes the blank off the board"
        board = following[move]
    return "" if board == GOAL else "the moves do not end on the goal"


def _scrambled(random: np.random.Generator, board: str, moves: int) -> str:
    previous = ""
    for _ in range(moves):
        onward = [following for _, following in _steps(board) if following != previous]
        previous, board = board, onward[random.integers(len(onward))]
    return board


def _smaller_tiles_behind(board: str) -> list[int]:
    tiles = board.replace(".", "")
    return [sum(behind < tile for behind in tiles[index:]) for index, tile in enumerate(tiles)]


def _end(board: str) -> str:
    """The goal or its odd neighbour, whichever can be reached."""
    return ODD_GOAL if sum(_smaller_tiles_behind(board)) % 2 else GOAL


def _moves(board: str) -> list[str]:
    moves = shortest_moves(board, _end(board), _steps, _steps_back)
    if moves is None:
        raise ValueError(f"{board} is not a board with the tiles 1 to 8 and one blank")
    return moves


def _steps(board: str) -> Iterator[tuple[str, str]]:
    """List every legal move of the blank and the board that it makes."""
    blank = board.index(".")
    for move, (down, right) in MOVES.items():
        row, column = blank // SIDE + down, blank % SIDE + right
        if 0 <= row < SIDE and 0 <= column < SIDE:
            cells = list(board)
            cells[blank], cells[row * SIDE + column] = cells[row * SIDE + column], "."
            yield move, "".join(cells)


def _steps_back(board: str) -> Iterator[tuple[str, str]]:
    """List every move that makes the board and the board that it was made on.

    The opposite move undoes it.
    """
    return ((OPPOSITE[move], origin) for move, origin in _steps(board))
