"""Properties of the loss: closed forms of every term; no step depends on how it was cut."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.conformance.exercises import of_losses, solutions
from seed.conformance.exercises.check import assert_holds
from seed.reference.backend import ReferenceBackend, accumulate
from seed.reference.generate import log_distribution
from seed.reference.loss import (
    clip_fractions,
    clipped_surrogate,
    kl_penalty,
    ratio,
    token_entropy,
    token_log_probs,
    token_weights,
    value_error,
    weighted_sum,
)
from seed.reference.model import initial_policy, shift, token_logits, value_from_policy
from seed.reference.objective import policy_loss, sft_loss, step_weights, value_loss
from seed.reference.optimizer import global_norm
from seed.reference.training.batch import plain_batch
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.config_rl import AlgorithmConfig
from seed.spec.constants import LOG_RATIO_LIMIT
from seed.spec.datatypes import Array, Batch, Metrics, Params
from tests.support.small_models import SMALL_MODEL

SMALL = (*SMALL_MODEL, "model.vocabulary=12", "model.layers=1", "rollout.temperature=0.8")
TERMS = [name[:-7] for name in AlgorithmConfig.model_fields if name.endswith("_weight")]
COEFFICIENTS = {name: 0.2 * (place + 1) for place, name in enumerate(TERMS)}
"""Term of the policy's loss -> a coefficient that switches it on, the setting ``TERM_weight``."""

ALL_ON = (*SMALL, *(f"algorithm.{name}_weight={value}" for name, value in COEFFICIENTS.items()))
AGGREGATIONS = ("token", "sequence", "group", "constant")
LOSSES: dict[str, Callable[[Params, Batch, Config], tuple[Any, Metrics]]] = {
    "policy": policy_loss,
    "value": value_loss,
    "sft": sft_loss,
}
SAME = 1e-11
"""Largest difference of two gradients that are equal but for rounding, as a share of their norm."""

Seeds = st.integers(0, 2**32 - 1)


def algorithm(**changes: Any) -> AlgorithmConfig:
    return load_config("tiny", "vapo").algorithm.model_copy(update=changes)


def config_of(*overrides: str) -> Config:
    return load_config("tiny", "vapo", [*SMALL, *overrides])


def all_on(aggregation: str = "token", *overrides: str) -> Config:
    return load_config(
        "tiny", "vapo", [*ALL_ON, f"algorithm.aggregation={aggregation}", *overrides]
    )


def policy_params(config: Config) -> Params:
    return initial_policy(config.model, config.seed, config.precision)


def params_of(loss: str, config: Config) -> Params:
    policy = policy_params(config)
    if loss != "value":
        return policy
    random = np.random.default_rng(3)
    value = value_from_policy(policy, config.model)
    return value | {
        name: random.standard_normal(value[name].shape) for name in ("value_head", "value_bias")
    }


def log_probs_of(params: Params, batch: Batch, config: Config) -> Any:
    logits, _ = token_logits(params, batch.tokens, config.model)
    return token_log_probs(logits, batch.tokens, config.rollout.temperature)


def random_batch(seed: int, config: Config, rows: int = 4) -> Batch:
    """Rows of different lengths in two groups; row 0 is always correct and complete, so that every
    term applies.
    """
    random = np.random.default_rng(seed)

    def texts(longest: int) -> list[list[int]]:
        sizes = random.integers(1, longest + 1, rows)
        return [list(random.integers(2, config.model.vocabulary, size)) for size in sizes]

    batch = plain_batch(texts(4), texts(7))
    shape = batch.tokens.shape
    near = log_probs_of(policy_params(config), batch, config)
    first = np.arange(rows) == 0

    def inside(values: Array) -> Array:
        return np.where(batch.response, values, 0.0)

    batch = replace(
        batch,
        positive=first | (random.random(rows) < 0.5),
        truncated=~first & (random.random(rows) < 0.3),
        group=random.integers(0, 2, rows),
        behaviour_log_probs=inside(near + 0.3 * random.standard_normal(shape)),
        reference_log_probs=inside(near + 0.5 * random.standard_normal(shape)),
        advantages=inside(random.standard_normal(shape)),
        value_targets=inside(random.standard_normal(shape)),
        old_values=inside(random.standard_normal(shape)),
    )
    return replace(batch, weights=step_weights(batch, config))


