"""Properties of the 24-point game: which expressions are accepted, and which one is shown."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import twentyfour
from tests.support.puzzles import accepted, instances

Tree = int | tuple[str, Any, Any]


def values(numbers: list[Fraction]) -> set[Fraction]:
    """All values of all expressions: replace two numbers by their result until one remains."""
    if len(numbers) == 1:
        return set(numbers)
    reached: set[Fraction] = set()
    for i, left in enumerate(numbers):
        for j, right in enumerate(numbers):
            if i != j:
                remaining = [number for index, number in enumerate(numbers) if index not in (i, j)]
                quotient = [left / right] if right else []
                for result in [left + right, left - right, left * right, *quotient]:
                    reached |= values([*remaining, result])
    return reached


@pytest.mark.parametrize(("count", "largest"), [(2, 48), (3, 13)])
def test_24_is_found_exactly_if_exhaustive_replacement_reaches_it(count: int, largest: int) -> None:
    for numbers in combinations_with_replacement(range(1, largest + 1), count):
        text = twentyfour.shortest_expression(numbers)
        assert (text is not None) == (24 in values([Fraction(number) for number in numbers]))
        assert text is None or accepted(twentyfour, {"numbers": list(numbers)}, text)


def trees(numbers: list[int]) -> st.SearchStrategy[Tree]:
    """Draw binary trees over all the numbers, in every order and shape."""
    if len(numbers) == 1:
        return st.just(numbers[0])

    def split(order: list[int]) -> st.SearchStrategy[Tree]:
        cuts = st.integers(1, len(order) - 1)
        return cuts.flatmap(
            lambda cut: st.tuples(st.sampled_from("+-*/"), trees(order[:cut]), trees(order[cut:]))
        )

    return st.permutations(numbers).flatmap(split)


def text_of(tree: Tree) -> str:
    if isinstance(tree, int):
        return str(tree)
    return f"({text_of(tree[1])} {tree[0]} {text_of(tree[2])})"


def value_of(tree: Tree) -> Fraction | None:
    """Compute a tree without any text; None if it divides by zero."""
    if isinstance(tree, int):
        return Fraction(tree)
    left, right = value_of(tree[1]), value_of(tree[2])
    if left is None or right is None or (tree[0] == "/" and right == 0):
        return None
    results = {"+": left + right, "-": left - right, "*": left * right}
    return results.get(tree[0], left / (right or 1))


@pytest.mark.parametrize("numbers", [[3, 8], [1, 4, 6], [2, 2, 6], [1, 1, 4, 6], [2, 3, 4, 6]])
@given(data=st.data())
@settings(max_examples=60)
def test_an_expression_of_the_numbers_is_accepted_exactly_if_its_value_is_24(
    numbers: list[int], data: st.DataObject
) -> None:
    tree = data.draw(trees(numbers))
    assert accepted(twentyfour, {"numbers": numbers}, text_of(tree)) == (value_of(tree) == 24)


@pytest.mark.parametrize(
    ("numbers", "response"),
    [
        *product([[3, 8]], ("3*8", "8*3", " 8 * 3 ", "8*3=24", "((8)*(3))")),
        ([3, 3, 8, 8], "8/(3-8/3)"),
        ([1, 5, 5, 5], "5*(5-1/5)"),
        ([1, 2, 3, 4], "4*3*2*1"),
        ([1, 2, 3, 4], "(1+2+3)*4"),
        ([12, 2, 4], "12*4/2"),
        ([10, 4, 2, 8], "10+8+2+4"),
        ([13, 1, 10], "13+10+1"),
        ([10, 4, 30], "30-10+4"),
    ],
)
def test_every_expression_of_the_given_numbers_that_makes_24_is_accepted(
    numbers: list[int], response: str
) -> None:
    assert accepted(twentyfour, {"numbers": numbers}, response)


MALFORMED = (
    *("24", "3*8*1", "3+8", "8*3=25", "8*3 = 24", "8*3=24=24", "=24", "3*08", "3.0*8", "3e0*8"),
    *("3\u00d78", "\u0663*8", "3*8;", "3*8\n", "3 8", "(3*8", "3*8)", "3*", "3*8*", "3(8)"),
    *("()3*8", "+3*8", "-3*-8"),
)


@pytest.mark.parametrize(
    ("numbers", "response"),
    [
        *product([[3, 8]], MALFORMED),
        ([3, 8, 1], "3*8"),
        ([3, 8, 8], "3*8+3-3"),
        ([3, 3, 8], "3*8"),
        ([6, 4], "6+6+6+6"),
        ([2, 24], "2 4-2*0"),
        ([2, 3, 3], "3*2**3"),
        ([2, 49], "49//2"),
        ([12, 2], "1 2*2"),
        ([5, 5, 24], "24/(5-5)"),
        ([1, 1, 24], "24+0/(1-1)"),
    ],
)
def test_an_expression_that_breaks_a_rule_is_wrong(numbers: list[int], response: str) -> None:
    assert not accepted(twentyfour, {"numbers": numbers}, response)


@pytest.mark.parametrize(
    ("numbers", "demonstration"),
    [
        ([8, 3], "3*8"),
        ([8, 3, 3, 8], "8/(3-8/3)"),
        ([5, 1, 5, 5], "(5-1/5)*5"),
        ([2, 3, 12, 12], "12*12/2/3"),
    ],
)
def test_the_shortest_expression_is_demonstrated(numbers: list[int], demonstration: str) -> None:
    assert twentyfour.solve({"numbers": numbers}) == demonstration


def without_one_pair(text: str) -> Iterator[str]:
    for first, opening in enumerate(text):
        depth = 0
        for last in range(first, len(text) if opening == "(" else first):
            depth += {"(": 1, ")": -1}.get(text[last], 0)
            if depth == 0:
                yield text[:first] + text[first + 1 : last] + text[last + 1 :]
                break


def test_demonstrations_have_no_needless_parentheses() -> None:
    drawn = [*instances("twentyfour", 2, 200), *instances("twentyfour", 3, 60)]
    for instance in [*drawn, {"numbers": [3, 3, 8, 8]}]:
        for shorter in without_one_pair(twentyfour.solve(instance)):
            assert not accepted(twentyfour, instance, shorter)


def test_the_order_of_the_numbers_changes_the_prompt_and_nothing_else() -> None:
    first, second = {"numbers": [8, 3]}, {"numbers": [3, 8]}
    assert twentyfour.prompt(first) != twentyfour.prompt(second)
    assert twentyfour.identity(first) == twentyfour.identity(second)
    assert twentyfour.solve(first) == twentyfour.solve(second)


def test_numbers_that_cannot_make_24_are_reported() -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        twentyfour.solve({"numbers": [1, 1]})


SIGNED_FORMS = ("-3*-8", "(-3)*(-8)", "-(3*-8)", "--3*8", "3 * - -8=24", "-(-3)*8")


@pytest.mark.parametrize("expression", SIGNED_FORMS)
def test_a_sign_is_read_exactly_where_the_instance_allows_it(expression: str) -> None:
    strict = {"numbers": [3, 8]}
    allowed = strict | {"signs": True}
    assert accepted(twentyfour, allowed, expression)
    assert not accepted(twentyfour, strict, expression)
    assert twentyfour.prompt(allowed) == f"T{twentyfour.prompt(strict)}"
    assert twentyfour.identity(allowed) == twentyfour.identity(strict)


@pytest.mark.parametrize("expression", ["-3*8", "3*8-", "3-*8", "*-3-8", "-24", "3*8*-1", "+3*8"])
def test_with_signs_only_the_numbers_and_the_value_decide(expression: str) -> None:
    assert not accepted(twentyfour, {"numbers": [3, 8], "signs": True}, expression)
