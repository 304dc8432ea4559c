"""Properties of the intervals and of pass@k."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.evaluation.intervals import (
    T975,
    Z975,
    clustered_interval,
    estimate,
    majority_share,
    normal_interval,
    paired_differences,
    pass_at_k,
    pass_hat_k,
    ratio_interval,
    score_families,
    score_problems,
)

MANY = settings(max_examples=40)


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


@pytest.mark.parametrize("n", range(1, 8))
def test_pass_hat_k_is_what_enumeration_gives(n: int) -> None:
    for correct in range(n + 1):
        answers = [True] * correct + [False] * (n - correct)
        for k in range(1, n + 1):
            draws = [all(draw) for draw in combinations(answers, k)]
            assert pass_hat_k(n, correct, k) == pytest.approx(np.mean(draws))


@pytest.mark.parametrize(("n", "correct", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 0), (4, 2, 5)])
def test_an_undefined_pass_hat_k_is_refused(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"n={n}, correct={correct}, k={k}"):
        pass_hat_k(n, correct, k)


@given(answers=st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=9))
@MANY
def test_a_majority_share_is_the_mean_over_all_ways_to_break_a_tie(answers: list[str]) -> None:
    """The answer a is correct; an empty text is no vote."""
    counts = {answer: answers.count(answer) for answer in set(answers) - {""}}
    leading = [answer for answer in counts if counts[answer] == max(counts.values())]
    expected = float(np.mean([answer == "a" for answer in leading])) if leading else 0.0
    share, tied = majority_share(answers, [answer == "a" for answer in answers])
    assert share == pytest.approx(expected) and tied == len(leading)


def test_a_majority_of_one_text_with_two_verdicts_counts_by_the_share_of_correct_ones() -> None:
    share, tied = majority_share(["a", "a", "a", "b"], [True, True, False, False])
    assert share == pytest.approx(2 / 3) and tied == 1


@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=40))
@MANY
def test_the_interval_holds_the_mean_and_stays_between_0_and_1(counts: list[int]) -> None:
    score = score_problems(counts, 4)
    assert 0.0 <= score.ci_low <= score.accuracy <= score.ci_high <= 1.0
    assert score.ci_high - score.ci_low > 0.0
    assert score.n == len(counts)


@given(counts=st.lists(st.integers(0, 4), min_size=3, max_size=20))
@MANY
def test_more_problems_of_the_same_kind_narrow_the_interval(counts: list[int]) -> None:
    few = clustered_interval([c / 4 for c in counts], 4)
    many = clustered_interval([c / 4 for c in counts] * 4, 4)
    assert many[1] - many[0] < few[1] - few[0]


@given(solved=st.lists(st.booleans(), min_size=3, max_size=30), samples=st.integers(2, 50))
@MANY
def test_repeating_the_same_answer_to_a_problem_adds_no_certainty(
    solved: list[bool], samples: int
) -> None:
    """Where all responses to a problem agree, only the number of problems counts."""
    shares = [float(right) for right in solved]
    assert clustered_interval(shares, samples) == pytest.approx(clustered_interval(shares, 1))


def test_without_problems_the_interval_is_all_of_0_to_1() -> None:
    assert clustered_interval([], 4) == (0.0, 1.0)


def test_scores_are_given_by_family_and_over_all_problems() -> None:
    scores = score_families(["maze", "sudoku", "maze"], [4, 0, 2], 4)
    accuracies = {name: score.accuracy for name, score in scores.items()}
    assert accuracies == {"overall": 0.5, "maze": 0.75, "sudoku": 0.0}
    assert (scores["maze"].n, scores["overall"].n) == (2, 3)
    assert scores["maze"].pass_at_k == 1.0


def wilson(p: float, m: float) -> tuple[float, float]:
    """The textbook's interval: the roots q of (p - q)^2 = z^2 q (1 - q) / m."""
    z2 = 1.959963984540054**2
    low, high = np.sort(np.roots([1 + z2 / m, -(2 * p + z2 / m), p * p]).real)
    return float(low), float(high)


