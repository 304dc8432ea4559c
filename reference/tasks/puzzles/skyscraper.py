"""Skyscrapers: find the heights of a city's towers from how many are visible along its streets.

- Instance: ``{"grid": "3.../.4.1/1..3/...2", "clues": {"row": ["20", "20", "32", "00"], "column":
  ["01", "22", "30", "00"]}}``: rows separated by ``/``, ``.`` for an unknown height; for each row
  the clues at its left and right, for each column those at its top and bottom, ``0`` for no clue.
- Prompt: ``H+0230+/23...0/2.4.10/31..32/0...20/+1200+=``: the city within a frame of clues, with
  ``+`` in its corners.
- Response: ``3124/2431/1243/4312``: the heights, row by row, without the frame.
- Bare answer: ``1242324431``: only the heights of the unknown towers, in reading order.
- Levels 1..3: 4x4 with 6, 10, 14 unknown towers. Levels 4, 5: 5x5 with 20, 25. Level 6: 6x6, 36.

Heights in a row or column are 1 to its length, each once. A clue counts the towers visible from
there along its row or column: those higher than all before them. Every city that keeps givens and
clues is accepted.
"""

from collections.abc import Mapping
from functools import cache
from itertools import accumulate, permutations
from typing import Any, NamedTuple

import numpy as np

from seed.reference.tasks.puzzles.solvers.backtracking import bits, cross, draw_solvable, fitting
from seed.reference.tasks.puzzles.solvers.filling import (
    BLANK,
    blanked,
    completed,
    misfilled,
    only_blanks,
    random_latin_square,
)
from seed.reference.tasks.puzzles.solvers.grid import lines_of
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable


class Level(NamedTuple):
    """Side of the city, towers of unknown height, and clues of the ``4 size`` possible ones."""

    size: int
    unknown: int
    clues: int


LEVEL = {
    1: Level(4, 6, 8),
    2: Level(4, 10, 8),
    3: Level(4, 14, 12),
    4: Level(5, 20, 14),
    5: Level(5, 25, 18),
    6: Level(6, 36, 22),
}
LEVELS = range(1, len(LEVEL) + 1)
# Six are drawn at most; 40320 rows of eight towers can still be searched, 362880 of nine cannot.
DIGITS = "12345678"
CHARACTERS = DIGITS + "0.+/=H"
RULES = (
    "Fill in a city of skyscrapers. The square is surrounded by a frame of clues, with + in its"
    " corners; rows are separated by /. Inside, a digit is the height of a tower and . an unknown"
    " height. With n towers to a row, every row and every column holds the heights 1 to n, each"
    " once. A digit in the frame says how many towers are seen from there looking along its row or"
    " column into the city: a tower is seen if it is higher than all towers before it. 0 in the"
    " frame means no clue. Write the rows of heights separated by /, without the frame, or only the"
    " unknown heights in reading order. Any city that keeps the given heights and obeys the clues"
    " is accepted."
)
NO_CLUE = "0"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a Latin square, count visible towers, and hide heights and clues chosen uniformly."""
    return draw_solvable(lambda: _city(random, LEVEL[difficulty]), solve)


def identity(instance: Mapping[str, Any]) -> str:
    """The city with its frame as it stands: a mirrored city has another answer."""
    rows = instance["grid"].split("/")
    clues = instance["clues"]
    top, bottom = (f"+{''.join(line)}+" for line in zip(*clues["column"], strict=True))
    framed = [left + row + right for (left, right), row in zip(clues["row"], rows, strict=True)]
    return "/".join([top, *framed, bottom])


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``H+0230+/23...0/2.4.10/31..32/0...20/+1200+=``."""
    return f"H{identity(instance)}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search over whole rows and columns, the smaller heights first."""
    lines = lines_of(instance["grid"]).values()
    size = len(lines) // 2
    fits = [
        fitting(_words(size), line) & _showing(size, first) & _showing(size, last, backwards=True)
        for line, (first, last) in zip(lines, _clues(instance), strict=True)
    ]
    rows = cross(_words(size), fits[:size], fits[size:])
    if rows is None:
        raise ValueError(f"no city obeys {identity(instance)}")
    return "/".join(rows)


def answer(instance: Mapping[str, Any]) -> str:
    """The heights that ``solve`` finds for the unknown towers."""
    return only_blanks(instance["grid"], solve(instance))


def work(instance: Mapping[str, Any]) -> int:
    """The number of towers of unknown height."""
    return int(instance["grid"].count(BLANK))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the heights, all or the unknown ones, keep givens, clues and rules."""
    grid = instance["grid"]
    whole = completed(grid, response)
    digits = DIGITS[: len(instance["clues"]["row"])]
    fault = unreadable(response) or misfilled(grid, whole, digits) or _fault(instance, whole)
    return judge(fault, whole, "the city keeps every rule and clue")


def _fault(instance: Mapping[str, Any], whole: str) -> str:
    for (name, line), (first, last) in zip(lines_of(whole).items(), _clues(instance), strict=True):
        if len(set(line)) != len(line):
            return f"a height repeats in {name}"
        for clue, towers, end in ((first, line, "first"), (last, line[::-1], "last")):
            count = _visible(towers)
            if clue not in (NO_CLUE, str(count)):
                return f"{count} towers are seen from the {end} end of {name}, not {clue}"
    return ""


def _clues(instance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The two clues of every line, in the order of ``lines_of``."""
    clues = instance["clues"]
    return [(pair[0], pair[1]) for pair in [*clues["row"], *clues["column"]]]


def _visible(towers: str) -> int:
    """The number of towers that are higher than all before them.

    Each of them raises the running maximum, so there are as many as there are running maxima.
    """
    return len(set(accumulate(towers, max)))


@cache
def _words(size: int) -> tuple[str, ...]:
    """Every row of towers, ascending."""
    return tuple("".join(word) for word in permutations(DIGITS[:size]))


@cache
def _showing(size: int, clue: str, backwards: bool = False) -> int:
    """The set of words of which as many towers are visible as the clue demands."""
    step = -1 if backwards else 1
    counts = (str(_visible(word[::step])) for word in _words(size))
    return bits(number for number, count in enumerate(counts) if clue in (NO_CLUE, count))


def _city(random: np.random.Generator, level: Level) -> dict[str, Any]:
    square = random_latin_square(random, level.size)
    kept = set(random.choice(4 * level.size, size=level.clues, replace=False).tolist())
    ends = [
        str(_visible(towers)) for line in lines_of(square).values() for towers in (line, line[::-1])
    ]
    clues = [clue if number in kept else NO_CLUE for number, clue in enumerate(ends)]
    pairs = [first + last for first, last in zip(clues[::2], clues[1::2], strict=True)]
    return {
        "grid": blanked(square, level.unknown, random),
        "clues": {"row": pairs[: level.size], "column": pairs[level.size :]},
    }
