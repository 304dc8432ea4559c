"""Campsites (Tents and Trees): a tent beside every tree, none touching another, counted per line.

- Instance: ``{"grid": "..T./..TT/..../....", "rows": "2010", "columns": "0111"}``: rows separated
  by ``/``, ``T`` tree, ``.`` free; the numbers of tents of the rows and of the columns.
- Prompt: ``E..T.2/..TT0/....1/....0/0111=``: each row ends with the number of its tents; the last
  row holds the numbers of the columns.
- Response: ``.^T^/..TT/..^./....``: the grid with ``^`` for each tent, without the numbers.
- Levels 1..6: 4x4 with 3 trees, 5x5 with 4, 6x6 with 6, 7x7 with 8, 8x8 with 11, 10x10 with 18.

Trees and tents can be matched one to one so that each tent shares an edge with its own tree; the
answer need not name that tree. No two tents share an edge or a corner. Every camp that obeys the
rules is accepted.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.backtracking import (
    Count,
    bits,
    draw_solvable,
    mark,
    numbers_of,
)
from seed.reference.tasks.puzzles.solvers.grid import (
    around,
    beside,
    cells_of,
    lines,
    position,
    rows_of,
    side,
    touching,
    windows,
)
from seed.reference.tasks.puzzles.solvers.marking import marked, marked_cells, mismarked
from seed.reference.tasks.puzzles.solvers.matching import match
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

SIZE_AND_TREES = {1: (4, 3), 2: (5, 4), 3: (6, 6), 4: (7, 8), 5: (8, 11), 6: (10, 18)}
LEVELS = range(1, len(SIZE_AND_TREES) + 1)
CHARACTERS = "0123456789T.^/=E"
RULES = (
    "Pitch tents on a square campsite. Rows are separated by /; T is a tree, . a free cell. The"
    " digit at the end of each row is the number of tents in that row, and the last row holds the"
    " numbers of tents in the columns. Put tents on free cells so that every tree gets exactly one"
    " tent of its own directly above, below, left or right of it and every tent belongs to exactly"
    " one tree (a tent may also lie beside other trees), no two tents touch, not even diagonally,"
    " and all numbers are right. Write the grid without the numbers, with ^ for each tent and"
    " everything else unchanged. Any camp that obeys the rules is accepted."
)
FREE, TREE, TENT = ".", "T", "^"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a camp, tents with their trees, and remove the tents."""
    return draw_solvable(lambda: _random_camp(random, *SIZE_AND_TREES[difficulty]), solve)


def identity(instance: Mapping[str, Any]) -> str:
    """Rows with their numbers, then the numbers of the columns; a mirrored camp has other tents."""
    rows = zip(instance["grid"].split("/"), instance["rows"], strict=True)
    return "/".join([*(row + number for row, number in rows), instance["columns"]])


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``E..T.2/..TT0/....1/....0/0111=``."""
    return f"E{identity(instance)}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search over the pairs of a tree and a free cell beside it."""
    grid, cells = instance["grid"], cells_of(instance["grid"])
    size, trees = side(grid), _trees(grid)
    pairs = [
        (tree, cell) for tree in sorted(trees) for cell in beside(size)[tree] if cells[cell] == FREE
    ]

    def pairs_with(group: tuple[int, ...]) -> int:
        return bits(number for number, (_, cell) in enumerate(pairs) if cell in group)

    one_per_tree = [
        Count(bits(number for number, (owner, _) in enumerate(pairs) if owner == tree), 1, 1)
        for tree in trees
    ]
    apart = [Count(pairs_with(window), 0, 1) for window in windows(size)]
    numbered = zip(lines(size).values(), _numbers(instance), strict=True)
    numbers = [Count(pairs_with(line), number, number) for line, number in numbered]
    chosen = mark(one_per_tree + apart + numbers)
    if chosen is None:
        raise ValueError(f"no camp exists for {identity(instance)}")
    return marked(grid, {pairs[number][1] for number in numbers_of(chosen)}, TENT)


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of trees."""
    return int(instance["grid"].count(TREE))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the response is the grid with tents that obey the rules."""
    grid = instance["grid"]
    fault = unreadable(response) or mismarked(grid, response, FREE, TENT)
    fault = fault or _fault(instance, marked_cells(grid, response))
    return judge(fault, response, "every tree has its tent and all numbers are right")


def _fault(instance: Mapping[str, Any], tents: frozenset[int]) -> str:
    size, trees = side(instance["grid"]), _trees(instance["grid"])
    for first, second in touching(tents, around(size)):
        return f"the tents on {position(first, size)} and {position(second, size)} touch"
    for (name, line), number in zip(lines(size).items(), _numbers(instance), strict=True):
        count = len(tents.intersection(line))
        if count != number:
            return f"{name} holds {count} tents instead of {number}"
    if len(tents) != len(trees):
        return f"there are {len(tents)} tents for {len(trees)} trees"
    tents_beside = [tents.intersection(beside(size)[tree]) for tree in trees]
    if match([sorted(own) for own in tents_beside]) is None:
        return "the trees cannot each have a tent of their own beside them"
    return ""


def _trees(grid: str) -> set[int]:
    return {cell for cell, given in enumerate(cells_of(grid)) if given == TREE}


def _numbers(instance: Mapping[str, Any]) -> list[int]:
    """The number of tents of every line, in the order of ``lines``."""
    return [int(number) for number in instance["rows"] + instance["columns"]]


def _random_camp(random: np.random.Generator, size: int, count: int) -> dict[str, Any]:
    trees: set[int] = set()
    tents: set[int] = set()
    while len(trees) < count:
        trees, tents = set(), set()
        for cell in random.permutation(size * size).tolist():
            free = [neighbour for neighbour in beside(size)[cell] if neighbour not in trees | tents]
            room = cell not in trees and free and tents.isdisjoint(around(size)[cell])
            if len(trees) < count and room:
                tents.add(cell)
                trees.add(free[random.integers(len(free))])
    grid = rows_of([TREE if cell in trees else FREE for cell in range(size * size)], size)
    numbers = "".join(str(len(tents.intersection(line))) for line in lines(size).values())
    return {"grid": grid, "rows": numbers[:size], "columns": numbers[size:]}