def alone(batch: Batch, term: str) -> Batch:
    """The batch with every weight but one term's at 0."""
    weights = {name: w if name == term else np.zeros_like(w) for name, w in batch.weights.items()}
    return replace(batch, weights=weights)


def step_of(loss: str, batch: Batch, config: Config, micro_batch: int) -> tuple[Params, Metrics]:
    """Gradient and metrics of a whole optimizer step."""

    def function(params: Params, part: Batch) -> tuple[Any, Metrics]:
        return LOSSES[loss](params, part, config)

    return accumulate(function, params_of(loss, config), batch, micro_batch)


def gradient_of(loss: str, batch: Batch, config: Config, micro_batch: int) -> Params:
    return step_of(loss, batch, config, micro_batch)[0]


def distance(one: Params, other: Params) -> float:
    return float(global_norm({name: one[name] - other[name] for name in one}))


def assert_same(one: Params, other: Params) -> None:
    assert one.keys() == other.keys()
    assert distance(one, other) <= SAME * global_norm(one)


def assert_zero(gradient: Params) -> None:
    assert all((g == 0.0).all() for g in gradient.values())


# --- the clipped surrogate
# --------------------------------------------------------------------------------------------


def surrogate_slope(
    log_probs: Array, behaviour: Array, advantages: Array, of: AlgorithmConfig
) -> Array:
    """``dl_t / dlog pi_t`` of each token by automatic differentiation."""

    def total(x: Any) -> Any:
        return anp.sum(clipped_surrogate(x, behaviour, advantages, of))

    return np.asarray(grad(total)(log_probs))


@pytest.mark.parametrize(("clip_high", "cap"), [(0.2, 0.012), (0.28, 0.0128)])
def test_a_token_of_probability_one_percent_is_pushed_up_to_the_golden_cap_and_no_further(
    clip_high: float, cap: float
) -> None:
    probability = np.array([cap * (1 - 1e-9), cap * (1 + 1e-9)])
    behaviour = np.log(np.full(2, 0.01))
    below, above = surrogate_slope(
        np.log(probability), behaviour, np.ones(2), algorithm(clip_high=clip_high)
    )
    assert below == pytest.approx(-cap / 0.01)
    assert above == 0.0


@pytest.mark.parametrize("clip_high", [0.2, 0.28])
def test_the_cap_does_not_bind_a_token_of_probability_nine_tenths(clip_high: float) -> None:
    slope = surrogate_slope(
        np.zeros(1), np.log(np.array([0.9])), np.ones(1), algorithm(clip_high=clip_high)
    )
    assert slope == pytest.approx(-1 / 0.9)


@pytest.mark.parametrize(
    ("sign", "rho", "learns"),
    [
        (1, 1.27, True),
        (1, 1.29, False),
        (1, 0.5, True),
        (-1, 0.81, True),
        (-1, 0.79, False),
        (-1, 3.0, True),
    ],
)
def test_the_clip_stops_a_token_only_on_the_side_where_it_already_moved_far(
    sign: int, rho: float, learns: bool
) -> None:
    slope = surrogate_slope(
        np.log(np.array([rho])), np.zeros(1), np.array([0.7 * sign]), algorithm()
    )
    assert slope == pytest.approx(-0.7 * sign * rho if learns else 0.0)


@given(seed=Seeds, low=st.floats(0.0, 0.5), extra=st.floats(0.0, 0.5), c=st.floats(1.5, 3.0))
@settings(max_examples=20)
def test_the_surrogate_gradient_has_its_closed_form_everywhere_and_bounds_are_inside(
    seed: int, low: float, extra: float, c: float
) -> None:
    random = np.random.default_rng(seed)
    behaviour, advantages = np.zeros(64), random.standard_normal(64)
    log_probs = 0.7 * random.standard_normal(64)
    # A third of the tokens stand exactly on a bound, at 1 or beside it, where max and clip tie.
    log_probs[:9] = [
        0.0,
        *np.log([1 - low, 1 + low + extra, c]),
        *np.nextafter(0.0, [-1, 1] * 2),
        0,
    ]
    rho = ratio(log_probs, behaviour)
    of = algorithm(clip_low=1 - rho[1], clip_high=rho[2] - 1, dual_clip=rho[3])
    below_cap = rho <= 1 + of.clip_high
    above_floor = (rho >= 1 - of.clip_low) & (rho <= of.dual_clip)
    learns = np.where(advantages > 0, below_cap, above_floor)
    slope = surrogate_slope(log_probs, behaviour, advantages, of)
    np.testing.assert_allclose(slope, np.where(learns, -advantages * rho, 0.0), rtol=1e-12)


