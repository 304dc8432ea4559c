"""Properties of the loss terms and of their token weights.

Gradients are central differences, so a function under test may be written in plain NumPy.
Sources of the numbers: DAPO 3.1 and eq. 8-11; VAPO eq. 6-10; Schulman, "Approximating KL
divergence".
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seed.conformance.exercises.draws import Draw
from seed.conformance.exercises.violation import agree, require
from seed.spec.datatypes import Array

Function = Callable[..., Any]
LOW, HIGH = 0.2, 0.28
"""VAPO's and DAPO's bounds of the ratio: 0.8 and 1.28."""

RATIOS = np.array([0.05, 0.5, 0.75, 0.85, 0.95, 1.0, 1.1, 1.25, 1.35, 2.0, 5.0])
"""Ratios away from 0.8, 1.2 and 1.28, where the loss has a kink."""

STEP = 1e-5
"""Half the distance of a central difference: it errs by about 1e-10 here."""

MEANS = ("token", "sequence", "group", "constant")


def slopes(loss: Callable[[Array], Array], x: Array) -> Array:
    """Derivative of each entry of ``loss(x)`` to the same entry of x."""
    return np.asarray((loss(x + STEP) - loss(x - STEP)) / (2 * STEP))


def at_ratios(draw: Draw) -> tuple[Array, Array]:
    """Log-probabilities of behaviour, and of a policy whose ratios are ``RATIOS``."""
    behaviour = draw.log_probs(len(RATIOS)) - 2.0
    return behaviour + np.log(RATIOS), behaviour


# --- clipped surrogate


def an_unmoved_policy_loses_minus_the_advantage(surrogate: Function, draw: Draw) -> None:
    """Where the ratio is 1 the loss of a token is -A."""
    behaviour, advantages = draw.log_probs(draw.size), draw.numbers(draw.size)
    agree(surrogate(behaviour, behaviour, advantages, LOW, HIGH), -advantages, "loss against -A")


def each_bound_stops_one_sign(surrogate: Function, draw: Draw) -> None:
    """A token with A > 0 stops learning above 1 + clip_high, one with A < 0 below 1 - clip_low.
    Everywhere else the slope of the loss along log pi is -A ratio.
    """
    log_probs, behaviour = at_ratios(draw)
    for advantage in (1.5, -0.5):
        advantages = np.full(len(RATIOS), advantage)
        learns = RATIOS < 1 + HIGH if advantage > 0 else RATIOS > 1 - LOW
        # mypy infers no type for a lambda with a default, which a loop needs.
        computed = slopes(lambda x, a=advantages: surrogate(x, behaviour, a, LOW, HIGH), log_probs)  # type: ignore[misc]
        expected = np.where(learns, -advantage * RATIOS, 0.0)
        close = np.abs(computed - expected) <= 1e-6 * (1 + np.abs(expected))
        sides = {"ratio": RATIOS, "slope": computed, "expected": expected}
        require(close, f"slope of the loss at A = {advantage:g}", **sides)


def a_rare_token_rises_to_the_cap_and_no_further(surrogate: Function, _: Draw) -> None:
    """A token of probability 0.01 with A > 0 is pushed up to 0.012 at clip_high = 0.2 and to 0.0128
    at 0.28: that is what clip-higher is for.
    """
    behaviour = np.log(np.full(2, 0.01))
    for clip_high in (0.2, 0.28):
        cap = 0.01 * (1 + clip_high)
        log_probs = np.log(np.array([0.999 * cap, 1.001 * cap]))
        loss = surrogate(log_probs, behaviour, np.ones(2), LOW, clip_high)
        expected = [-0.999 * (1 + clip_high), -(1 + clip_high)]
        agree(loss, expected, f"loss just below and above {cap:g}")


def the_surrogate_is_pessimistic(surrogate: Function, draw: Draw) -> None:
    """The loss is never smaller than -ratio A, the loss without a clip."""
    log_probs, behaviour = at_ratios(draw)
    advantages = draw.numbers(len(RATIOS))
    loss = surrogate(log_probs, behaviour, advantages, LOW, HIGH)
    sides = {"ratio": RATIOS, "loss": loss, "without a clip": -RATIOS * advantages}
    require(loss >= -RATIOS * advantages - 1e-9, "loss >= -ratio A", **sides)


def tokens_keep_their_own_loss(surrogate: Function, draw: Draw) -> None:
    """The result is one loss per token, not a mean: each is what it would be alone."""
    shape = (2, draw.size)
    log_probs, behaviour = draw.log_probs(*shape), draw.log_probs(*shape)
    advantages = draw.numbers(*shape)
    whole = surrogate(log_probs, behaviour, advantages, LOW, HIGH)
    columns = [
        surrogate(log_probs[:, t], behaviour[:, t], advantages[:, t], LOW, HIGH)
        for t in range(draw.size)
    ]
    agree(whole, np.stack(columns, axis=1), "losses together and one by one")


# --- dual clip


def dual_clip_bounds_the_loss_of_bad_tokens(dual: Function, draw: Draw) -> None:
    """Where A < 0 and the ratio is above c, the loss is -c A and no longer grows."""
    log_probs, behaviour = at_ratios(draw)
    advantages, bound = -np.abs(draw.numbers(len(RATIOS))) - 0.25, 1.5
    loss = dual(log_probs, behaviour, advantages, LOW, HIGH, bound)
    far = bound < RATIOS
    agree(loss[far], -bound * advantages[far], "loss at ratios above c = 1.5", ratio=RATIOS[far])


def dual_clip_changes_nothing_below_the_bound(dual: Function, draw: Draw) -> None:
    """Where A < 0 and the ratio is below c, the loss is that of the clipped surrogate."""
    log_probs, behaviour = at_ratios(draw)
    advantages, bound = -np.abs(draw.numbers(len(RATIOS))) - 0.25, 3.0
    loss, near = dual(log_probs, behaviour, advantages, LOW, HIGH, bound), bound > RATIOS
    expected = -np.maximum(RATIOS, 1 - LOW) * advantages
    agree(loss[near], expected[near], "loss at ratios below c = 3", ratio=RATIOS[near])


def dual_clip_leaves_good_tokens_alone(dual: Function, draw: Draw) -> None:
    """Where A >= 0 the loss is that of the clipped surrogate."""
    log_probs, behaviour = at_ratios(draw)
    advantages = np.abs(draw.numbers(len(RATIOS)))
    loss = dual(log_probs, behaviour, advantages, LOW, HIGH, 1.1)
    expected = -np.minimum(RATIOS, 1 + HIGH) * advantages
    agree(loss, expected, "loss where A >= 0, c = 1.1", ratio=RATIOS)


# --- weights of tokens


def the_four_means_have_their_golden_weights(token_weights: Function, _: Draw) -> None:
    """Responses of 100 and 900 tokens: the token mean gives every token 1/1000; the sequence mean
    1/200 and 1/1800; the group mean the same for two prompts and 1/1000 for one; a constant of
    2000 gives 1/4000.
    """
    response = np.arange(905) < np.array([[100], [900]])
    golden = (
        ("token", (0, 1), 1 / 1000, 1 / 1000),
        ("sequence", (0, 1), 1 / 200, 1 / 1800),
        ("group", (0, 1), 1 / 200, 1 / 1800),
        ("group", (7, 7), 1 / 1000, 1 / 1000),
        ("constant", (0, 1), 1 / 4000, 1 / 4000),
    )
    for mean, group, short, long in golden:
        weights = token_weights(response, np.array(group), mean, 2000.0)
        expected = np.where(response, [[short], [long]], 0.0)
        agree(weights[:, 0], expected[:, 0], f"weights of the first tokens, {mean} mean")
        agree(weights, expected, f"weights of all tokens, {mean} mean")


def weights_of_a_mean_sum_to_one(token_weights: Function, draw: Draw) -> None:
    """The weights of the token, sequence and group means sum to 1, and are 0 outside of the
    response.
    """
    _, _, response = draw.rows_with_gaps()
    for mean in MEANS[:3]:
        weights = token_weights(response, np.array([4, 2]), mean, 1.0)
        agree(weights.sum(), 1.0, f"sum of the weights, {mean} mean")
        agree(weights[~response], 0.0, f"weights outside of the response, {mean} mean")


def prompts_weigh_alike_in_the_group_mean(token_weights: Function, _: Draw) -> None:
    """In the group mean every prompt weighs the same, wherever its rows stand: responses of 1, 6
    and 3 tokens to prompts 5, 2 and 5 give 1/8, 1/12 and 1/8.
    """
    response = np.arange(6) < np.array([[1], [6], [3]])
    weights = token_weights(response, np.array([5, 2, 5]), "group", 1.0)
    agree(weights[:, 0], [1 / 8, 1 / 12, 1 / 8], "weights of the first tokens, group mean")


def rows_without_a_response_do_not_count(token_weights: Function, draw: Draw) -> None:
    """A row without a response has weight 0 and changes no other weight."""
    response = np.arange(draw.size) < np.array([[1], [0], [draw.size], [0]])
    group = np.array([0, 0, 1, 2])
    for mean in MEANS:
        full = token_weights(response, group, mean, 9.0)
        kept = token_weights(response[[0, 2]], group[[0, 2]], mean, 9.0)
        agree(full[[0, 2]], kept, f"weights with and without empty rows, {mean} mean")
        agree(full[[1, 3]], 0.0, f"weights of the empty rows, {mean} mean")


def no_token_no_weight(token_weights: Function, draw: Draw) -> None:
    """If no token counts, all weights are 0: nothing divides by 0."""
    response = np.zeros((2, draw.size), dtype=bool)
    for mean in MEANS:
        weights = token_weights(response, np.array([0, 1]), mean, 9.0)
        require(weights == 0.0, f"weights are 0, {mean} mean", weights=weights)


# --- positive-example loss


def the_positive_loss_is_a_mean_over_tokens(positive_loss: Function, _: Draw) -> None:
    """Correct responses of 1 and 3 tokens with log-probabilities -4 and -1, -1, -1: the token mean
    is (4 + 3) / 4, not the mean of the responses' means; mu = 0.1 makes it 0.175.
    """
    response = np.arange(3) < np.array([[1], [3]])
    log_probs = np.where(response, [[-4.0], [-1.0]], 0.0)
    computed = positive_loss(log_probs, response, np.array([True, True]), 0.1)
    agree(computed, 0.175, "loss of two correct responses")


def only_correct_responses_count(positive_loss: Function, draw: Draw) -> None:
    """What a wrong response says changes nothing, neither the sum nor the divisor."""
    _, _, response = draw.rows_with_gaps()
    log_probs, correct = draw.log_probs(*response.shape), np.array([True, False])
    both = positive_loss(log_probs, response, correct, 0.1)
    alone = positive_loss(log_probs[:1], response[:1], correct[:1], 0.1)
    agree(both, alone, "loss with and without the wrong response")


def positive_loss_reads_response_tokens_only(positive_loss: Function, draw: Draw) -> None:
    """Prompt and padding change nothing, also where they hold NaN or infinity."""
    _, _, response = draw.rows_with_gaps()
    log_probs, correct = draw.log_probs(*response.shape), np.array([True, True])
    clean = positive_loss(log_probs, response, correct, 0.1)
    for dirt in (-1.0, np.nan, -np.inf):
        dirty = np.where(response, log_probs, dirt)
        agree(positive_loss(dirty, response, correct, 0.1), clean, "loss with and without dirt")


def nothing_correct_nothing_lost(positive_loss: Function, draw: Draw) -> None:
    """Without a correct response the loss is 0, not 0 / 0."""
    _, _, response = draw.rows_with_gaps()
    log_probs = draw.log_probs(*response.shape)
    computed = positive_loss(log_probs, response, np.array([False, False]), 0.1)
    agree(computed, 0.0, "loss without a correct response")


def a_likelier_token_lowers_the_positive_loss(positive_loss: Function, draw: Draw) -> None:
    """Raising all log-probabilities of N correct tokens by c lowers the loss by mu c."""
    _, _, response = draw.rows_with_gaps()
    log_probs, correct = draw.log_probs(*response.shape) - 1.0, np.array([True, True])
    before = positive_loss(log_probs, response, correct, 0.25)
    after = positive_loss(log_probs + 0.5, response, correct, 0.25)
    agree(after - before, -0.125, "change of the loss by c = 0.5, mu = 0.25")


# --- KL estimators


def policies(draw: Draw) -> tuple[Array, Array]:
    """Log-probabilities of two distributions over size + 1 tokens."""
    logits = draw.numbers(2, draw.size + 1)
    log_p, log_q = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return log_p, log_q


def equal_policies_have_no_kl(kl: Function, draw: Draw) -> None:
    """Where both policies give a token the same probability all three estimators are 0."""
    log_p, _ = policies(draw)
    for name, estimate in zip(("k1", "k2", "k3"), kl(log_p, log_p), strict=True):
        agree(estimate, 0.0, f"{name} of equal policies")


def k1_and_k3_are_unbiased(kl: Function, draw: Draw) -> None:
    """Averaged over tokens drawn from the policy, k1 and k3 are KL(pi || pi_reference)."""
    log_p, log_q = policies(draw)
    expected = float(np.sum(np.exp(log_p) * (log_p - log_q)))
    k1, _, k3 = kl(log_p, log_q)
    for name, estimate in (("k1", k1), ("k3", k3)):
        agree(np.sum(np.exp(log_p) * estimate), expected, f"mean of {name} against KL")


def k2_and_k3_are_never_negative(kl: Function, draw: Draw) -> None:
    """k2 and k3 are 0 or more for every single token; k1 is not."""
    log_p, log_q = policies(draw)
    _, k2, k3 = kl(log_p, log_q)
    for name, estimate in (("k2", k2), ("k3", k3)):
        require(estimate >= -1e-12, f"{name} >= 0", **{name: estimate})


def k1_changes_its_sign_and_k2_does_not(kl: Function, draw: Draw) -> None:
    """Swapping the two policies turns k1 round and leaves k2 as it is."""
    log_p, log_q = policies(draw)
    (k1, k2, _), (swapped_k1, swapped_k2, _) = kl(log_p, log_q), kl(log_q, log_p)
    agree(swapped_k1, -k1, "k1 of the swapped policies against -k1")
    agree(swapped_k2, k2, "k2 of the swapped policies against k2")


def the_slope_of_k2_is_the_log_ratio(kl: Function, draw: Draw) -> None:
    """The slope of k2 along log pi is log pi - log pi_reference: averaged over drawn tokens that
    is the gradient of KL. The slope of k3 is 1 - pi_reference / pi.
    """
    log_p, log_q = policies(draw)
    for place, name, expected in ((1, "k2", log_p - log_q), (2, "k3", 1 - np.exp(log_q - log_p))):
        # mypy infers no type for a lambda with a default, which a loop needs.
        slope = slopes(lambda x, place=place: kl(x, log_q)[place], log_p)  # type: ignore[misc]
        is_close = np.isclose(slope, expected, rtol=1e-6, atol=1e-6)
        require(is_close, f"slope of {name}", computed=slope, expected=expected)
