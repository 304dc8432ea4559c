"""Both backends' losses: every term under every combination of switches, in any micro-batches."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seed.conformance.compare import assert_all_close, largest_error
from seed.conformance.compare_backends import (
    CPU,
    EXACT,
    ONE,
    assert_same,
    gradient_of,
    model_of,
    on_tensors,
    policy_of,
    tensor,
    value_of,
)
from seed.conformance.strategies import (
    COEFFICIENTS,
    FEW,
    LOSS_SWITCHES,
    MANY,
    TERM_SWITCHES,
    Seeds,
    algorithm,
    batches,
    combinations,
    combined,
    dirty,
    groups_of,
    masks,
    numbers,
    partitions,
    small_config,
)
from seed.reference import backend as reference_backend
from seed.reference import loss as reference_loss
from seed.reference import objective as reference_objective
from seed.reference.training.batch import masked_batch, plain_batch
from seed.scaled import loss as scaled_loss
from seed.scaled import objective as scaled_objective
from seed.scaled.model import Transformer
from seed.scaled.parallel.packing import PackedSequences, pack
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, BoolArray, Metrics, Params

ALL_ON = {f"{name}_weight": value for name, value in COEFFICIENTS.items()}
WHOLE = 10 * EXACT
"""Bound of whole gradients: some ten functions, one after the other."""
FEW_ROUNDINGS = 2.0**-48
"""Relative change of weights that represents the roundings of a forward pass."""

ScaledLoss = Callable[[Transformer, PackedSequences, dict[str, torch.Tensor], Batch, Config], Any]
LOSSES: dict[str, ScaledLoss] = {
    "policy": partial(scaled_objective.policy_loss, mesh=ONE),
    "sft": partial(scaled_objective.sft_loss, mesh=ONE),
    "value": scaled_objective.value_loss,
}
REFERENCE: dict[str, Callable[[Params, Batch, Config], tuple[Any, Metrics]]] = {
    "policy": reference_objective.policy_loss,
    "sft": reference_objective.sft_loss,
    "value": reference_objective.value_loss,
}


@given(
    drawn=masks(least_rows=0).flatmap(lambda mask: st.tuples(st.just(mask), groups_of(len(mask))))
)
@MANY
def test_p6_the_four_meanings_of_mean_have_the_same_weights(drawn: Any) -> None:
    response, group = drawn
    for aggregation in LOSS_SWITCHES["aggregation"]:
        ours = on_tensors(scaled_loss.token_weights, response, group, aggregation, 7.0)
        assert_same(
            ours, reference_loss.token_weights(response, group, aggregation, 7.0), aggregation
        )


@given(mask=masks(), seed=Seeds)
@MANY
def test_p8_a_term_at_weight_zero_reaches_neither_the_sum_nor_its_gradient(
    mask: BoolArray, seed: int
) -> None:
    terms, weights = (
        dirty(numbers(seed, *mask.shape), mask, seed),
        np.where(mask, numbers(seed, *mask.shape), 0.0),
    )
    leaf = tensor(terms).requires_grad_()
    total = scaled_loss.weighted_sum(tensor(weights), leaf)
    assert_same(total, np.asarray(reference_loss.weighted_sum(weights, terms)), "sum", scale=1.0)
    total.backward()
    assert leaf.grad is not None
    assert_same(leaf.grad, weights, "gradient")


@given(seed=Seeds, temperature=st.floats(0.2, 5.0), scale=st.sampled_from([1.0, 300.0]))
@MANY
def test_log_probs_and_entropy_are_the_same_at_any_temperature(
    seed: int, temperature: float, scale: float
) -> None:
    logits, tokens = (
        scale * numbers(seed, 2, 4, 12),
        np.random.default_rng(seed).integers(0, 12, (2, 4)),
    )
    flat, targets = tensor(logits).flatten(0, 1), tensor(tokens).flatten()
    ours = scaled_loss.token_log_probs(flat, targets, temperature)
    theirs = reference_loss.token_log_probs(logits, tokens, temperature).reshape(-1)
    assert_same(ours, theirs, "log-probs", scale=scale / temperature)
    theirs = reference_loss.token_entropy(logits, temperature).reshape(-1)
    assert_same(scaled_loss.token_entropy(flat, temperature), theirs, "entropy", scale=1.0)


@pytest.mark.parametrize(
    "changes", combinations(TERM_SWITCHES), ids=lambda changes: "-".join(map(str, changes.values()))
)
@given(seed=Seeds, stale=st.sampled_from([0.1, 1.0, 50.0]))
@FEW
def test_p18_every_term_is_the_same_at_tokens_however_stale(
    changes: dict[str, Any], seed: int, stale: float
) -> None:
    switches = algorithm(**changes)
    log_probs = -np.abs(numbers(seed, 20))
    older = log_probs + stale * numbers(seed + 1, 20)
    advantages, targets = numbers(seed + 2, 20), numbers(seed + 3, 20)
    advantages[:3] = 0.0
    surrogate = log_probs, older, advantages, switches
    calls: dict[str, tuple[Any, ...]] = {
        "ratio": (log_probs, older),
        "clipped_surrogate": surrogate,
        "clip_fractions": surrogate,
        "kl_penalty": (log_probs, older, switches.kl_estimator),
        "value_error": (log_probs, older, targets, switches.value_clip),
    }
    for name, arguments in calls.items():
        ours = on_tensors(getattr(scaled_loss, name), *arguments)
        assert_same(ours, getattr(reference_loss, name)(*arguments), name)


@given(batch=batches())
@FEW
def test_p18_the_weights_of_a_step_are_the_same_under_every_combination(batch: Batch) -> None:
    for changes in combinations(LOSS_SWITCHES):
        config = small_config(changes)
        ours, theirs = (
            scaled_objective.step_weights(batch, config, CPU),
            reference_objective.step_weights(batch, config),
        )
        assert ours.keys() == theirs.keys(), changes
        for name, expected in theirs.items():
            assert_same(ours[name], expected, f"{name} under {changes}")


@given(batch=batches(), losses=combined(LOSS_SWITCHES), terms=combined(TERM_SWITCHES))
@MANY
def test_p18_loss_metrics_and_gradient_of_a_step_are_the_same(
    batch: Batch, losses: dict[str, Any], terms: dict[str, Any]
) -> None:
    """Outside the response every array of the batch is NaN (known bug P8).

    Some batches amplify the rounding of the forward pass (a norm of a short vector, a steep ratio).
    The bound is measured: what a few roundings of the weights change in the reference itself.
    """
    config = small_config(losses | terms)
    for loss in LOSSES:
        theirs, their_metrics = of_reference(loss, batch, config)
        ours, our_metrics = of_torch(loss, batch, config, [list(range(len(batch.lengths)))])
        assert our_metrics.keys() == their_metrics.keys()
        for name, expected in their_metrics.items():
            assert_same(our_metrics[name], np.asarray(expected), f"{loss} {name}", WHOLE, scale=1.0)
        scale, nudged = computed_from(config), of_reference(loss, batch, config, FEW_ROUNDINGS)[0]
        amplified, _ = largest_error(nudged, theirs, loss, scale)
        assert_all_close(ours, theirs, min(WHOLE + amplified, 0.1), loss, scale)


TERMS = ("policy", "value", "sft", *COEFFICIENTS)


@pytest.mark.parametrize("term", TERMS)
@given(
    drawn=batches().flatmap(
        lambda batch: st.tuples(st.just(batch), partitions(len(batch.lengths)))
    ),
    aggregation=st.sampled_from(list(LOSS_SWITCHES["aggregation"])),
)
@FEW
def test_p1_p3_no_partition_into_micro_batches_changes_the_gradient_of_a_term(
    term: str, drawn: tuple[Batch, list[list[int]]], aggregation: str
) -> None:
    """Micro-batches may be empty (known bug P5); a coefficient switches its term on."""
    batch, cut = drawn
    loss = term if term in LOSSES else "policy"
    on = {f"{term}_weight": COEFFICIENTS[term]} if term in COEFFICIENTS else {}
    config = small_config({"positive_weight": 0.0, "aggregation": aggregation, **on})
    whole, whole_metrics = of_torch(loss, batch, config, [list(range(len(batch.lengths)))])
    parts, part_metrics = of_torch(loss, batch, config, cut)
    assert_all_close(parts, whole, WHOLE, f"{term} in {cut}", computed_from(config))
    for name, expected in whole_metrics.items():
        assert_same(part_metrics[name], np.asarray(expected), name, WHOLE, scale=1.0)


def test_p3_every_term_of_a_step_of_either_backend_is_in_these_tests() -> None:
    batch, config = replace(some_batch(), positive=np.array([True, False])), small_config(ALL_ON)
    ours = scaled_objective.step_weights(batch, config, CPU).keys()
    theirs = reference_objective.step_weights(batch, config).keys()
    assert ours - {"tokens"} == theirs - {"tokens"} == {"surrogate", *COEFFICIENTS}


@given(data=st.data(), rows=st.integers(1, 5), seed=Seeds)
@FEW
def test_chats_packed_in_any_way_have_the_gradient_of_each_alone(
    data: st.DataObject, rows: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    chats = [random.integers(2, 12, random.integers(2, 12)).tolist() for _ in range(rows)]
    taught = [[False, *(random.random(len(chat) - 1) < 0.5).tolist()] for chat in chats]
    taught[0][-1] = True
    batch, config = masked_batch(chats, taught), small_config()
    cut = data.draw(partitions(rows))
    alone = [[row] for row in range(rows)]
    packed, unpacked = (of_torch("sft", batch, config, parts) for parts in (cut, alone))
    padded = of_reference("sft", batch, config)
    weighed = replace(batch, weights=reference_objective.step_weights(batch, config))
    one_by_one, _ = reference_backend.accumulate(
        lambda weights, part: reference_objective.sft_loss(weights, part, config),
        policy_of(config),
        weighed,
        1,
    )
    for found in (packed[0], unpacked[0], one_by_one):
        assert_all_close(found, padded[0], WHOLE, "gradient")
    assert packed[1]["loss_nll"] == pytest.approx(padded[1]["loss_nll"], rel=WHOLE)


@pytest.mark.parametrize("backend", ["scaled", "reference"])
def test_every_weight_of_a_step_is_a_term_of_the_loss(backend: str) -> None:
    batch, config = replace(some_batch(), positive=np.array([True, False])), small_config(ALL_ON)
    _, metrics = (
        of_torch("policy", batch, config, [[0, 1]])
        if backend == "scaled"
        else of_reference("policy", batch, config)
    )
    terms = {name.removeprefix("loss_") for name in metrics if name.startswith("loss_")}
    objective = scaled_objective if backend == "scaled" else reference_objective
    assert terms == {"surrogate", *COEFFICIENTS} == {"surrogate", *objective.LOSS_TERMS}


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_p4_every_coefficient_changes_the_gradient_where_its_term_applies(name: str) -> None:
    batch = replace(some_batch(), positive=np.array([True, False]))
    off = small_config({"positive_weight": 0.0})
    on = small_config({"positive_weight": 0.0, f"{name}_weight": COEFFICIENTS[name]})
    rows = [[0, 1]]
    one, other = (of_torch("policy", batch, config, rows)[0] for config in (off, on))
    assert max(float(np.abs(one[weight] - other[weight]).max()) for weight in one) > 1e-4


def test_p5_a_micro_batch_without_response_tokens_gives_zero_and_no_nan() -> None:
    config = small_config(ALL_ON)
    batch = plain_batch([[2, 3], [4, 5, 6]], [[], [7, 8]])
    weights = scaled_objective.step_weights(batch, config, CPU)
    for loss in LOSSES:
        for rows in ([], [0]):
            model = model_of(config, value_of(config) if loss == "value" else policy_of(config))
            total, _ = LOSSES[loss](model, pack(batch, rows, ONE), weights, batch, config)
            total.backward()
            gradient = gradient_of(model)
            assert all(np.isfinite(array).all() for array in gradient.values())
            if not rows or loss == "value":  # a prompt alone still has router terms
                assert not total.detach()
                assert not any(array.any() for array in gradient.values())


def computed_from(config: Config) -> float:
    """Magnitude of what a gradient is computed from, where it may be a small difference.

    The balance loss ``w E sum_e f_e P_e`` has a slope of up to ``w E`` by a router probability. The
    probabilities sum to 1, so these slopes cancel where all f are equal or a router is sure. In a
    batch without response there is no other term, and the whole gradient may be 1e-9.
    """
    return config.algorithm.load_balance_weight * config.model.experts


def some_batch() -> Batch:
    """Two rows with advantages and log-probabilities of a reference policy."""
    batch = plain_batch([[2, 3], [4, 5, 6]], [[7, 8, 1], [9, 1]])
    advantages, behaviour = (numbers(seed, *batch.tokens.shape) for seed in (1, 2))
    reference_policy = np.full(batch.tokens.shape, -2.5)
    return replace(
        batch,
        advantages=advantages,
        behaviour_log_probs=-2.5 + behaviour,
        reference_log_probs=reference_policy,
    )


def of_reference(
    loss: str, batch: Batch, config: Config, nudge: float = 0.0
) -> tuple[dict[str, Array], Metrics]:
    """Gradient of a whole step and its metrics, by the reference in one micro-batch.

    With ``nudge`` at weights that are changed by this relative amount, up or down at random.
    """
    weights = value_of(config) if loss == "value" else policy_of(config)
    random = np.random.default_rng(0)
    params: Params = {
        name: weight * (1.0 + nudge * random.choice([-1.0, 1.0], weight.shape))
        for name, weight in weights.items()
    }
    weighed = replace(batch, weights=reference_objective.step_weights(batch, config))
    return reference_backend.accumulate(
        lambda weights, part: REFERENCE[loss](weights, part, config),
        params,
        weighed,
        len(batch.lengths),
    )


def of_torch(
    loss: str, batch: Batch, config: Config, cut: Sequence[Sequence[int]]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Gradient of a whole step and its metrics, by the torch backend in these micro-batches."""
    model = model_of(config, value_of(config) if loss == "value" else policy_of(config))
    weights = scaled_objective.step_weights(batch, config, CPU)
    sums: dict[str, Any] = {}
    for rows in cut:
        total, observed = LOSSES[loss](model, pack(batch, rows, ONE), weights, batch, config)
        total.backward()
        sums = {name: sums.get(name, 0.0) + value.detach() for name, value in observed.items()}
    return gradient_of(model), sums