@pytest.mark.parametrize("advantage", [-2.0, 2.0])
def test_an_unmoved_policy_learns_even_if_the_clip_leaves_no_room(advantage: float) -> None:
    slope = surrogate_slope(
        np.zeros(1), np.zeros(1), np.array([advantage]), algorithm(clip_low=0.0, clip_high=0.0)
    )
    assert slope[0] == -advantage


@given(seed=Seeds)
@settings(max_examples=20)
def test_the_clip_fractions_are_the_tokens_whose_gradient_vanishes(seed: int) -> None:
    log_probs, behaviour, advantages = np.random.default_rng(seed).standard_normal((3, 64))
    low, high = clip_fractions(log_probs, behaviour, advantages, algorithm())
    assert not (low & high).any()
    np.testing.assert_array_equal(
        low | high, surrogate_slope(log_probs, behaviour, advantages, algorithm()) == 0.0
    )
    assert (advantages[low] < 0).all()
    assert (advantages[high] > 0).all()


@given(seed=Seeds, bound=st.floats(1.5, 5.0))
@settings(max_examples=20)
def test_dual_clip_bounds_the_loss_at_negative_advantages_and_changes_nothing_else(
    seed: int, bound: float
) -> None:
    random = np.random.default_rng(seed)
    log_probs, behaviour = 2 * random.standard_normal((2, 64))
    advantages = random.standard_normal(64)
    arguments = (log_probs, behaviour, advantages)
    plain, dual = (clipped_surrogate(*arguments, algorithm(dual_clip=c)) for c in (0.0, bound))
    slope = surrogate_slope(*arguments, algorithm(dual_clip=bound))
    bites = (advantages < 0) & (ratio(log_probs, behaviour) > bound)
    np.testing.assert_array_equal(dual[~bites], plain[~bites])
    np.testing.assert_allclose(dual[bites], -bound * advantages[bites])
    assert (slope[bites] == 0.0).all()


def test_p15_the_ratio_is_exactly_one_for_equal_log_probs() -> None:
    log_probs = -np.abs(np.random.default_rng(1).standard_normal(1000)) * 30
    assert (ratio(log_probs, log_probs) == 1.0).all()


def test_the_ratio_of_a_stale_token_stays_finite() -> None:
    far = np.array([1e4, -1e4, np.inf, -np.inf])
    limit = math.exp(LOG_RATIO_LIMIT)
    np.testing.assert_allclose(ratio(far, np.zeros(4)), [limit, 1 / limit, limit, 1 / limit])


# --- weights and sums
# -------------------------------------------------------------------------------------------------


def test_p6_the_four_meanings_of_mean_have_their_golden_weights() -> None:
    assert_holds(of_losses.the_four_means_have_their_golden_weights, token_weights)


def test_p6_the_group_mean_weighs_prompts_alike_wherever_their_rows_stand() -> None:
    assert_holds(of_losses.prompts_weigh_alike_in_the_group_mean, token_weights)


def test_p6_rows_without_a_response_do_not_count() -> None:
    assert_holds(of_losses.rows_without_a_response_do_not_count, token_weights)


def test_p5_weights_are_zero_and_finite_if_no_token_counts() -> None:
    assert_holds(of_losses.no_token_no_weight, token_weights)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_stands_at_weight_zero_reaches_neither_the_sum_nor_its_gradient(poison: float) -> None:
    weights = np.array([[0.5, 0.0], [0.0, 0.25]])
    terms = np.array([[2.0, poison], [poison, 4.0]])
    assert weighted_sum(weights, terms) == 2.0
    np.testing.assert_array_equal(grad(lambda x: weighted_sum(weights, x))(terms), weights)


