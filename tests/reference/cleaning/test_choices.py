"""Multiple choice to short answer."""

from typing import Any

import pytest

from seed.reference.cleaning.choices import ToShort, split_options
from seed.reference.cleaning.ours import line_of
from seed.reference.cleaning.rows import record_of
from seed.reference.cleaning.settings import ChoiceSettings
from seed.reference.cleaning.stage import Change, Decision, Drop
from seed.reference.data.schemas import RowRules

AMC = (
    "What is $2+2$?\n$\\textbf{(A) }3\\qquad\\textbf{(B) }4\\qquad\\textbf{(C) }\\frac{9}{2}"
    "\\qquad\\textbf{(D) }5$"
)
LISTED = "In what year did it open?\n Options are:\nA. 1930\nB. 1931.\nC. 1932"


def decided(problem: str, reference: Any, **more: Any) -> Decision:
    row = {"id": "p", "problem": problem, "answer": reference, "licence": "MIT", **more}
    record = record_of(line_of(row), "set", RowRules(custom=True), 0, 1)
    return ToShort(ChoiceSettings())(record)


def test_options_are_cut_off() -> None:
    stem, options = split_options(AMC, 3)
    assert stem == "What is $2+2$?"
    assert options == {"A": "3", "B": "4", "C": "\\frac{9}{2}", "D": "5"}
    stem, options = split_options(LISTED, 3)
    assert stem == "In what year did it open?"
    assert options == {"A": "1930", "B": "1931", "C": "1932"}


@pytest.mark.parametrize(
    ("problem", "reference", "answer"),
    [(AMC, "B", "4"), (AMC, "(C)", "\\frac{9}{2}"), (LISTED, "B. 1931", "1931")],
)
def test_the_answer_becomes_the_text_of_the_option(
    problem: str, reference: str, answer: str
) -> None:
    decision = decided(problem, reference)
    assert isinstance(decision, Change)
    new = decision.record
    assert new.reference == answer
    assert new.statement == split_options(problem, 3)[0]
    assert new.fields["licence"] == "MIT"
    assert new.fields["original"] == {"problem": problem, "reference": reference}
    assert ToShort(ChoiceSettings())(new) is None


def test_options_in_a_column_are_read() -> None:
    decision = decided("What is 2 + 2?", 1, choices=["3", "4", "5"])
    assert isinstance(decision, Change)
    assert decision.record.reference == "4"


@pytest.mark.parametrize(
    ("problem", "reference", "rule"),
    [
        (AMC.replace("What is $2+2$?", "Which of the following is even?"), "B", "needs_options"),
        (LISTED.replace("1932", "None of the above"), "B", "refers_to_options"),
        (LISTED, "E", "letter_unknown"),
        ("In what year did it open?", "B", "options_missing"),
        (LISTED.replace("In what year did it open?", "Let it be."), "B", "nothing_asked"),
        (LISTED.replace("1931", "after the great war of the north"), "B", "answer_too_long"),
    ],
)
def test_what_cannot_stand_alone_is_dropped_by_name(
    problem: str, reference: str, rule: str
) -> None:
    decision = decided(problem, reference)
    assert isinstance(decision, Drop)
    assert decision.rule == rule


def test_rows_without_options_stay() -> None:
    assert decided("What is 2 + 2?", "4") is None
    assert decided(LISTED, "1931") is None
