"""Equations of an adaptive distribution: closed forms, and what must hold whatever the figures."""

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.data.distribution import (
    adaptive_shares,
    group_advantage,
    group_variance,
    learning_progress,
    moved_top,
    moving_average,
    next_stratum,
    pool_weight,
    range_weights,
    weighted_shares,
)

SHARES = st.floats(0.0, 1.0)


@st.composite
def priors(draw: st.DrawFn) -> list[float]:
    """Positive shares that add up to 1."""
    weights = draw(st.lists(st.floats(0.01, 10.0), min_size=1, max_size=8))
    return [weight / math.fsum(weights) for weight in weights]


@given(n=st.integers(2, 40), data=st.data())
def test_the_signal_of_k_right_of_n_has_its_closed_form(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    scores = data.draw(st.permutations([1.0] * k + [0.0] * (n - k)))
    assert group_variance(scores) == pytest.approx(4 * k * (n - k) / (n * (n - 1)))
    assert group_advantage(scores) == pytest.approx(2 * math.sqrt(k * (n - k)) / n)


@given(n=st.integers(2, 8), p=SHARES)
def test_the_variance_signal_is_unbiased(n: int, p: float) -> None:
    expected = math.fsum(
        math.comb(n, k) * p**k * (1 - p) ** (n - k) * group_variance([1.0] * k + [0.0] * (n - k))
        for k in range(n + 1)
    )
    assert expected == pytest.approx(4 * p * (1 - p), abs=1e-12)


@given(rate=SHARES, slow=SHARES)
def test_progress_is_the_distance_of_two_averages(rate: float, slow: float) -> None:
    assert learning_progress(rate, slow) == learning_progress(slow, rate) == abs(rate - slow)


@given(rates=st.lists(SHARES, min_size=1, max_size=30), memory=st.integers(30, 60))
def test_an_average_is_the_plain_mean_first_and_forgets_later(
    rates: list[float], memory: int
) -> None:
    value, half = 0.0, len(rates) // 2
    for place, rate in enumerate(rates):
        value = moving_average(value, place, rate, 1, memory)
    assert value == pytest.approx(fmean(rates), abs=1e-12)
    # New groups at once or in two parts: the same, and within what was seen.
    parts = [part for part in (rates[:half], rates[half:]) if part]
    seen, again = 0, 0.0
    for part in parts:
        again = moving_average(again, seen, fmean(part), len(part), memory)
        seen += len(part)
    assert again == pytest.approx(value, abs=1e-12)
    for _ in range(20 * memory):
        value = moving_average(value, 10**6, 1.0, 1, memory)
    assert value == pytest.approx(1.0, abs=1e-6)
    assert moving_average(0.25, 3, 0.9, 0, memory) == 0.25


@given(
    prior=priors(), temperature=st.floats(0.001, 100.0), floor=st.floats(0.01, 1.0), data=st.data()
)
def test_adaptive_shares_add_up_to_1_and_keep_the_floor(
    prior: list[float], temperature: float, floor: float, data: st.DataObject
) -> None:
    size = len(prior)
    signal = data.draw(st.lists(st.floats(0.0, 2.0), min_size=size, max_size=size))
    shares = adaptive_shares(prior, signal, temperature, floor)
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-12)
    assert all(share >= floor * q * (1 - 1e-12) for share, q in zip(shares, prior, strict=True))
    # More signal, more weight than the prior gives.
    gains = [share / q for share, q in zip(shares, prior, strict=True)]
    best = max(range(size), key=signal.__getitem__)
    assert gains[best] == pytest.approx(max(gains)) and gains[best] >= 1 - 1e-12
    assert adaptive_shares(prior, [0.5] * size, temperature, floor) == pytest.approx(prior)
    order = data.draw(st.permutations(range(size)))
    moved = adaptive_shares(
        [prior[i] for i in order], [signal[i] for i in order], temperature, floor
    )
    assert moved == pytest.approx([shares[i] for i in order], abs=1e-12)


def test_a_pool_has_the_bounds_of_prime_rl() -> None:
    def weight(rate: float | None) -> float:
        return pool_weight(rate, 0.25, 0.75, 0.2, 0.3)

    assert [weight(rate) for rate in (0.0, 0.25, 0.26, 0.75, 0.76, 1.0)] == [
        *(0.2, 0.2, 1.0, 1.0, 0.3, 0.3)
    ]
    assert weight(None) == 1.0


@given(prior=priors(), data=st.data())
def test_weighted_shares_are_in_proportion(prior: list[float], data: st.DataObject) -> None:
    size = len(prior)
    weights = data.draw(st.lists(st.floats(0.1, 5.0), min_size=size, max_size=size))
    shares = weighted_shares(prior, weights)
    assert math.fsum(shares) == pytest.approx(1.0)
    ratios = [w / (q * c) for w, q, c in zip(shares, prior, weights, strict=True)]
    assert ratios == pytest.approx([ratios[0]] * size)


@given(top=st.integers(0, 5), right=st.integers(0, 16))
def test_a_range_moves_by_one_level_and_stays_inside(top: int, right: int) -> None:
    moved = moved_top(top, right, 16, 6, raise_at=0.9, lower_at=0.1)
    wanted = top + 1 if right >= 15 else top - 1 if right <= 1 else top
    assert moved == min(max(wanted, 0), 5)
    only_up = moved_top(top, right, 16, 6, raise_at=0.9, lower_at=0.0)
    assert only_up == (min(top + 1, 5) if right >= 15 else top)


def test_a_range_holds_the_highest_levels_up_to_its_top() -> None:
    assert range_weights(5, 0, 3) == [1, 0, 0, 0, 0]
    assert range_weights(5, 3, 3) == [0, 1, 1, 1, 0]
    assert range_weights(5, 4, 9) == [1, 1, 1, 1, 1]


@given(prior=priors(), prompts=st.integers(1, 300))
def test_what_is_furthest_behind_its_share_is_next(prior: list[float], prompts: int) -> None:
    credit, counts = [0.0] * len(prior), [0] * len(prior)
    for _ in range(prompts):
        chosen = next_stratum(credit, prior)
        credit = [owed + share for owed, share in zip(credit, prior, strict=True)]
        credit[chosen] -= 1.0
        counts[chosen] += 1
    due = [prompts * share for share in prior]
    assert all(abs(n - d) < len(prior) for n, d in zip(counts, due, strict=True))
    assert next_stratum([5.0, 0.0], [0.0, 1.0]) == 1