# --- log-probabilities and entropy
# ------------------------------------------------------------------------------------


def test_p16_only_the_alignment_with_the_token_before_gives_the_right_number() -> None:
    """What is said after token t is sure of token t + 1, so any other alignment is sure of a wrong
    token.
    """
    tokens = np.array([[0, 3, 1, 4, 2], [2, 0, 4, 3, 1]])
    after = 50.0 * (np.roll(tokens, -1, axis=1)[:, :, None] == np.arange(5))
    right = token_log_probs(shift(after), tokens, 1.0)
    np.testing.assert_allclose(right[:, 1:], 0.0, atol=1e-15)
    for wrong in (after, shift(shift(after)), np.roll(after, -1, axis=1)):
        assert (token_log_probs(wrong, tokens, 1.0)[:, 2:] < -40).all()


def test_p16_a_model_that_counts_is_sure_of_the_next_number() -> None:
    config = config_of("model.vocabulary=8")
    params = {name: np.zeros_like(value) for name, value in params_of("value", config).items()}
    params |= {name: np.ones_like(value) for name, value in params.items() if name.endswith("norm")}
    counting = {
        "embedding": np.eye(8),
        "head": 50.0 * np.eye(8, k=1),
        "value_head": np.arange(8.0)[:, None] / 8**0.5,
    }
    state = replace(
        ReferenceBackend().initial_state(config), policy=params | counting, value=params | counting
    )
    batch = plain_batch([[1, 2], [3]], [[3, 4, 5], [4, 5]])
    log_probs = ReferenceBackend().log_probs(state, config, batch)
    values = ReferenceBackend().values(state, config, batch)
    np.testing.assert_allclose(log_probs, 0.0, atol=1e-12)
    np.testing.assert_allclose(values, np.where(batch.response, batch.tokens - 1, 0), rtol=1e-5)
    gap = ReferenceBackend().log_probs(state, config, plain_batch([[1, 2]], [[4, 5, 5]]))
    assert list(gap[0] < -40) == [False, False, True, False, True]


@given(seed=Seeds, temperature=st.floats(0.3, 3.0))
@settings(max_examples=20)
def test_token_log_probs_are_those_of_the_sampling_distribution(
    seed: int, temperature: float
) -> None:
    random = np.random.default_rng(seed)
    logits, tokens = 5 * random.standard_normal((3, 4, 7)), random.integers(0, 7, (3, 4))
    expected = np.take_along_axis(
        log_distribution(logits, temperature), tokens[:, :, None], axis=-1
    )[:, :, 0]
    np.testing.assert_array_equal(token_log_probs(logits, tokens, temperature), expected)


@pytest.mark.parametrize("vocabulary", [1, 2, 32])
def test_the_entropy_of_the_uniform_distribution_is_the_logarithm_of_the_vocabulary(
    vocabulary: int,
) -> None:
    np.testing.assert_allclose(
        token_entropy(np.full((1, 2, vocabulary), 3.0), 0.7), math.log(vocabulary), atol=1e-15
    )


def test_the_entropy_has_its_closed_form() -> None:
    p = np.array([0.5, 0.25, 0.25])
    assert token_entropy(2.0 * np.log(p)[None, None], 2.0) == pytest.approx(1.5 * math.log(2))
    assert token_entropy(np.array([[[0.0, 2000.0]]]), 1.0) == 0.0


# --- value error and KL
# -----------------------------------------------------------------------------------------------


def test_the_value_error_is_half_the_square() -> None:
    error = value_error(np.array([2.0, -1.0]), np.array([9.0, 9.0]), np.array([-1.0, -1.0]), 0.0)
    np.testing.assert_array_equal(error, [4.5, 0.0])


