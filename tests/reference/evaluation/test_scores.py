"""Properties of the scores of an evaluation, against figures worked out by hand."""

from typing import Any

import pytest

from seed.reference.evaluation.scores import (
    Mark,
    difference,
    figures,
    grades,
    majorities,
    scores_json,
    shares,
    sizes,
    tallies,
)
from seed.spec.datatypes import Outcome

RIGHT, WRONG = Mark(Outcome.CORRECT, "2", False), Mark(Outcome.WRONG, "3", False)
NOTHING = Mark(Outcome.WRONG, "", True)
ERROR = Mark(Outcome.ERROR)
MARKS = {
    "a": [RIGHT, RIGHT, WRONG, RIGHT],  # 3 of 4
    "b": [WRONG, NOTHING, WRONG, RIGHT],  # 1 of 4
    "c": [RIGHT, ERROR, ERROR],  # 1 of 1, one is missing
    "d": [],  # all missing
}


def test_accuracy_is_the_mean_over_problems_of_correct_over_judged() -> None:
    assert shares(MARKS) == {"a": 0.75, "b": 0.25, "c": 1.0}
    average = figures(MARKS, 4, votes=False)["avg@4"]
    assert average.value == pytest.approx(2 / 3) and average.problems == 3
    assert average.low < average.value < average.high


def test_pass_at_k_and_pass_hat_k_are_over_the_problems_with_k_verdicts() -> None:
    found = figures(MARKS, 4, votes=False)
    assert set(found) == {"avg@4", "pass@2", "pass^2", "pass@4", "pass^4"}
    # Of problem a the 6 pairs hold 6 with a correct one and 3 of two; of b 3 and none.
    assert found["pass@2"].value == pytest.approx((6 / 6 + 3 / 6) / 2)
    assert found["pass^2"].value == pytest.approx((3 / 6 + 0) / 2)
    assert (found["pass@4"].value, found["pass^4"].value) == (1.0, 0.0)
    assert {found[name].problems for name in found if "avg" not in name} == {2}


def test_a_majority_is_of_the_extracted_answers_and_an_error_has_no_vote() -> None:
    # a: 2 leads and is right; b: 3 leads; c: 2 alone; d has no response.
    assert majorities(MARKS) == [(1.0, 1), (0.0, 1), (1.0, 1)]
    assert figures(MARKS, 4, votes=True)["maj@4"].value == pytest.approx(2 / 3)
    assert majorities({"tie": [RIGHT, WRONG]}) == [(0.5, 2)]
    spelled = [Mark(Outcome.CORRECT, "$1 000$"), Mark(Outcome.CORRECT, "1000")]
    assert majorities({"blanks": [*spelled, WRONG]}) == [(1.0, 1)]


def test_every_response_is_counted_once() -> None:
    counts = tallies(MARKS, 4)
    assert (counts.problems, counts.expected) == (4, 16)
    assert (counts.judged, counts.correct, counts.errors, counts.missing) == (9, 5, 2, 5)
    assert counts.judged + counts.errors + counts.missing == counts.expected
    assert (counts.unextracted, counts.truncated, counts.unknown_ends) == (1, 1, 2)


def test_where_no_response_says_how_it_ended_truncation_is_unknown() -> None:
    assert tallies({"a": [Mark(Outcome.CORRECT, "2")]}, 1).truncated is None
    assert tallies({}, 1).truncated is None


def test_an_evaluation_without_verdicts_has_no_scores() -> None:
    assert figures({"a": [ERROR], "b": []}, 2, votes=True) == {}


def test_groups_are_scored_apart_and_programs_have_no_majority() -> None:
    groups = {"a": "algebra", "b": "algebra", "c": "geometry", "d": "geometry"}
    found = scores_json(MARKS, groups, 4, ["code"])
    assert "maj@4" not in found["scores"] and found["ties"] == 0
    values = {name: (part["value"], part["problems"]) for name, part in found["groups"].items()}
    assert values == {"algebra": (0.5, 2), "geometry": (1.0, 1)}


@pytest.mark.parametrize(
    ("samples", "expected"), [(1, []), (2, [2]), (8, [2, 4, 8]), (12, [2, 4, 8, 12])]
)
def test_the_k_are_powers_of_two_and_the_number_of_samples(
    samples: int, expected: list[int]
) -> None:
    assert sizes(samples) == expected


def test_a_difference_is_paired_by_problem() -> None:
    mean, count = difference({"a": 0.5, "b": 0.25, "x": 1.0}, {"a": 0.75, "b": 0.5, "y": 0.0})
    assert (mean.mean, mean.low, mean.high, count) == (0.25, 0.25, 0.25, 2)
    with pytest.raises(ValueError, match="no problem in common"):
        difference({"a": 1.0}, {"b": 1.0})


def test_three_grades_have_shares_and_an_f_score() -> None:
    right = Mark(Outcome.CORRECT, "CORRECT")
    false, silent = (Mark(Outcome.WRONG, name) for name in ("INCORRECT", "NOT_ATTEMPTED"))
    marks = {"a": [right, right], "b": [right, silent], "c": [false, NOTHING], "d": [silent, ERROR]}
    found: Any = grades(marks)
    assert found == {
        "correct": pytest.approx(3 / 8),
        "incorrect": pytest.approx(1 / 4),
        "not_attempted": pytest.approx(3 / 8),
        "correct_given_attempted": pytest.approx(3 / 5),
        "f_score": pytest.approx(2 / (8 / 3 + 5 / 3)),
    }
    assert scores_json(marks, dict.fromkeys(marks, ""), 2, ["judge"])["grades"] == found
    silence = grades({"a": [silent]})
    assert silence is not None and silence["f_score"] == 0.0
    assert grades(MARKS) is None and "grades" not in scores_json(
        MARKS, dict.fromkeys(MARKS, ""), 4, []
    )
