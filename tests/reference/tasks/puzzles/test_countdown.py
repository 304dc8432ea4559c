"""Properties of Countdown: which expressions are accepted, and that the search is complete."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import countdown
from tests.support.puzzles import accepted, wrong_because

Tree = int | tuple[str, Any, Any]


def problem(numbers: list[int], target: int) -> dict[str, Any]:
    return {"numbers": numbers, "target": target}


def all_trees(numbers: tuple[int, ...]) -> Iterator[Tree]:
    """List every binary tree over the numbers in the order given."""
    if len(numbers) == 1:
        yield numbers[0]
    for cut in range(1, len(numbers)):
        for left, right in product(all_trees(numbers[:cut]), all_trees(numbers[cut:])):
            for operator in "+-*/":
                yield operator, left, right


def legal_value(tree: Tree) -> int | None:
    """Compute a tree without text; None once an operation leaves the positive integers."""
    if isinstance(tree, int):
        return tree
    left, right = legal_value(tree[1]), legal_value(tree[2])
    if left is None or right is None:
        return None
    whole = {"+": left + right, "-": left - right, "*": left * right}
    value = Fraction(whole[tree[0]]) if tree[0] in whole else Fraction(left, right)
    return int(value) if value > 0 and value == int(value) else None


def text_of(tree: Tree) -> str:
    return (
        str(tree) if isinstance(tree, int) else f"({text_of(tree[1])}{tree[0]}{text_of(tree[2])})"
    )


@pytest.mark.parametrize("numbers", [(2, 6), (3, 3), (1, 2, 4), (2, 3, 6), (5, 5, 5)])
def test_of_all_expressions_exactly_those_that_are_legal_and_hit_the_target_are_accepted(
    numbers: tuple[int, ...],
) -> None:
    trees = [tree for order in set(permutations(numbers)) for tree in all_trees(order)]
    for target in range(1, 40):
        instance = problem(list(numbers), target)
        for tree in trees:
            assert accepted(countdown, instance, text_of(tree)) == (legal_value(tree) == target)


@pytest.mark.parametrize("count", [2, 3])
def test_the_search_finds_an_expression_exactly_if_exhaustion_does(count: int) -> None:
    for numbers in combinations_with_replacement((1, 2, 3, 5, 8), count):
        trees = [tree for order in set(permutations(numbers)) for tree in all_trees(order)]
        reachable = {legal_value(tree) for tree in trees}
        for target in range(1, 70):
            instance = problem(list(numbers), target)
            if target in reachable:
                assert accepted(countdown, instance, countdown.answer(instance))
            else:
                with pytest.raises(ValueError, match=f"{target} cannot be made"):
                    countdown.answer(instance)


def test_the_search_from_the_target_backwards_finds_all_that_a_table_of_all_values_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = [*combinations_with_replacement((1, 3, 4, 7, 12), 3), (2, 3, 7, 9), (13, 17, 22, 25)]
    tabled = {numbers: set(countdown._table(numbers, {})) for numbers in few}
    monkeypatch.setattr(countdown, "LARGEST_TABLE", 1)
    for numbers, target in product(few, range(1, 40)):
        expression = countdown._search(numbers, target, {})
        assert (expression is not None) == (target in tabled[numbers])
        assert expression is None or accepted(
            countdown, problem(list(numbers), target), expression.text
        )


@given(seed=st.integers(0, 10**6), level=st.sampled_from(countdown.LEVELS))
@settings(max_examples=60)
def test_notes_are_true_and_the_last_one_reaches_the_target(seed: int, level: int) -> None:
    instance = countdown.draw(np.random.default_rng(seed), level)
    notes, _, expression = countdown.solve(instance).rpartition(":")
    for note in notes.split(" "):
        operation, _, value = note.partition("=")
        operator = next(character for character in operation if character in "+-*/")
        left, right = map(int, operation.split(operator))
        assert legal_value((operator, left, right)) == int(value)
    assert int(value) == instance["target"]
    assert expression == countdown.answer(instance)


@given(seed=st.integers(0, 10**6), level=st.sampled_from(countdown.LEVELS))
@settings(max_examples=60)
def test_problems_have_the_numbers_of_their_level_and_a_target_of_three_digits_at_most(
    seed: int, level: int
) -> None:
    count, largest = countdown.COUNT_AND_LARGEST[level]
    instance = countdown.draw(np.random.default_rng(seed), level)
    assert len(instance["numbers"]) == count
    assert all(1 <= number <= largest for number in instance["numbers"])
    assert 1 <= instance["target"] <= 999


@pytest.mark.parametrize(
    ("numbers", "target", "response"),
    [
        ([2, 10, 14], 38, "10+2*14"),
        ([2, 10, 14], 38, "14*2+10"),
        ([2, 10, 14], 38, " ( 10 ) + 2 * 14=38 "),
        ([2, 10, 14], 38, "2*14=29 whatever:1:10+2*14"),
        ([15, 8, 13, 5, 6], 83, "15/(8-5)+13*6"),
        ([8, 3, 2], 7, "8-3+2"),
    ],
)
def test_every_legal_expression_of_the_numbers_is_accepted(
    numbers: list[int], target: int, response: str
) -> None:
    assert accepted(countdown, problem(numbers, target), response)


@pytest.mark.parametrize(
    ("numbers", "target", "response", "why"),
    [
        ([2, 10, 14], 38, "2*14", "not the given ones"),
        ([2, 10, 14], 38, "10+2*14+2-2", "not the given ones"),
        ([2, 10, 14], 38, "38", "not the given ones"),
        ([2, 10, 14], 38, "10+02*14", "not the given ones"),
        ([2, 2, 4], 8, "4+4", "not the given ones"),
        ([2, 10, 14], 26, "10+2*14", "the value is 38"),
        ([2, 3, 4], 3, "2-3+4", "2-3 is -1"),
        ([3, 3, 4], 4, "4+3-3+0", "not the given ones"),
        ([3, 3, 4], 4, "3-3+4", "3-3 is 0"),
        ([2, 3, 4], 6, "3/2*4", "3/2 is 3/2"),
        ([2, 3, 3], 2, "2/(3-3)", "3-3 is 0"),
        ([2, 3], 1, "-2+3", "needed"),
        ([2, 3], 9, "3**2", "needed"),
        ([2, 7], 3, "7//2", "needed"),
        ([2, 3], 5, "(2+3", "not closed"),
        ([2, 3], 2, "(2 3", "not closed"),
        ([2, 3], 5, "2+3)", "cannot follow"),
        ([2, 3], 5, "2 3", "cannot follow"),
        ([2, 3], 5, "2+3=5=5", "something other"),
        ([2, 3], 5, "2+3=6", "something other"),
        ([2, 3], 5, "2+3.0", "something other"),
        ([2, 3], 5, "2+3;", "something other"),
        ([2, 3], 5, "2+3\n", "something other"),
        ([2, 3], 5, "2+3:", "not the given ones"),
        ([2, 3], 5, "2+3:2*3", "the value is 6"),
        ([2, 3], 5, "\uff12+3", "ASCII"),
        ([2, 3], 5, "(" * 33 + "2+3" + ")" * 33, "tokens"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(
    numbers: list[int], target: int, response: str, why: str
) -> None:
    assert wrong_because(countdown, problem(numbers, target), response, why)


def test_the_order_of_the_numbers_changes_the_prompt_alone() -> None:
    first, second = problem([14, 2, 10], 38), problem([2, 10, 14], 38)
    assert countdown.prompt(first) == "N14 2 10:38=" != countdown.prompt(second)
    assert (
        countdown.identity(first)
        == countdown.identity(second)
        != countdown.identity(problem([2, 10, 14], 39))
    )
    assert countdown.solve(first) == countdown.solve(second)