@pytest.mark.parametrize(
    ("value", "target", "error", "slope"),
    [
        (0.3, 1.0, 0.245, -0.7),
        (0.9, 1.0, 0.125, 0.0),
        (2.0, 1.0, 0.5, 1.0),
        (-0.9, 1.0, 1.805, -1.9),
    ],
)
def test_a_clipped_value_error_is_the_larger_of_both_and_stops_values_that_already_moved_far(
    value: float, target: float, error: float, slope: float
) -> None:
    def of(values: Any) -> Any:
        return anp.sum(value_error(values, np.zeros(1), np.array([target]), 0.5))

    assert of(np.array([value])) == pytest.approx(error)
    assert grad(of)(np.array([value]))[0] == pytest.approx(slope)


@given(seed=Seeds, clip=st.floats(0.1, 2.0))
@settings(max_examples=20)
def test_value_clip_never_lowers_the_error_and_is_inert_near_the_old_value(
    seed: int, clip: float
) -> None:
    values, old, targets = np.random.default_rng(seed).standard_normal((3, 50))
    plain, clipped = (value_error(values, old, targets, c) for c in (0.0, clip))
    near = np.abs(values - old) <= clip
    assert (clipped >= plain).all()
    np.testing.assert_array_equal(clipped[near], plain[near])


@pytest.mark.parametrize("moved", [-0.5, 0.5])
@pytest.mark.parametrize("target", [-2.0, 0.0, 2.0])
def test_a_value_on_the_bound_of_its_clip_still_learns(moved: float, target: float) -> None:
    def of(values: Any) -> Any:
        return anp.sum(value_error(values, np.zeros(1), np.array([target]), 0.5))

    assert grad(of)(np.array([moved]))[0] == moved - target


def test_both_kl_estimators_are_zero_at_equality_and_positive_elsewhere() -> None:
    assert_holds(of_losses.equal_policies_have_no_kl, solutions.kl_estimators)
    assert_holds(of_losses.k2_and_k3_are_never_negative, solutions.kl_estimators)
    assert_holds(of_losses.k1_and_k3_are_unbiased, solutions.kl_estimators)


