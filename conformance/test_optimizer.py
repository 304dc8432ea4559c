"""Both backends' optimizers: five steps under every combination of switches."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given

from seed.conformance.compare_backends import ONE, assert_same, tensor
from seed.conformance.strategies import FEW, MANY, Seeds, Switches, combinations, numbers
from seed.reference import optimizer as reference_optimizer
from seed.scaled import optimizer as scaled_optimizer
from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Params

SWITCHES: Switches = {
    "schedule": ("constant", "cosine"),
    "warmup_steps": (0, 2),
    "clip_norm": (0.0, 0.5, 1e6),
    "weight_decay": (0.0, 0.2),
}
STEPS = 5


def config(**changes: Any) -> OptimizerConfig:
    return OptimizerConfig.model_validate(
        {"learning_rate": 0.1, "final_learning_rate": 0.01, **changes}
    )


def weights(seed: int) -> Params:
    """A stack of matrices, a matrix and a vector, of very different magnitudes."""
    return {
        "experts": 1e-3 * numbers(seed, 2, 3, 2),
        "matrix": numbers(seed + 1, 3, 2),
        "norm": 1e3 * numbers(seed + 2, 4),
    }


@given(seed=Seeds)
@MANY
def test_the_global_norm_is_the_same_and_never_hides_a_nan(seed: int) -> None:
    gradient = weights(seed)
    ours = {name: tensor(array) for name, array in gradient.items()}
    assert_same(
        scaled_optimizer.global_norm(ours, ONE.world),
        reference_optimizer.global_norm(gradient),
        "norm",
    )
    ours["norm"][0] = np.nan
    assert np.isnan(scaled_optimizer.global_norm(ours, ONE.world))


@pytest.mark.parametrize(
    "changes", combinations(SWITCHES), ids=lambda changes: "-".join(map(str, changes.values()))
)
@given(seed=Seeds)
@FEW
def test_p18_steps_of_adamw_are_the_same_under_every_combination(
    changes: dict[str, Any], seed: int
) -> None:
    settings = config(**changes)
    theirs, their_state = weights(seed), reference_optimizer.initial_optimizer(weights(seed))
    ours = {name: tensor(array) for name, array in theirs.items()}
    our_state = scaled_optimizer.initial_optimizer(ours)
    for step in range(STEPS):
        gradient = weights(seed + step + 1)
        shards = {name: tensor(array) for name, array in gradient.items()}
        norm = scaled_optimizer.global_norm(shards, ONE.world)
        theirs, their_state = reference_optimizer.adamw(
            theirs, gradient, their_state, settings, STEPS, norm
        )
        our_state = scaled_optimizer.adamw(ours, shards, our_state, settings, STEPS, norm)
    assert our_state.step == their_state.step == STEPS
    for name, expected in theirs.items():
        assert_same(ours[name], expected, name)
        assert_same(our_state.first[name], their_state.first[name], f"first {name}")
        assert_same(our_state.second[name], their_state.second[name], f"second {name}")


@pytest.mark.parametrize("strided", ["weight", "gradient", "moments"])
def test_the_order_of_numbers_in_memory_changes_nothing(strided: str) -> None:
    """torch's fused kernel does not look at strides."""
    settings, results = config(clip_norm=0.5, weight_decay=0.2), []
    for lies_otherwise in (False, True):
        shards, gradient = ({"w": tensor(numbers(seed, 3, 2))} for seed in (1, 2))
        state = scaled_optimizer.initial_optimizer(shards)
        tensors = {
            "weight": [shards],
            "gradient": [gradient],
            "moments": [state.first, state.second],
        }
        for named in tensors[strided] if lies_otherwise else ():
            named["w"] = named["w"].T.contiguous().T
        for _ in range(2):
            given = {"w": gradient["w"].clone(memory_format=torch.preserve_format)}
            state = scaled_optimizer.adamw(shards, given, state, settings, STEPS, 1.0)
        results.append((shards["w"], state.first["w"], state.second["w"]))
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)


def test_the_moments_start_at_zero_and_share_no_memory() -> None:
    shards = {name: tensor(array) for name, array in weights(0).items()}
    state = scaled_optimizer.initial_optimizer(shards)
    assert state.step == 0
    for name, shard in shards.items():
        assert not state.first[name].any() and not state.second[name].any()
        assert (
            len({moment.data_ptr() for moment in (shard, state.first[name], state.second[name])})
            == 3
        )
