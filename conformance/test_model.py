"""Both backends' models: logits, values, routes and gradients under every combination."""

from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
import torch
from autograd import grad
from hypothesis import given, settings
from torch import Tensor

from seed.conformance.compare import assert_all_close
from seed.conformance.compare_backends import (
    EXACT,
    ONE,
    assert_same,
    gradient_of,
    model_of,
    policy_of,
    tensor,
    value_of,
)
from seed.conformance.strategies import (
    ARCHITECTURES,
    FEW,
    MANY,
    MODEL_SWITCHES,
    Seeds,
    architectures,
    batches,
    combinations,
    numbers,
    small_config,
)
from seed.reference.model import hidden_states, positions_of, token_logits, token_values
from seed.scaled.model import Transformer
from seed.scaled.objective import forward
from seed.scaled.parallel.packing import PackedSequences, pack
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, IntArray, Params

WHOLE = 10 * EXACT
"""Bound of a whole model: some ten functions, one after the other."""
SHARP = 10 * WHOLE
"""The same where queries are not normalised and YaRN sharpens them: weights of these tests saturate
the softmax, so that gradients of queries are small differences.
"""

COMBINED = pytest.mark.parametrize(
    "changes",
    combinations(MODEL_SWITCHES),
    ids=lambda changes: "-".join(map(str, changes.values())),
)
TWICE = settings(max_examples=2)
"""For 48 combinations: every combination has other batches."""


@COMBINED
@given(batch=batches(), seed=Seeds)
@TWICE
def test_p18_logits_routes_values_and_gradients_are_the_same_under_every_combination(
    changes: dict[str, Any], batch: Batch, seed: int
) -> None:
    assert_models_agree(changes, batch, seed)


@pytest.mark.parametrize("changes", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
@given(batch=batches(), seed=Seeds)
@TWICE
def test_published_architectures_are_the_same(
    changes: dict[str, Any], batch: Batch, seed: int
) -> None:
    assert_models_agree(changes, batch, seed, SHARP)


@given(changes=architectures(), batch=batches(), seed=Seeds)
@MANY
def test_switches_of_architectures_are_the_same_in_any_combination(
    changes: dict[str, Any], batch: Batch, seed: int
) -> None:
    assert_models_agree(changes, batch, seed, SHARP)


def assert_models_agree(
    changes: dict[str, Any], batch: Batch, seed: int, bound: float = WHOLE
) -> None:
    """Logits, routes, gradients and values of both backends agree."""
    config = small_config(model_changes=changes)
    packed = pack(batch, range(len(batch.lengths)), ONE)
    cells, weight_pV = (
        packed.cells_p.numpy(),
        numbers(seed, len(packed.cells_p), config.model.vocabulary),
    )

    policy, model = policy_of(config), model_of(config, policy_of(config))
    logits_pV, trace = forward(model, packed, config)
    theirs, decided = token_logits(policy, batch.tokens, config.model)
    if len(cells):
        assert_same(logits_pV, theirs.reshape(-1, theirs.shape[-1])[cells], "logits", bound)
    for ids, expected in zip(trace.expert_ids, decided.expert_ids, strict=True):
        assert_same(ids[packed.own_places_c], expected[packed.own_cells_c.numpy()], "expert ids")

    (logits_pV * tensor(weight_pV)).sum().backward()
    weight_BSV = np.zeros(theirs.shape)
    weight_BSV.reshape(-1, theirs.shape[-1])[cells] = weight_pV
    slope = grad(
        lambda params: anp.sum(token_logits(params, batch.tokens, config.model)[0] * weight_BSV)
    )(policy)
    assert_all_close(gradient_of(model), slope, WHOLE, "gradient")

    values_p, _ = forward(model_of(config, value_of(config)), packed, config)
    if len(cells):
        expected = token_values(value_of(config), batch.tokens, config.model).reshape(-1)[cells]
        assert_same(values_p, expected, "values", bound)


@pytest.mark.parametrize("experts_per_token", [1, 2, 4])
@given(batch=batches(), seed=Seeds)
@FEW
def test_replay_of_given_experts_is_the_same_in_both_backends(
    experts_per_token: int, batch: Batch, seed: int
) -> None:
    config = small_config(model_changes={"experts_per_token": experts_per_token})
    policy, random = policy_of(config), np.random.default_rng(seed)
    ids = np.argsort(random.random((batch.tokens.size, config.model.experts)), axis=1)[
        :, :experts_per_token
    ]
    packed = pack(
        batch, range(len(batch.lengths)), ONE, share_prompts=False
    )  # rows of one prompt are sent to different experts
    of_packed = np.zeros((len(packed.tokens_n), experts_per_token), dtype=np.int64)
    of_packed[packed.own_places_c] = ids[packed.own_cells_c]
    logits_pV, _ = forward(model_of(config, policy), packed, config, replay=[tensor(of_packed)])
    expected = replayed(policy, batch, config, ids).reshape(*batch.tokens.shape, -1)
    expected = np.roll(expected, 1, axis=1).reshape(-1, expected.shape[-1])
    assert_same(logits_pV, expected[packed.cells_p.numpy()], "logits", WHOLE)


def replayed(policy: Params, batch: Batch, config: Config, ids: IntArray) -> Array:
    """The reference's logits after each token, with given experts."""
    positions = positions_of(batch.tokens)
    hidden_ND, _ = hidden_states(policy, batch.tokens, positions, config.model, replay=[ids])
    return np.asarray(hidden_ND @ policy["head"])


@given(batch=batches())
@FEW
def test_replay_of_the_own_choice_changes_not_a_bit(batch: Batch) -> None:
    config = small_config()
    model, packed = model_of(config, policy_of(config)), pack(batch, range(len(batch.lengths)), ONE)
    once, trace = forward(model, packed, config)
    again, _ = forward(model, packed, config, replay=trace.expert_ids)
    assert torch.equal(once, again)


@given(batch=batches())
@FEW
def test_recomputing_blocks_changes_neither_logits_nor_gradients(batch: Batch) -> None:
    config, packed = small_config(), pack(batch, range(len(batch.lengths)), ONE)
    model = model_of(config, policy_of(config))
    plain = logits_and_gradient(model, packed, config)
    model.recompute = True
    model.zero_grad(set_to_none=True)
    again = logits_and_gradient(model, packed, config)
    assert_all_close(again, plain, EXACT, "with recomputation")


def logits_and_gradient(
    model: Transformer, packed: PackedSequences, config: Config
) -> dict[str, Array]:
    """Logits with the sum of their squares, and its gradient."""
    logits, _ = forward(model, packed, config)
    total = logits.square().sum()
    total.backward()
    return gradient_of(model) | {
        "logits": torch.cat([logits.flatten(), total[None]]).detach().numpy()
    }


def test_logits_read_in_chunks_are_those_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config()
    model = model_of(config, policy_of(config))
    states, targets = tensor(numbers(1, 11, config.model.hidden)), torch.arange(11)
    at_once = model.read(states, targets, None)
    monkeypatch.setattr("seed.scaled.model.LOGITS_AT_ONCE", 4 * config.model.vocabulary + 1)
    lengths: list[int] = []

    def readout(logits: Tensor, _: Tensor) -> Tensor:
        lengths.append(len(logits))
        return logits

    assert_same(model.read(states, targets, readout), at_once.detach().numpy(), "logits")
    assert lengths == [4, 4, 3]
