"""Magic squares: fill the blanks so that all rows, columns and both diagonals have the same sum.

- Instance: ``{"grid": "8 . 6/. 5 7/4 9 ."}``: numbers separated by spaces, rows by ``/``, ``.`` for
  a blank; and ``"any_integers": true`` for the variation of public collections, in which a square
  of side 3 holds any different integers with equal sums. It is never drawn.
- Prompt: ``Q8 . 6/. 5 7/4 9 .=``: the grid, after ``QQ`` in place of ``Q`` for any integers.
- Response: ``8 1 6/3 5 7/4 9 2``: the whole square, the givens included.
- Bare answer: ``1 3 2``: only the numbers of the blanks, in reading order.
- Levels 1, 2: 3x3 with 3, 5 blanks. Levels 3..5: 4x4 with 6, 8, 10. Levels 6, 7: 5x5 with 11, 13.

A square of side n holds each of 1..n² once, so every line sums to n(n²+1)/2. A puzzle may have
several completions and all of them are accepted.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.grid import lines
from seed.reference.tasks.puzzles.solvers.integer_square import integer_square
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

SIDE_AND_BLANKS = {1: (3, 3), 2: (3, 5), 3: (4, 6), 4: (4, 8), 5: (4, 10), 6: (5, 11), 7: (5, 13)}
LEVELS = range(1, len(SIDE_AND_BLANKS) + 1)
CHARACTERS = "0123456789./ =Q-"
RULES = (
    "Complete a magic square: every row, every column and both diagonals have the same sum, and a"
    " square of side n holds each number from 1 to n*n exactly once, or, after QQ instead of Q, any"
    " different integers. Numbers are separated by spaces, rows by /, and . is a blank. Write the"
    " whole square in the same form, or only the numbers of the blanks in reading order, separated"
    " by spaces. Any square that keeps the givens and obeys the rules is accepted."
)
BLANK = "."
NUMBER = re.compile(r"[1-9][0-9]?")  # the largest number is 25
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,5}")
# Steps of a random search before it starts over. One for a 4x4 square needs some 300, but one in a
# hundred fifty times that. For a 5x5 square a search takes a third of a second, so it is built.
PATIENCE = 500
LARGEST_SEARCHED = 4
SIDE_OF_ANY = 3


class OutOfPatience(Exception):
    """A search took more steps than it was allowed."""


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a full square and blank out cells chosen uniformly."""
    side, blanks = SIDE_AND_BLANKS[difficulty]
    square = random_square(random, side)
    for cell in random.choice(side * side, size=blanks, replace=False):
        square[cell] = 0
    return {"grid": _rows(square, side)}


def identity(instance: Mapping[str, Any]) -> str:
    """The grid as it stands: a mirrored square has its numbers in other cells.

    All eight 3x3 squares are mirror images of one; it is the reasoning from the givens that is held
    out.
    """
    grid: str = instance["grid"]
    return f"Q{grid}" if _any_integers(instance) else grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``Q8 . 6/. 5 7/4 9 .=``."""
    return f"Q{identity(instance)}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search that tries small numbers first."""
    cells = _cells(instance["grid"])
    side = len(instance["grid"].split("/"))
    if _any_integers(instance):
        return _rows(_completed_with_any(cells, side), side, blank=None)
    square = [0 if cell == BLANK else int(cell) for cell in cells]
    if not _Search([range(1, side * side + 1)] * len(cells), side, None).complete(square):
        raise ValueError(f"no completion exists for {instance['grid']}")
    return _rows(square, side)


def answer(instance: Mapping[str, Any]) -> str:
    """The numbers that ``solve`` writes into the blanks, e.g. ``1 3 2``."""
    cells = zip(_cells(instance["grid"]), _cells(solve(instance)), strict=True)
    return " ".join(number for given, number in cells if given == BLANK)