@pytest.mark.parametrize("estimator", ["k2", "k3"])
def test_no_kl_estimator_pushes_the_policy_away_and_k3_is_bounded_below(estimator: str) -> None:
    def penalty(d: Any) -> Any:
        return anp.sum(kl_penalty(d, np.zeros(d.shape), estimator))

    d = np.array([-1e9, -1e4, -30.0, -20.1, -20.0, -19.0, -1e-3, 0.0, 1e-3, 19.0, 30.0, 1e4])
    slopes = grad(penalty)(d)
    assert np.isfinite(slopes).all()
    assert (slopes * d >= 0).all()
    if estimator == "k3":
        assert (kl_penalty(d[:4], np.zeros(4), "k3") == kl_penalty(d[4:5], np.zeros(1), "k3")).all()
        assert (slopes[:4] == 0.0).all()
        np.testing.assert_allclose(slopes[4:], 1 - np.exp(-d[4:]), atol=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_p20_the_expected_gradient_of_k2_is_that_of_the_reverse_kl_and_the_one_of_k3_is_not(
    seed: int,
) -> None:
    logits, reference_policy = np.random.default_rng(seed).standard_normal((2, 5))
    log_q = log_distribution(reference_policy, 1.0)
    drawn = np.exp(
        log_distribution(logits, 1.0)
    )  # how often each token is sampled: not differentiated

    def reverse_kl(x: Any) -> Any:
        log_p = log_distribution(x, 1.0)
        return anp.sum(anp.exp(log_p) * (log_p - log_q))

    def expected(x: Any, estimator: str) -> Any:
        return anp.sum(drawn * kl_penalty(log_distribution(x, 1.0), log_q, estimator))

    exact = grad(reverse_kl)(logits)
    np.testing.assert_allclose(grad(expected)(logits, "k2"), exact, rtol=1e-12, atol=1e-14)
    assert np.abs(grad(expected)(logits, "k3") - exact).max() > 0.01 * np.abs(exact).max()
    assert expected(logits, "k3") == pytest.approx(float(reverse_kl(logits)))


# --- whole optimizer steps: P1 to P5
# ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@given(seed=Seeds, aggregation=st.sampled_from(AGGREGATIONS), rows=st.integers(2, 5))
@settings(max_examples=20)
def test_p1_the_gradient_of_a_step_depends_neither_on_the_micro_batch_nor_on_the_order_of_rows(
    loss: str, seed: int, aggregation: str, rows: int
) -> None:
    config = all_on(aggregation)
    batch = random_batch(seed, config, rows)
    whole = gradient_of(loss, batch, config, rows)
    for size in range(1, rows):
        assert_same(whole, gradient_of(loss, batch, config, size))
    order = np.random.default_rng(seed).permutation(rows)
    permuted = batch.rows(order)
    again = replace(permuted, weights=step_weights(replace(permuted, weights={}), config))
    assert_same(whole, gradient_of(loss, again, config, 2))


@given(seed=Seeds)
@settings(max_examples=5)
def test_p1_metrics_add_up_to_the_same_numbers_for_every_micro_batch(seed: int) -> None:
    config = all_on("token")
    batch = random_batch(seed, config)
    for loss in LOSSES:
        whole, *others = (step_of(loss, batch, config, size)[1] for size in (4, 3, 2, 1))
        for other in others:
            assert other == pytest.approx(whole, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_p2_several_optimizer_steps_on_one_batch_of_rollouts_end_the_same_for_every_micro_batch(
    aggregation: str,
) -> None:
    """Each step's weights are taken over its own rows, not over the batch of rollouts."""
    ends = []
    for micro_batch in (1, 2, 3, 4):
        config = all_on(aggregation, f"algorithm.micro_batch={micro_batch}")
        batch = replace(random_batch(5, config, 8), weights={})
        backend = ReferenceBackend()
        state = backend.start_rl(backend.initial_state(config), config)
        for part in (batch.rows(np.arange(4)), batch.rows(np.arange(4, 8))):
            state, _ = backend.update_policy(state, config, part)
            state, _ = backend.update_value(state, config, part)
        ends.append(state)
    for end in ends[1:]:
        assert distance(ends[0].policy, end.policy) <= 1e-9
        assert distance(ends[0].value, end.value) <= 1e-9


def test_p2_the_denominator_is_the_optimizer_step_and_not_the_batch_of_rollouts() -> None:
    config = all_on()
    batch = random_batch(5, config, 8)
    for rows in (np.arange(4), np.arange(4, 8)):
        weights = step_weights(batch.rows(rows), config)
        for name in ("surrogate", "tokens"):
            assert weights[name].sum() == pytest.approx(1.0)


@given(seed=Seeds, aggregation=st.sampled_from(AGGREGATIONS))
@settings(max_examples=4)
def test_p3_every_single_term_is_independent_of_the_micro_batch_and_moves_some_model(
    seed: int, aggregation: str
) -> None:
    """The terms are enumerated from the weights themselves, so that a new one cannot escape."""
    config = all_on(aggregation)
    batch = random_batch(seed, config)
    assert batch.weights.keys() >= {"surrogate", "tokens", *COEFFICIENTS}
    for term in batch.weights:
        only, moved = alone(batch, term), False
        for loss in LOSSES:
            whole = gradient_of(loss, only, config, 4)
            for size in (1, 2, 3):
                assert_same(whole, gradient_of(loss, only, config, size))
            assert_same(whole, gradient_of(loss, only.rows(np.array([2, 0, 3, 1])), config, 2))
            moved |= global_norm(whole) > 1e-9
        assert moved, term


def test_p3_the_gradient_of_a_step_is_the_sum_of_its_terms() -> None:
    config = all_on()
    batch = random_batch(11, config)
    parts = [gradient_of("policy", alone(batch, term), config, 4) for term in batch.weights]
    assert_same(
        gradient_of("policy", batch, config, 4),
        {name: np.sum([p[name] for p in parts], axis=0) for name in parts[0]},
    )


@pytest.mark.parametrize("estimator", ["k2", "k3"])
@pytest.mark.parametrize("term", COEFFICIENTS)
def test_p4_every_coefficient_changes_the_gradient_where_its_term_applies_and_is_absent_when_zero(
    term: str, estimator: str
) -> None:
    on = all_on("token", f"algorithm.kl_estimator={estimator}")
    off = all_on("token", f"algorithm.kl_estimator={estimator}", f"algorithm.{term}_weight=0.0")
    batch, without = random_batch(2, on), random_batch(2, off)
    assert batch.weights.keys() - without.weights.keys() == {term}
    before = gradient_of("policy", without, off, 4)
    change = distance(gradient_of("policy", batch, on, 4), before)
    assert change > 1e-6 * global_norm(before)
    twice = all_on(
        "token",
        f"algorithm.kl_estimator={estimator}",
        f"algorithm.{term}_weight={2 * COEFFICIENTS[term]}",
    )
    assert distance(
        gradient_of("policy", random_batch(2, twice), twice, 4), before
    ) == pytest.approx(2 * change)


@pytest.mark.parametrize(
    ("loss", "switch"), [("policy", "dual_clip=1.0001"), ("value", "value_clip=0.01")]
)
def test_p4_every_bound_changes_the_gradient_of_its_loss(loss: str, switch: str) -> None:
    off, on = all_on(), all_on("token", f"algorithm.{switch}")
    batch = random_batch(2, off)
    before = gradient_of(loss, batch, off, 4)
    assert distance(before, gradient_of(loss, batch, on, 4)) > 1e-6 * global_norm(before)


def test_p4_a_term_that_applies_to_no_token_is_absent() -> None:
    config = all_on("token", "algorithm.overlong_filter=true")
    batch = random_batch(2, config)
    none = np.zeros(4, dtype=bool)
    assert "positive" not in step_weights(replace(batch, positive=none), config)
    cut = step_weights(replace(batch, truncated=~none), config)
    assert "kl" not in cut
    assert not cut["surrogate"].any()
    assert {"positive", "tokens", "load_balance", "router_z"} <= cut.keys()


@pytest.mark.parametrize("loss", LOSSES)
def test_p5_a_micro_batch_of_weight_zero_contributes_exactly_nothing(loss: str) -> None:
    config = all_on()
    batch = random_batch(7, config)
    kept = np.array([True, False, True, False])
    weights = {name: w * kept[:, None] for name, w in batch.weights.items()}
    batch = replace(batch, weights=weights)
    assert_zero(gradient_of(loss, batch.rows(np.flatnonzero(~kept)), config, 1))
    assert_same(
        gradient_of(loss, batch.rows(np.flatnonzero(kept)), config, 1),
        gradient_of(loss, batch, config, 1),
    )
    _, metrics = step_of(loss, batch.rows(np.array([1])), config, 1)
    assert all(value == 0.0 for value in metrics.values())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_p5_rows_without_a_response_contribute_exactly_nothing(loss: str, aggregation: str) -> None:
    config = config_of("algorithm.kl_weight=0.3", f"algorithm.aggregation={aggregation}")
    batch = plain_batch([[2, 3], [4, 5, 6]], [[], []])
    batch = replace(batch, weights=step_weights(batch, config))
    assert batch.weights.keys() == {"surrogate", "tokens"}
    for size in (1, 2):
        assert_zero(gradient_of(loss, batch, config, size))


def test_the_positive_example_loss_pulls_every_correct_token_with_mu_over_their_number() -> None:
    config = config_of("algorithm.positive_weight=0.1")
    batch = random_batch(9, config)
    correct = batch.response & batch.positive[:, None]
    assert 0 < correct.sum() < batch.response.sum()

    def by_hand(params: Params) -> Any:
        return (
            -0.1
            / correct.sum()
            * anp.sum(anp.where(correct, log_probs_of(params, batch, config), 0.0))
        )

    expected = grad(by_hand)(policy_params(config))
    assert_same(expected, gradient_of("policy", alone(batch, "positive"), config, 2))
    np.testing.assert_allclose(
        batch.weights["positive"], np.where(correct, 0.1 / correct.sum(), 0.0)
    )


def test_the_overlong_filter_removes_truncated_responses_from_loss_and_denominator() -> None:
    config = config_of("algorithm.overlong_filter=true")
    batch = replace(random_batch(9, config), truncated=np.array([False, True, False, True]))
    weights = step_weights(batch, config)
    trained = batch.response & ~batch.truncated[:, None]
    np.testing.assert_allclose(weights["surrogate"], trained / trained.sum())
    np.testing.assert_allclose(weights["tokens"], batch.response / batch.response.sum())
