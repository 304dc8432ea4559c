"""Properties of the three structures."""

from fractions import Fraction

import pytest

from seed.reference.exams.catalogue import FAMILIES
from seed.reference.exams.structures import (
    COMPOSED,
    INVERTED,
    PLAIN,
    REMAINDER,
    SUM,
    VALUE,
    NoProblem,
    Part,
    Problem,
    form_of,
    formed,
    parameter_from,
    problem_of,
    solved,
    statement,
)

RUNS = Part(FAMILIES["no-long-runs"], {"n": 20, "k": 3}, 0, VALUE)
ZEROS = Part(FAMILIES["factorial-zeros"], {"n": 1000, "b": 12}, 1, VALUE)


def exact(problem: Problem) -> int:
    return solved(problem, lambda family: family.exact)


def test_a_value_is_asked_for_in_the_form_that_makes_it_an_integer() -> None:
    assert [form_of(value) for value in (7, 10**8, Fraction(2, 3))] == [VALUE, REMAINDER, SUM]
    assert formed(Fraction(4, 6), SUM) == 5
    assert formed(123_456_789, REMAINDER) == 789


@pytest.mark.parametrize(
    ("value", "form"),
    [(Fraction(1, 2), VALUE), (Fraction(-1, 2), SUM), (Fraction(3), SUM), (7, REMAINDER)],
)
def test_a_value_that_the_form_does_not_fit_makes_no_problem(
    value: int | Fraction, form: str
) -> None:
    with pytest.raises(NoProblem):
        formed(value, form)


def test_an_inverted_problem_asks_for_the_number_that_was_there() -> None:
    problem = Problem(INVERTED, RUNS)
    assert exact(problem) == 20
    text = statement(problem)
    assert "\\ldots, t\\}" in text and text.endswith("is equal to $223317$. Find $t$.")


def test_an_inverted_problem_with_two_answers_is_none() -> None:
    # 6 divides 997! and 998! equally often.
    with pytest.raises(NoProblem, match="not-unique"):
        exact(Problem(INVERTED, ZEROS.changed("n", 400)))


def test_a_composed_problem_uses_the_answer_of_one_as_a_number_of_the_other() -> None:
    problem = Problem(COMPOSED, ZEROS, RUNS)
    slot = ZEROS.family.slot
    assert slot is not None
    number = parameter_from(RUNS.answer(RUNS.family.exact), slot)
    assert slot.low <= number <= slot.high
    assert exact(problem) == ZEROS.changed("n", number).answer(ZEROS.family.exact)
    text = statement(problem)
    assert text.index("Let $N$ be") < text.index("Let $K$ be $300$ more") < text.index("\\cdots K$")


@pytest.mark.parametrize(
    "problem", [Problem(PLAIN, RUNS), Problem(INVERTED, RUNS), Problem(COMPOSED, ZEROS, RUNS)]
)
def test_a_problem_is_made_again_from_its_record(problem: Problem) -> None:
    assert problem_of(problem.record(), FAMILIES) == problem