@pytest.mark.parametrize(
    ("right", "low", "high"), [(5, 0.2366, 0.7634), (8, 0.4902, 0.9433), (10, 0.7225, 1.0)]
)
def test_with_one_response_to_each_of_ten_problems_the_interval_is_wilsons(
    right: int, low: float, high: float
) -> None:
    shares = [1.0] * right + [0.0] * (10 - right)
    assert clustered_interval(shares, 1) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_where_all_problems_agree_the_interval_is_that_of_one_response_each(
    share: float, n: int
) -> None:
    """The width is never 0, and more responses to a problem do not narrow it."""
    low, high = clustered_interval([share] * n, 64)
    assert high - low > 1.0 / (n + 4)
    assert (low, high) == pytest.approx(wilson(share, n), abs=1e-6)


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_the_interval_holds_a_mean_of_exactly_0_or_1_at_any_number_of_problems(
    right: float,
) -> None:
    for n in range(1, 300):
        low, high = clustered_interval([right] * n, 4)
        assert low <= right <= high


@given(counts=st.lists(st.integers(0, 4), min_size=2, max_size=20), times=st.integers(2, 100))
@MANY
def test_duplicating_every_response_never_narrows_the_interval_below_the_spread_of_problems(
    counts: list[int], times: int
) -> None:
    shares = np.array(counts) / 4
    n, p = len(shares), float(shares.mean())
    error = float(shares.std(ddof=1)) / np.sqrt(n)
    bound = wilson(p, max(p * (1 - p) / error**2, n) if error > 0.0 else n)
    low, high = clustered_interval(shares.tolist(), 4 * times)
    assert high - low >= (bound[1] - bound[0]) * (1 - 1e-6) - 1e-9


@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=20), samples=st.integers(4, 9))
@MANY
def test_the_interval_lies_between_that_of_all_responses_and_that_of_the_problems(
    counts: list[int], samples: int
) -> None:
    shares = [count / samples for count in counts]
    low, high = clustered_interval(shares, samples)
    p, n = float(np.mean(shares)), len(shares)
    widest, narrowest = wilson(p, n), wilson(p, n * samples)
    assert narrowest[1] - narrowest[0] - 1e-6 <= high - low <= widest[1] - widest[0] + 1e-6


@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=20))
@MANY
def test_the_interval_of_wrong_answers_is_the_mirror_of_that_of_right_ones(
    counts: list[int],
) -> None:
    low, high = clustered_interval([count / 4 for count in counts], 4)
    mirror = clustered_interval([1 - count / 4 for count in counts], 4)
    assert mirror == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_a_score_has_the_mean_share_and_the_mean_pass_at_k() -> None:
    score = score_problems([0, 1, 8, 3], 8)
    assert (score.accuracy, score.pass_at_k, score.n, score.samples) == (12 / 32, 3 / 4, 4, 8)
    assert (score.ci_low, score.ci_high) == clustered_interval([0.0, 1 / 8, 1.0, 3 / 8], 8)
    assert list(score.as_json()) == ["accuracy", "ci_low", "ci_high", "n", "samples", "pass_at_k"]


def test_a_score_of_no_problem_is_zero_of_zero() -> None:
    score = score_problems([], 8)
    assert (score.accuracy, score.ci_low, score.ci_high) == (0.0, 0.0, 1.0)
    assert (score.n, score.pass_at_k) == (0, 0.0)


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(["maze", "sudoku", "chain"]), st.integers(0, 4)), max_size=20
    )
)
@MANY
def test_each_family_is_scored_as_if_alone_and_overall_counts_every_problem_once(
    pairs: list[tuple[str, int]],
) -> None:
    families, counts = [family for family, _ in pairs], [count for _, count in pairs]
    scores = score_families(families, counts, 4)
    assert list(scores) == ["overall", *dict.fromkeys(families)]
    assert scores.pop("overall") == score_problems(counts, 4)
    for name, score in scores.items():
        assert score == score_problems([count for family, count in pairs if family == name], 4)


def test_families_without_counts_are_refused() -> None:
    with pytest.raises(ValueError):
        score_families(["maze", "sudoku"], [4], 4)


@given(solved=st.lists(st.booleans(), min_size=1, max_size=40))
@MANY
def test_the_ratio_interval_of_one_case_per_problem_is_wilsons(solved: list[bool]) -> None:
    hits = [int(right) for right in solved]
    assert ratio_interval(hits, [1] * len(hits)) == pytest.approx(
        wilson(sum(hits) / len(hits), len(hits)), abs=1e-6
    )


