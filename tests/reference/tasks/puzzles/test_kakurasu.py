"""Properties of Kakurasu: a marking is accepted exactly if all its weighted sums are the clues."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import kakurasu
from tests.support.puzzles import accepted, wrong_because, wrong_responses

PUZZLE = {"rows": [5, 0, 4], "columns": [3, 1, 4]}
Clues = tuple[tuple[int, ...], tuple[int, ...]]


def markings(rows: int, columns: int) -> Iterator[tuple[str, Clues]]:
    """List every marking as text, with the clues that it fulfils, by matrix products."""
    for cells in product((0, 1), repeat=rows * columns):
        marks = np.array(cells).reshape(rows, columns)
        text = "/".join("".join(".#"[cell] for cell in row) for row in marks.tolist())
        row_sums, column_sums = marks @ np.arange(1, columns + 1), np.arange(1, rows + 1) @ marks
        yield text, (tuple(row_sums.tolist()), tuple(column_sums.tolist()))


@pytest.mark.parametrize(("rows", "columns"), [(1, 4), (2, 3), (3, 2)])
def test_of_all_markings_exactly_those_with_the_sums_are_accepted(rows: int, columns: int) -> None:
    every = list(markings(rows, columns))
    for clues in {clues for _, clues in every}:
        instance = {"rows": list(clues[0]), "columns": list(clues[1])}
        for text, sums in every:
            assert accepted(kakurasu, instance, text) == (sums == clues)


def test_where_clues_allow_several_markings_all_are_accepted() -> None:
    by_clues: dict[Clues, list[str]] = defaultdict(list)
    for text, clues in markings(3, 4):
        by_clues[clues].append(text)
    several = {clues: texts for clues, texts in by_clues.items() if len(texts) > 1}
    assert several
    for clues, texts in several.items():
        assert all(
            accepted(kakurasu, {"rows": list(clues[0]), "columns": list(clues[1])}, text)
            for text in texts
        )


@pytest.mark.parametrize(
    "wrong", [{"rows": [5, 0, 4], "columns": [3, 1, 3]}, {"rows": [6, 0, 7], "columns": [3, 1, 4]}]
)
def test_clues_without_a_marking_are_reported(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no marking"):
        kakurasu.solve(wrong)


def test_the_search_finds_a_marking_exactly_if_exhaustion_does() -> None:
    possible = {clues for _, clues in markings(2, 3)}
    for clues in product(product(range(7), repeat=2), product(range(4), repeat=3)):
        instance = {"rows": list(clues[0]), "columns": list(clues[1])}
        if clues in possible:
            assert accepted(kakurasu, instance, kakurasu.solve(instance))
        else:
            with pytest.raises(ValueError, match="no marking"):
                kakurasu.solve(instance)


@given(seed=st.integers(0, 10**6), level=st.sampled_from(kakurasu.LEVELS), data=st.data())
@settings(max_examples=60)
def test_changing_any_single_cell_of_a_solution_breaks_it(
    seed: int, level: int, data: st.DataObject
) -> None:
    instance = kakurasu.draw(np.random.default_rng(seed), level)
    assert (len(instance["rows"]), len(instance["columns"])) == kakurasu.ROWS_AND_COLUMNS[level]
    solution = kakurasu.solve(instance)
    assert accepted(kakurasu, instance, solution)
    cells = [index for index, cell in enumerate(solution) if cell != "/"]
    index = data.draw(st.sampled_from(cells))
    flipped = {"#": ".", ".": "#"}[solution[index]]
    assert not accepted(kakurasu, instance, solution[:index] + flipped + solution[index + 1 :])


@wrong_responses(
    ("row 3 sums to 3, not 4", ".##/.../##."),
    ("row 2 sums to 4, not 0", ".##/#.#/..."),
    ("row 1 sums to 3, not 5", "##./.../#.#"),
    ("not 3 rows", ".##/.../#.#/", ".##/.../#.#/...", ".##/...", ".##/.../#.#.", ".##/.../#."),
    ("not 3 rows", ".##...#.#", ".##/.../#.# ", ".##/.../#.#=", "(1, 2), (1, 3), (3, 1), (3, 3)"),
    ("not 3 rows", ""),
    ("neither", "011/000/101", ".##/.../#x#"),
    ("ASCII", "\uff03##/.../#.#"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(kakurasu, PUZZLE, response, why)


def test_right_rows_do_not_excuse_a_wrong_column() -> None:
    instance = {"rows": [3, 3], "columns": [1, 1, 2]}
    assert accepted(kakurasu, instance, "##./..#")
    assert wrong_because(kakurasu, instance, "..#/##.", "column 1 sums to 2, not 1")


def test_the_example_of_the_rules_is_right() -> None:
    assert kakurasu.prompt(PUZZLE) == "K5 0 4/3 1 4="
    assert kakurasu.solve(PUZZLE) == ".##/.../#.#"
    assert kakurasu.solve(PUZZLE) in kakurasu.RULES
