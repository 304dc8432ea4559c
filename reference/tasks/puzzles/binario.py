"""Binario: fill a square with 0 and 1 in balance, never three alike in a row, no line twice.

- Instance: ``{"grid": "..../.0.0/01.0/1..."}``: rows separated by ``/``, ``.`` for a blank; and
  ``"distinct_lines": false`` if lines may be equal, a variation of public collections.
- Prompt: ``B..../.0.0/01.0/1...=``: the grid, after ``BB`` in place of ``B`` if lines may be equal.
- Response: ``0101/1010/0110/1001``: the whole grid, the givens included.
- Bare answer: ``0101111001``: only the digits of the blanks, in reading order.
- Levels 1..7: 4x4 with 6 and 10 blanks, 6x6 with 18 and 26, 8x8 with 36 and 48, 10x10 with 80.

Every row and column holds as many 0 as 1 and never three equal digits side by side; no two rows are
equal, and no two columns. A puzzle may have several completions and all of them are accepted.
"""

from collections.abc import Mapping
from functools import cache
from itertools import combinations, product
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.backtracking import bits, cross, draw_solvable, fitting
from seed.reference.tasks.puzzles.solvers.filling import (
    BLANK,
    blanked,
    completed,
    misfilled,
    only_blanks,
)
from seed.reference.tasks.puzzles.solvers.grid import lines_of
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

SIZE_AND_BLANKS = {
    1: (4, 6),
    2: (4, 10),
    3: (6, 18),
    4: (6, 26),
    5: (8, 36),
    6: (8, 48),
    7: (10, 80),
}
LEVELS = range(1, len(SIZE_AND_BLANKS) + 1)
DIGITS = "01"
CHARACTERS = DIGITS + "./=B"
RULES = (
    "Complete a binary puzzle (Binario, Takuzu). Rows are separated by /, and . is a blank. Write 0"
    " or 1 into every blank so that every row and every column holds as many 0 as 1, no row or"
    " column holds three equal digits side by side, no two rows are equal and no two columns are"
    " equal; a row may equal a column. After BB instead of B rows may be equal, and columns too."
    " Write the whole grid in the same form, or only the digits of the blanks in reading order. Any"
    " grid that keeps the givens and obeys the rules is accepted."
)


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a full grid and blank out cells chosen uniformly."""
    size, blanks = SIZE_AND_BLANKS[difficulty]
    return draw_solvable(
        lambda: {"grid": blanked(_random_grid(random, size), blanks, random)}, solve
    )


def identity(instance: Mapping[str, Any]) -> str:
    """The grid with its blanks as it stands: a mirrored or inverted grid has another answer."""
    grid: str = instance["grid"]
    return grid if _distinct(instance) else f"B{grid}"


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``B..../.0.0/01.0/1...=``."""
    return f"B{identity(instance)}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search over whole rows and columns, the smaller binary number first."""
    lines = lines_of(instance["grid"])
    size = len(lines) // 2
    fits = [fitting(_words(size), line) for line in lines.values()]
    rows = cross(_words(size), fits[:size], fits[size:], distinct=_distinct(instance))
    if rows is None:
        raise ValueError(f"no completion exists for {instance['grid']}")
    return "/".join(rows)


def answer(instance: Mapping[str, Any]) -> str:
    """The digits that ``solve`` writes into the blanks."""
    return only_blanks(instance["grid"], solve(instance))


def work(instance: Mapping[str, Any]) -> int:
    """The number of blanks."""
    return int(instance["grid"].count(BLANK))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the grid, whole or as its blanks, keeps the givens and every rule."""
    grid = instance["grid"]
    whole = completed(grid, response)
    fault = unreadable(response) or misfilled(grid, whole, DIGITS)
    fault = fault or _fault(whole, _distinct(instance))
    return judge(fault, whole, "the grid is complete and keeps every rule")


def _distinct(instance: Mapping[str, Any]) -> bool:
    return instance.get("distinct_lines", True) is not False


def _fault(whole: str, distinct: bool) -> str:
    lines = lines_of(whole)
    for name, line in lines.items():
        if line.count("0") != line.count("1"):
            return f"{name} does not hold as many 0 as 1"
        if "000" in line or "111" in line:
            return f"{name} holds three equal digits side by side"
    for (first_name, first), (second_name, second) in combinations(lines.items(), 2):
        if distinct and first == second and first_name.split()[0] == second_name.split()[0]:
            return f"{first_name} and {second_name} are equal"
    return ""


@cache
def _words(size: int) -> tuple[str, ...]:
    """Every row that keeps the rules by itself, ascending."""
    words = ("".join(digits) for digits in product(DIGITS, repeat=size))
    return tuple(
        word
        for word in words
        if word.count("0") * 2 == size and "000" not in word and "111" not in word
    )


def _random_grid(random: np.random.Generator, size: int) -> str:
    """Draw a full grid by trying the rows in a new random order at every split.

    Every full grid can come out, since some orders lead the search straight to it; they are not all
    equally likely.
    """
    words = _words(size)
    all_words = [bits(range(len(words)))] * size
    rows = cross(words, all_words, all_words, lambda: random.permutation(len(words)).tolist())
    return "/".join(rows or [])