@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=40), samples=st.integers(4, 8))
@MANY
def test_with_equal_numbers_of_cases_the_ratio_interval_is_the_clustered_one(
    counts: list[int], samples: int
) -> None:
    shares = [count / samples for count in counts]
    assert ratio_interval(counts, [samples] * len(counts)) == pytest.approx(
        clustered_interval(shares, samples), abs=1e-9
    )


@given(
    pairs=st.lists(
        st.tuples(st.integers(0, 6), st.integers(1, 6)).filter(lambda pair: pair[0] <= pair[1]),
        min_size=1,
    )
)
@MANY
def test_the_ratio_interval_holds_the_ratio_and_is_never_narrower_than_that_of_independent_cases(
    pairs: list[tuple[int, int]],
) -> None:
    hits, cases = [hit for hit, _ in pairs], [case for _, case in pairs]
    share, (low, high) = sum(hits) / sum(cases), ratio_interval(hits, cases)
    assert 0.0 <= low <= share <= high <= 1.0
    narrowest = wilson(share, sum(cases))
    assert high - low >= narrowest[1] - narrowest[0] - 1e-6


def test_a_problem_with_nearly_all_cases_is_worth_hardly_more_than_itself() -> None:
    low, high = ratio_interval([1000, 1, 1], [1000, 1, 1])
    assert (low, high) == pytest.approx(wilson(1.0, 1.004), abs=1e-3)


def test_without_problems_the_ratio_interval_is_all_of_0_to_1() -> None:
    assert ratio_interval([], []) == (0.0, 1.0)


# --- means of figures


def test_the_t_interval_has_its_golden_values() -> None:
    # 1, 2, 3, 4: s = 1.29099, t = 3.182, half = 3.182 * 1.29099 / 2 = 2.05397
    interval = estimate([1.0, 2.0, 3.0, 4.0])
    assert interval.mean == 2.5
    assert (interval.low, interval.high) == pytest.approx((2.5 - 2.05397, 2.5 + 2.05397), abs=1e-4)


def test_a_single_figure_has_no_t_interval() -> None:
    assert (estimate([0.5]).mean, estimate([0.5]).low, estimate([0.5]).high) == (0.5, None, None)


def test_more_figures_than_the_quantile_table_has_still_give_an_interval() -> None:
    interval = estimate([0.0, 1.0] * 20)
    assert interval.low is not None
    assert interval.mean - interval.low == pytest.approx(2.042 * math.sqrt(10 / 39) / math.sqrt(40))


@pytest.mark.parametrize("df", range(1, 31))
def test_student_quantiles_leave_a_fortieth_above(df: int) -> None:
    """The density integrated from 0 to the quantile must be 0.475."""
    x = np.linspace(0.0, T975[df - 1], 20001)
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    density = np.exp(log_scale - (df + 1) / 2 * np.log1p(x * x / df))
    assert np.trapezoid(density, x) == pytest.approx(0.475, abs=5e-5)


def test_the_normal_quantile_leaves_a_fortieth_above() -> None:
    assert math.erfc(Z975 / math.sqrt(2)) == pytest.approx(0.05, abs=1e-15)


def test_the_normal_interval_has_its_golden_values() -> None:
    interval = normal_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    half = 1.959964 * 1.290994 / 2
    assert interval["mean"] == 2.5
    assert (interval["ci_low"], interval["ci_high"]) == pytest.approx((2.5 - half, 2.5 + half))


def test_the_normal_interval_of_a_single_figure_is_infinite() -> None:
    interval = normal_interval(np.array([0.5]))
    assert interval == {"mean": 0.5, "ci_low": -math.inf, "ci_high": math.inf}


@given(
    base=st.dictionaries(st.integers(0, 9), st.floats(-1, 1)),
    other=st.dictionaries(st.integers(0, 9), st.floats(-1, 1)),
    common=st.floats(-1, 1),
)
def test_what_pairs_have_in_common_cancels_and_what_has_no_partner_is_left_out(
    base: dict[int, float], other: dict[int, float], common: float
) -> None:
    plain = paired_differences(base, other)
    assert len(plain) == len(base.keys() & other.keys())
    moved = [{key: value + common * key for key, value in of.items()} for of in (base, other)]
    assert paired_differences(*moved) == pytest.approx(plain, abs=1e-12)
    assert paired_differences(base, base) == [0.0] * len(base)
