"""Laws of the scores."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.evaluate import clustered_interval, pass_at_k, score_families, score_problems

LAWS = settings(derandomize=True, deadline=None, max_examples=40)


@pytest.mark.parametrize("n", range(1, 8))
def test_p26_pass_at_k_is_what_enumeration_gives(n: int) -> None:
    for correct in range(n + 1):
        answers = [True] * correct + [False] * (n - correct)
        for k in range(1, n + 1):
            draws = [any(draw) for draw in combinations(answers, k)]
            assert pass_at_k(n, correct, k) == pytest.approx(np.mean(draws))


def test_p26_pass_at_8_of_8_says_whether_any_is_correct() -> None:
    assert [pass_at_k(8, c, 8) for c in range(9)] == [0.0] + [1.0] * 8


@pytest.mark.parametrize(("n", "correct", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 0), (4, 2, 5)])
def test_p26_an_undefined_pass_at_k_is_refused(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"n={n}, correct={correct}, k={k}"):
        pass_at_k(n, correct, k)


@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=40))
@LAWS
def test_the_interval_holds_the_mean_and_stays_between_0_and_1(counts: list[int]) -> None:
    score = score_problems(counts, 4)
    assert 0.0 <= score.ci_low <= score.accuracy <= score.ci_high <= 1.0
    assert score.ci_high - score.ci_low > 0.0
    assert score.n == len(counts)


@given(counts=st.lists(st.integers(0, 4), min_size=3, max_size=20))
@LAWS
def test_more_problems_of_the_same_kind_narrow_the_interval(counts: list[int]) -> None:
    few = clustered_interval([c / 4 for c in counts], 4)
    many = clustered_interval([c / 4 for c in counts] * 4, 4)
    assert many[1] - many[0] < few[1] - few[0]


@given(solved=st.lists(st.booleans(), min_size=3, max_size=30), samples=st.integers(2, 50))
@LAWS
def test_repeating_the_same_answer_to_a_problem_adds_no_certainty(solved: list[bool], samples: int) -> None:
    """Responses to one problem are related; when they all agree, only the number of problems counts."""
    shares = [float(right) for right in solved]
    assert clustered_interval(shares, samples) == pytest.approx(clustered_interval(shares, 1))


def test_no_problem_says_nothing() -> None:
    assert clustered_interval([], 4) == (0.0, 1.0)


def test_scores_are_told_by_family_and_over_all_problems() -> None:
    scores = score_families(["maze", "sudoku", "maze"], [4, 0, 2], 4)
    assert {name: score.accuracy for name, score in scores.items()} == {"overall": 0.5, "maze": 0.75, "sudoku": 0.0}
    assert (scores["maze"].n, scores["overall"].n) == (2, 3)
    assert scores["maze"].pass_at_k == 1.0