def work(instance: Mapping[str, Any]) -> int:
    """The number of blanks."""
    return _cells(instance["grid"]).count(BLANK)


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the square, whole or as its blanks, keeps the givens and is magic.

    That is, it holds every number once and has equal sums.
    """
    fault, whole = unreadable(response), ""
    if not fault:
        whole = response if "/" in response else _filled(instance["grid"], response)
        fault = _fault(instance, whole)
    return judge(fault, whole, "the square is magic and keeps the givens")


def random_square(random: np.random.Generator, side: int) -> list[int]:
    """Draw a full magic square.

    Up to side 4 by exact search with an independent random order of numbers in every cell, so every
    square can come out, though not all equally often. A square of side 5 is the sum of two
    orthogonal Latin squares,

        5 p[(i + 2j) mod 5] + q[(2i + j) mod 5] + 1,  p and q permutations of 0..4,

    whose broken diagonals have the sum too; then the rows, and in the same way the columns, are
    permuted so that opposite ones stay opposite, which keeps the two diagonals. That makes 28800 of
    the 275 million squares and their mirror images.

    Args:
        random: The only source of randomness.
        side: 3, 4 or 5.

    Returns:
        The numbers, row by row.
    """
    if side > LARGEST_SEARCHED:
        return _built_square(random, side)
    while True:
        ascending = np.tile(np.arange(1, side * side + 1), (side * side, 1))
        square = [0] * (side * side)
        try:
            _Search(random.permuted(ascending, axis=1).tolist(), side, PATIENCE).complete(square)
        except OutOfPatience:
            continue
        return square


def _built_square(random: np.random.Generator, side: int) -> list[int]:
    high, low = random.permutation(side), random.permutation(side)
    row, column = np.indices((side, side))
    square = side * high[(row + 2 * column) % side] + low[(2 * row + column) % side] + 1
    order = _centred_order(random, side)
    built: list[int] = square[np.ix_(order, order)].ravel().tolist()
    return built


def _centred_order(random: np.random.Generator, side: int) -> list[int]:
    """Permute indices so that those opposite each other about the middle stay opposite."""
    half = side // 2
    first = [
        index if random.random() < 0.5 else side - 1 - index
        for index in random.permutation(half).tolist()
    ]
    return [*first, *[half] * (side % 2), *[side - 1 - index for index in reversed(first)]]


def _filled(grid: str, numbers: str) -> str:
    """The grid with the numbers in its blanks; the empty text if they are not as many as blanks."""
    words = numbers.split(" ")
    if len(words) != _cells(grid).count(BLANK):
        return ""
    answers = iter(words)
    return "/".join(
        " ".join(next(answers) if cell == BLANK else cell for cell in row.split(" "))
        for row in grid.split("/")
    )


def _any_integers(instance: Mapping[str, Any]) -> bool:
    return instance.get("any_integers") is True


def _completed_with_any(cells: Sequence[str], side: int) -> list[int]:
    given = {cell: int(word) for cell, word in enumerate(cells) if word != BLANK}
    square = integer_square(given) if side == SIDE_OF_ANY else None
    if square is None:
        raise ValueError(f"no completion with any integers is found for {' '.join(cells)}")
    return square


def _fault(instance: Mapping[str, Any], whole: str) -> str:
    grid, any_integers = instance["grid"], _any_integers(instance)
    side = len(grid.split("/"))
    rows = [row.split(" ") for row in whole.split("/")]
    if [len(row) for row in rows] != [side] * side:
        return f"the answer is not {side} rows of {side} numbers separated by single spaces"
    words = [word for row in rows for word in row]
    if any_integers and not all(INTEGER.fullmatch(word) for word in words):
        return "the answer holds something that is not an integer of at most six digits"
    if not any_integers and not all(
        NUMBER.fullmatch(word) and int(word) <= side * side for word in words
    ):
        return f"the answer holds something that is not a number from 1 to {side * side}"
    if any(given not in (BLANK, word) for given, word in zip(_cells(grid), words, strict=True)):
        return "a given number was changed"
    if len(set(words)) != len(words):
        return "a number is used twice"
    square = list(map(int, words))
    total = sum(square[:side]) if any_integers else _line_sum(side)
    for line in _lines(side):
        if sum(square[cell] for cell in line) != total:
            return f"the cells {[cell + 1 for cell in line]} do not sum to {total}"
    return ""


def _cells(grid: str) -> list[str]:
    return grid.replace("/", " ").split(" ")


def _rows(square: Sequence[int], side: int, blank: int | None = 0) -> str:
    words = [BLANK if number == blank else str(number) for number in square]
    return "/".join(" ".join(words[first : first + side]) for first in range(0, side * side, side))


def _line_sum(side: int) -> int:
    return side * (side * side + 1) // 2


@cache
def _lines(side: int) -> list[tuple[int, ...]]:
    """The rows, columns and diagonals as cell numbers."""
    down = tuple(row * (side + 1) for row in range(side))
    up = tuple((row + 1) * (side - 1) for row in range(side))
    return [*lines(side).values(), down, up]


class _Search:
    """An exact search that completes a square in place; 0 is a blank."""

    def __init__(self, orders: Sequence[Sequence[int]], side: int, patience: int | None) -> None:
        self.orders, self.patience = orders, patience
        self.lines, self.total = _lines(side), _line_sum(side)

    def complete(self, square: list[int]) -> bool:
        """Fill the blanks so that every line has the sum, trying each cell's numbers in order."""
        if self.patience is not None:
            self.patience -= 1
            if self.patience < 0:
                raise OutOfPatience
        open_lines = []
        for line in self.lines:
            numbers = [square[cell] for cell in line]
            missing, blanks = self.total - sum(numbers), numbers.count(0)
            if missing < blanks or (missing > 0 and not blanks):
                return False
            if blanks:
                open_lines.append((blanks, missing, line))
        if not open_lines:
            return True
        # The line with the fewest blanks decides itself or fails soonest: with one blank left, the
        # number is forced.
        blanks, missing, line = min(open_lines)
        cell = next(cell for cell in line if not square[cell])
        for number in [missing] if blanks == 1 else self.orders[cell]:
            if number <= len(square) and number not in square:
                square[cell] = number
                if self.complete(square):
                    return True
                square[cell] = 0
        return False
