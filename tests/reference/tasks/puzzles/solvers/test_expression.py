"""Properties of expressions: exact values, few parentheses, and checks in order of evaluation."""

from fractions import Fraction
from operator import add, mul, sub, truediv

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles.solvers.expression import (
    MAX_TOKENS,
    NUMBER,
    TOKEN,
    NotAnExpression,
    Written,
    evaluate,
    fault_of,
    join,
    without_target,
)

OPERATIONS = {"+": add, "-": sub, "*": mul, "/": truediv}
Tree = int | tuple["Tree", str, "Tree"]

trees: st.SearchStrategy[Tree] = st.recursive(
    st.integers(1, 12), lambda parts: st.tuples(parts, st.sampled_from("+-*/"), parts), max_leaves=6
)


def ignore(left: Fraction, operator: str, right: Fraction, value: Fraction) -> None:
    """Allow everything."""


def value_of(tree: Tree) -> Fraction:
    if isinstance(tree, int):
        return Fraction(tree)
    value: Fraction = OPERATIONS[tree[1]](value_of(tree[0]), value_of(tree[2]))
    return value


def written(tree: Tree) -> Written:
    if isinstance(tree, int):
        return Written(str(tree), NUMBER)
    return join(written(tree[0]), tree[1], written(tree[2]))


def value_or_nothing(tree: Tree) -> Fraction | None:
    try:
        return value_of(tree)
    except ZeroDivisionError:
        return None


@given(tree=trees)
@settings(max_examples=100)
def test_what_is_written_with_few_parentheses_is_read_back_with_the_same_value(tree: Tree) -> None:
    value = value_or_nothing(tree)
    assume(value is not None)
    assert evaluate(TOKEN.findall(written(tree).text), ignore) == value


@given(tree=trees)
@settings(max_examples=100)
def test_the_check_gets_true_operations_one_per_operator_and_the_value_last(tree: Tree) -> None:
    assume(value_or_nothing(tree) is not None)
    text, seen = written(tree).text, []

    def check(left: Fraction, operator: str, right: Fraction, value: Fraction) -> None:
        assert OPERATIONS[operator](left, right) == value
        seen.append(value)

    value = evaluate(TOKEN.findall(text), check)
    assert len(seen) == sum(character in OPERATIONS for character in text)
    assert not seen or seen[-1] == value


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ((1, "+", (2, "-", 3)), "1+2-3"),
        ((1, "-", (2, "-", 3)), "1-(2-3)"),
        (((1, "-", 2), "-", 3), "1-2-3"),
        ((1, "*", (2, "/", 3)), "1*2/3"),
        ((1, "/", (2, "*", 3)), "1/(2*3)"),
        (((1, "+", 2), "*", (3, "-", 4)), "(1+2)*(3-4)"),
        ((1, "-", (2, "*", 3)), "1-2*3"),
    ],
)
def test_parentheses_stand_only_where_they_are_needed(tree: Tree, text: str) -> None:
    assert written(tree).text == text


def test_a_value_is_never_rounded() -> None:
    assert fault_of("7/3*3", [7, 3, 3], 7) == ""
    assert fault_of("7/2", [7, 2], 3) == "the value is 7/2, not 3"
    assert fault_of("7/2", [7, 2], 4) == "the value is 7/2, not 4"


def test_a_check_can_reject_an_operation_and_its_message_is_the_fault() -> None:
    def check(left: Fraction, operator: str, right: Fraction, value: Fraction) -> None:
        raise NotAnExpression(f"no {operator} today")

    assert fault_of("1+2", [1, 2], 3, check) == "no + today"
    assert fault_of("1+2", [1, 2], 3) == ""


def test_one_trailing_target_is_taken_away_and_no_more() -> None:
    assert without_target(" 1+2=3 ", 3) == "1+2"
    assert without_target("1+2=3=3", 3) == "1+2=3"
    assert without_target("1+2=4", 3) == "1+2=4"


@pytest.mark.parametrize(
    "text", ["", "(", ")", "1 2", "1+", "-1", "(1", "(1 2", "1(2)", "1+*2", "()"]
)
def test_tokens_that_are_not_one_sum_are_an_error(text: str) -> None:
    with pytest.raises(NotAnExpression):
        evaluate(TOKEN.findall(text), ignore)


def test_as_many_tokens_as_the_limit_allows_are_read() -> None:
    pairs = (MAX_TOKENS - 3) // 2
    assert fault_of("(" * pairs + "1+2" + ")" * pairs, [1, 2], 3) == ""
    assert "tokens" in fault_of("(" * (pairs + 1) + "1+2" + ")" * (pairs + 1), [1, 2], 3)
