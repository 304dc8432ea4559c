"""Typical wrong answers to every exercise. Each has been made by somebody."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from seed.conformance.exercises import solutions
from seed.reference.advantage import gae
from seed.reference.loss import token_weights
from seed.spec.datatypes import Array, BoolArray, IntArray

Functions = tuple[Callable[..., Any], ...]


# --- overlong penalty


def ramp_begins_one_token_late(length: int, longest: int, cache: int) -> float:
    return min(0.0, (longest - cache - length + 1) / cache) if cache else 0.0


def no_floor(length: int, longest: int, cache: int) -> float:
    return min(0.0, (longest - cache - length) / cache) if cache else 0.0


def divides_by_no_cache(length: int, longest: int, cache: int) -> float:
    return float(np.clip((longest - cache - length) / cache, -1.0, 0.0))


def a_step_and_no_ramp(length: int, longest: int, cache: int) -> float:
    return -float(cache > 0 and length > longest - cache)


# --- length-adaptive lambda


def not_clamped(lengths_B: IntArray, gae_alpha: float) -> Array:
    return 1.0 - 1.0 / (gae_alpha * np.maximum(lengths_B, 1))


def window_itself(lengths_B: IntArray, gae_alpha: float) -> Array:
    return np.clip(1.0 / (gae_alpha * np.maximum(lengths_B, 1)), 0.0, 1.0)


def alpha_divides(lengths_B: IntArray, gae_alpha: float) -> Array:
    return np.clip(1.0 - gae_alpha / np.maximum(lengths_B, 1), 0.0, 1.0)


def an_empty_response_divides_by_zero(lengths_B: IntArray, gae_alpha: float) -> Array:
    return np.asarray(np.clip(1.0 - 1.0 / (gae_alpha * lengths_B), 0.0, 1.0))


# --- GAE


def without_gaps(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array, **as_: Any
) -> Array:
    """GAE of rows without gaps, with a mistake if one is asked for."""
    factor = as_.get("gamma", discount) * as_.get("trace", lambdas)
    following = np.concatenate([V[:, 1:], end[:, None]], axis=1)
    delta = r + as_.get("step", discount) * following - V
    A = np.zeros_like(V)
    running = np.zeros(len(V))
    for t in reversed(range(V.shape[1])):
        running = delta[:, t] + factor * running
        A[:, t] = running
    return np.asarray(np.where(response, A, 0.0))


def gamma_and_lambda_swapped(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return without_gaps(r, V, response, discount, lambdas, end, step=lambdas[:, None])


def lambda_forgotten(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return without_gaps(r, V, response, discount, lambdas, end, trace=1.0)


def gamma_forgotten_in_the_sum(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return without_gaps(r, V, response, discount, lambdas, end, gamma=1.0)


def final_value_forgotten(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return without_gaps(r, V, response, discount, lambdas, 0 * end)


def one_lambda_for_all_rows(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return without_gaps(r, V, response, discount, np.full(len(lambdas), lambdas[0]), end)


def gaps_are_tokens(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return without_gaps(r, V, response, discount, lambdas, end)


def reads_what_stands_in_gaps(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    return gae(r, V, response, discount, lambdas, end) + 0 * r


def returns_and_not_advantages(
    r: Array, V: Array, response: BoolArray, discount: float, lambdas: Array, end: Array
) -> Array:
    clean = np.where(response, V, 0.0)
    return gae(r, V, response, discount, lambdas, end) + clean


# --- decoupled GAE


def one_lambda_for_both(
    r: Array, V: Array, response: BoolArray, lambda_value: float, lambda_policy: float
) -> tuple[Array, Array]:
    return solutions.decoupled_gae(r, V, response, lambda_policy, lambda_policy)


def lambdas_swapped(
    r: Array, V: Array, response: BoolArray, lambda_value: float, lambda_policy: float
) -> tuple[Array, Array]:
    return solutions.decoupled_gae(r, V, response, lambda_policy, lambda_value)


def targets_without_values(
    r: Array, V: Array, response: BoolArray, lambda_value: float, lambda_policy: float
) -> tuple[Array, Array]:
    A, targets = solutions.decoupled_gae(r, V, response, lambda_value, lambda_policy)
    return A, np.where(response, targets - V, 0.0)


def targets_not_masked(
    r: Array, V: Array, response: BoolArray, lambda_value: float, lambda_policy: float
) -> tuple[Array, Array]:
    A, _ = solutions.decoupled_gae(r, V, response, lambda_value, lambda_policy)
    rows = len(V)
    return A, gae(r, V, response, 1.0, np.full(rows, lambda_value), np.zeros(rows)) + V


# --- explained variance


def squared_error(values: Array, returns: Array) -> float:
    return 1.0 - float(np.mean((returns - values) ** 2)) / float(np.var(returns))


def squared_correlation(values: Array, returns: Array) -> float:
    return float(np.corrcoef(values, returns)[0, 1]) ** 2


def zero_where_nothing_can_be_explained(values: Array, returns: Array) -> float:
    variance = float(np.var(returns))
    return 1.0 - float(np.var(returns - values)) / variance if variance > 1e-12 else 0.0


def standard_deviations(values: Array, returns: Array) -> float:
    if np.ptp(returns) <= 1e-9:
        return float("nan")
    return 1.0 - float(np.std(returns - values)) / float(np.std(returns))


# --- group advantages


def normalised_over_the_batch(rewards_B: Array, group_B: IntArray) -> Array:
    return solutions.group_advantages(rewards_B, np.zeros(len(rewards_B), dtype=int))


def with_an_epsilon(rewards_B: Array, group_B: IntArray) -> Array:
    result = np.zeros(len(rewards_B))
    for number in np.unique(group_B):
        own = rewards_B[group_B == number]
        result[group_B == number] = (own - own.mean()) / (own.std() + 1e-6)
    return result


def rounding_divided_by_rounding(rewards_B: Array, group_B: IntArray) -> Array:
    result = np.zeros(len(rewards_B))
    for number in np.unique(group_B):
        own = rewards_B[group_B == number]
        result[group_B == number] = (own - own.mean()) / max(own.std(), 1e-300)
    return result


def without_the_deviation(rewards_B: Array, group_B: IntArray) -> Array:
    result = np.zeros(len(rewards_B))
    for number in np.unique(group_B):
        own = rewards_B[group_B == number]
        result[group_B == number] = own - own.mean()
    return result


def groups_by_place(rewards_B: Array, group_B: IntArray) -> Array:
    return solutions.group_advantages(rewards_B, np.sort(group_B))


# --- token weights


def always_the_mean_over_sequences(
    response: BoolArray, group: IntArray, aggregation: str, constant: float
) -> Array:
    return token_weights(response, group, "sequence", constant)


def empty_rows_count(
    response: BoolArray, group: IntArray, aggregation: str, constant: float
) -> Array:
    weights = token_weights(response, group, aggregation, constant)
    full = max(int(response.any(axis=1).sum()), 1)
    return weights * full / len(response) if aggregation in ("sequence", "constant") else weights


def not_masked(response: BoolArray, group: IntArray, aggregation: str, constant: float) -> Array:
    weights = token_weights(response, group, aggregation, constant)
    return np.broadcast_to(weights.max(axis=1, keepdims=True), weights.shape)


def groups_weighed_by_their_tokens(
    response: BoolArray, group: IntArray, aggregation: str, constant: float
) -> Array:
    return token_weights(
        response, group, "token" if aggregation == "group" else aggregation, constant
    )


# --- clip-higher


def bounds_swapped(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    rho = np.exp(lp - behaviour)
    return -np.minimum(rho * A, np.clip(rho, 1 - high, 1 + low) * A)


def one_bound(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    return solutions.clipped_surrogate(lp, behaviour, A, low, low)


def maximum_for_minimum(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    rho = np.exp(lp - behaviour)
    return -np.maximum(rho * A, np.clip(rho, 1 - low, 1 + high) * A)


def sign_forgotten(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    return -solutions.clipped_surrogate(lp, behaviour, A, low, high)


def clip_only(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    return np.asarray(-np.clip(np.exp(lp - behaviour), 1 - low, 1 + high) * A)


def ratio_upside_down(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    return solutions.clipped_surrogate(behaviour, lp, A, low, high)


def ratio_of_log_probs(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    rho = lp / behaviour
    return -np.minimum(rho * A, np.clip(rho, 1 - low, 1 + high) * A)


def a_mean_over_tokens(lp: Array, behaviour: Array, A: Array, low: float, high: float) -> Array:
    loss = solutions.clipped_surrogate(lp, behaviour, A, low, high)
    return np.full_like(loss, loss.mean())


# --- dual clip


def both_signs(lp: Array, behaviour: Array, A: Array, low: float, high: float, c: float) -> Array:
    loss = solutions.clipped_surrogate(lp, behaviour, A, low, high)
    return np.asarray(np.minimum(loss, -c * A))


def no_dual_clip(lp: Array, behaviour: Array, A: Array, low: float, high: float, c: float) -> Array:
    return solutions.clipped_surrogate(lp, behaviour, A, low, high)


def maximum(lp: Array, behaviour: Array, A: Array, low: float, high: float, c: float) -> Array:
    loss = solutions.clipped_surrogate(lp, behaviour, A, low, high)
    return np.where(A < 0, np.maximum(loss, -c * A), loss)


# --- positive-example loss


def mean_over_sequences(lp: Array, response: BoolArray, correct: BoolArray, mu: float) -> float:
    chosen = response & correct[:, None]
    rows = [row[mask].mean() for row, mask in zip(lp, chosen, strict=True) if mask.any()]
    return -mu * float(np.mean(rows)) if rows else 0.0


def all_tokens_divide(lp: Array, response: BoolArray, correct: BoolArray, mu: float) -> float:
    return -mu * float(lp[response & correct[:, None]].sum()) / int(response.sum())


def mask_forgotten(lp: Array, response: BoolArray, correct: BoolArray, mu: float) -> float:
    chosen = np.broadcast_to(correct[:, None], response.shape)
    return -mu * float(lp[chosen].mean()) if chosen.any() else 0.0


def wrong_responses_too(lp: Array, response: BoolArray, correct: BoolArray, mu: float) -> float:
    return -mu * float(lp[response].mean())


def not_a_number_without_examples(
    lp: Array, response: BoolArray, correct: BoolArray, mu: float
) -> float:
    chosen = response & correct[:, None]
    return -mu * float(lp[chosen].sum() / np.float64(chosen.sum()))


def multiplied_by_the_mask(lp: Array, response: BoolArray, correct: BoolArray, mu: float) -> float:
    chosen = response & correct[:, None]
    return -mu * float((lp * chosen).sum()) / max(int(chosen.sum()), 1)


# --- KL estimators


def no_half(lp: Array, other: Array) -> tuple[Array, Array, Array]:
    k1, k2, k3 = solutions.kl_estimators(lp, other)
    return k1, 2 * k2, k3


def k3_of_the_other_direction(lp: Array, other: Array) -> tuple[Array, Array, Array]:
    k1, k2, _ = solutions.kl_estimators(lp, other)
    return k1, k2, np.exp(k1) - 1 - k1


def one_forgotten(lp: Array, other: Array) -> tuple[Array, Array, Array]:
    k1, k2, k3 = solutions.kl_estimators(lp, other)
    return k1, k2, k3 + 1


def k1_everywhere(lp: Array, other: Array) -> tuple[Array, Array, Array]:
    return lp - other, lp - other, lp - other


def turned_round(lp: Array, other: Array) -> tuple[Array, Array, Array]:
    return solutions.kl_estimators(other, lp)


# --- routing


def not_normalised(logits: Array, k: int) -> tuple[IntArray, Array]:
    ids, _ = solutions.route(logits, k)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return ids, np.take_along_axis(p / p.sum(axis=1, keepdims=True), ids, axis=1)


def ties_go_to_the_larger_id(logits: Array, k: int) -> tuple[IntArray, Array]:
    ids, gates = solutions.route(logits[:, ::-1], k)
    return logits.shape[1] - 1 - ids, gates


def smallest_first(logits: Array, k: int) -> tuple[IntArray, Array]:
    ids, gates = solutions.route(logits, k)
    return ids[:, ::-1], gates[:, ::-1]


def overflows(logits: Array, k: int) -> tuple[IntArray, Array]:
    ids, _ = solutions.route(logits, k)
    chosen = np.exp(np.take_along_axis(logits, ids, axis=1))
    return ids, chosen / chosen.sum(axis=1, keepdims=True)


def logits_as_gates(logits: Array, k: int) -> tuple[IntArray, Array]:
    ids, _ = solutions.route(logits, k)
    chosen = np.take_along_axis(logits, ids, axis=1)
    return ids, chosen / chosen.sum(axis=1, keepdims=True)


MISTAKES: Mapping[str, Functions] = {
    "overlong-penalty": (
        *(ramp_begins_one_token_late, no_floor, divides_by_no_cache, a_step_and_no_ramp),
    ),
    "length-adaptive-lambda": (
        *(not_clamped, window_itself, alpha_divides, an_empty_response_divides_by_zero),
    ),
    "gae": (
        *(gamma_and_lambda_swapped, lambda_forgotten, gamma_forgotten_in_the_sum),
        *(final_value_forgotten, one_lambda_for_all_rows, gaps_are_tokens),
        *(reads_what_stands_in_gaps, returns_and_not_advantages),
    ),
    "decoupled-gae": (
        *(one_lambda_for_both, lambdas_swapped, targets_without_values, targets_not_masked),
    ),
    "explained-variance": (
        *(squared_error, squared_correlation, zero_where_nothing_can_be_explained),
        standard_deviations,
    ),
    "group-advantages": (
        *(normalised_over_the_batch, with_an_epsilon, rounding_divided_by_rounding),
        *(without_the_deviation, groups_by_place),
    ),
    "token-weights": (
        *(always_the_mean_over_sequences, empty_rows_count, not_masked),
        groups_weighed_by_their_tokens,
    ),
    "clip-higher": (
        *(bounds_swapped, one_bound, maximum_for_minimum, sign_forgotten, clip_only),
        *(ratio_upside_down, ratio_of_log_probs, a_mean_over_tokens),
    ),
    "dual-clip": (both_signs, no_dual_clip, maximum),
    "positive-loss": (
        *(mean_over_sequences, all_tokens_divide, mask_forgotten, wrong_responses_too),
        *(not_a_number_without_examples, multiplied_by_the_mask),
    ),
    "kl-estimators": (
        *(no_half, k3_of_the_other_direction, one_forgotten, turned_round, k1_everywhere),
    ),
    "expert-routing": (
        *(not_normalised, ties_go_to_the_larger_id, smallest_first, overflows, logits_as_gates),
    ),
}
"""Exercise -> wrong answers."""
