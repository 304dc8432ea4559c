"""Properties of the exact search: it finds a solution exactly if there is one, or gives up."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles.solvers.backtracking import (
    Count,
    Marks,
    OutOfSteps,
    bits,
    cross,
    draw_solvable,
    fitting,
    mark,
    numbers_of,
)

CELLS = 6
CELL_SETS = st.sets(st.integers(0, CELLS - 1), max_size=CELLS)
COUNTS = st.lists(st.tuples(CELL_SETS, st.integers(0, 3), st.integers(0, 3)), max_size=5)


def holds(counts: list[tuple[set[int], int, int]], marked: set[int]) -> bool:
    return all(least <= len(cells & marked) <= most for cells, least, most in counts)


@given(counts=COUNTS)
@settings(max_examples=80)
def test_marks_are_found_exactly_if_some_subset_of_the_cells_satisfies_every_count(
    counts: list[tuple[set[int], int, int]],
) -> None:
    solution = mark([Count(bits(cells), least, most) for cells, least, most in counts])
    if solution is not None:
        assert holds(counts, set(numbers_of(solution)))
    else:
        subsets = product((False, True), repeat=CELLS)
        assert not any(
            holds(counts, {cell for cell in range(CELLS) if chosen[cell]}) for chosen in subsets
        )


def test_a_further_rule_is_checked_before_marks_are_final() -> None:
    def second_cell_unmarked(marks: Marks) -> bool:
        return not marks.marked & 0b10

    assert mark([Count(0b110, 1, 1)]) == 0b010
    assert mark([Count(0b110, 1, 1)], second_cell_unmarked) == 0b100


def test_a_search_that_takes_too_long_is_given_up() -> None:
    pigeons, holes = 9, 8
    numbered = {cell: number for number, cell in enumerate(product(range(pigeons), range(holes)))}
    somewhere = [
        Count(bits(numbered[pigeon, hole] for hole in range(holes)), 1, holes)
        for pigeon in range(pigeons)
    ]
    alone = [
        Count(bits(numbered[pigeon, hole] for pigeon in range(pigeons)), 0, 1)
        for hole in range(holes)
    ]
    with pytest.raises(OutOfSteps, match="no answer within"):
        mark(somewhere + alone)


def test_an_instance_on_which_the_search_gives_up_is_drawn_again() -> None:
    numbers = iter(range(10))

    def solve(instance: Mapping[str, Any]) -> str:
        if instance["number"] < 3:
            raise OutOfSteps("too hard")
        return ""

    assert draw_solvable(lambda: {"number": next(numbers)}, solve) == {"number": 3}


@given(
    words=st.sets(st.text("01", min_size=3, max_size=3), min_size=1),
    given_cells=st.text("01...", min_size=9, max_size=9),
)
@settings(max_examples=80)
def test_words_cross_exactly_if_some_distinct_rows_make_distinct_columns(
    words: set[str], given_cells: str
) -> None:
    listed = tuple(sorted(words))
    rows = [given_cells[first : first + 3] for first in (0, 3, 6)]
    columns = [given_cells[first::3] for first in (0, 1, 2)]
    solution = cross(
        listed,
        [fitting(listed, row) for row in rows],
        [fitting(listed, column) for column in columns],
    )

    def crosses(square: tuple[str, ...]) -> bool:
        down = ["".join(column) for column in zip(*square, strict=True)]
        kept = all(
            one in (".", written) for one, written in zip(given_cells, "".join(square), strict=True)
        )
        return (
            kept
            and len(set(square)) == len(set(down)) == 3
            and words.issuperset(square)
            and words.issuperset(down)
        )

    assert (
        crosses(tuple(solution)) if solution else not any(map(crosses, product(listed, repeat=3)))
    )
