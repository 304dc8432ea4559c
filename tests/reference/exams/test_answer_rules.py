"""The rules about answers, defect by defect."""

import pytest

from seed.reference.exams.answer_rules import (
    GUESSABLE,
    IN_STATEMENT,
    NOT_AN_INTEGER,
    ONE_STEP,
    SMALL,
    broken_answer_rules,
    integer_of,
    most_common,
    numbers_in,
    one_step,
)

TEXT = "Points $x_3$ and $x_{12}$ are $1{,}500$ apart, $7$ of $20$. Find the number of cases."


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("-3", -3), ("$1,234$", 1234), ("1{,}234", 1234), ("−5", -5)]
)
def test_integers_are_read_in_usual_spellings(text: str, value: int) -> None:
    assert integer_of(text) == value


@pytest.mark.parametrize("text", ["", "1/2", "3.0", "\\frac{1}{2}", "1,23", "x"])
def test_what_is_no_integer_is_none(text: str) -> None:
    assert integer_of(text) is None


def test_indices_of_one_digit_are_no_numbers_of_a_statement() -> None:
    assert numbers_in(TEXT) == [12, 1500, 7, 20]


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("\\frac{1}{2}", NOT_AN_INTEGER),
        ("1500", IN_STATEMENT),
        ("-7", IN_STATEMENT),
        ("2", SMALL),
        ("27", ONE_STEP),
        ("140", ONE_STEP),
        ("77520", ONE_STEP),
        ("75", ONE_STEP),
        ("8", ONE_STEP),
        ("40", ONE_STEP),
        ("49", ONE_STEP),
    ],
)
def test_each_rule_finds_its_answer(answer: str, rule: str) -> None:
    assert rule in [name for name, _ in broken_answer_rules(TEXT, answer)]


@pytest.mark.parametrize("answer", ["4", "321", "7021"])
def test_other_answers_break_no_rule(answer: str) -> None:
    assert [*broken_answer_rules(TEXT, answer)] == []
    assert GUESSABLE not in dict(broken_answer_rules(TEXT, answer))


def test_a_number_is_used_twice_only_if_it_stands_there_twice() -> None:
    assert one_step([7, 20], 343) == one_step([7, 20], 823543) == ""
    assert one_step([7, 20, 7], 823543) == "7^7"


def test_the_most_common_answer_is_what_a_baseline_gives() -> None:
    assert most_common(["7", "12", "7 ", "3"]) == ("7", 2)
    assert most_common([]) == ("", 0)
