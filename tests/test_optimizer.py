"""Laws of AdamW, its schedule and its clipping."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.optimizer import adamw, global_norm, initial_optimizer, learning_rate
from spec.config import OptimizerConfig
from spec.types import Params

LAWS = settings(derandomize=True, deadline=None, max_examples=20)


def config(**changes: object) -> OptimizerConfig:
    """Learning rate 0.1 and some changes."""
    return OptimizerConfig.model_validate({"learning_rate": 0.1, **changes})


def random_params(seed: int) -> Params:
    """A matrix and a vector."""
    random = np.random.default_rng(seed)
    return {"matrix": random.normal(size=(3, 2)), "norm": random.normal(size=4)}


def test_adamw_takes_torchs_steps() -> None:
    import torch

    ours, state = random_params(0), initial_optimizer(random_params(0))
    settings_ = config(weight_decay=0.2, clip_norm=0.0)
    theirs = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in ours.items()}
    groups = [{"params": [theirs["matrix"]], "weight_decay": 0.2}, {"params": [theirs["norm"]], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.1, betas=(0.9, 0.95), eps=1e-8)
    for step in range(5):
        gradient = random_params(step + 1)
        for name, parameter in theirs.items():
            parameter.grad = torch.tensor(gradient[name])
        optimizer.step()
        ours, state = adamw(ours, gradient, state, settings_, 5)
    for name, parameter in theirs.items():
        np.testing.assert_allclose(ours[name], parameter.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_the_first_step_of_adamw_is_the_learning_rate_in_the_direction_of_the_sign() -> None:
    params, gradient = {"w": np.array([1.0, -2.0])}, {"w": np.array([0.3, -5.0])}
    new, state = adamw(params, gradient, initial_optimizer(params), config(clip_norm=0.0), 1)
    np.testing.assert_allclose(new["w"], [0.9, -1.9], atol=1e-8)
    assert state.step == 1
    np.testing.assert_array_equal(params["w"], [1.0, -2.0])
    np.testing.assert_array_equal(gradient["w"], [0.3, -5.0])


def test_cosine_starts_at_the_peak_after_warm_up_and_ends_at_the_final_rate() -> None:
    cosine = config(schedule="cosine", warmup_steps=4, final_learning_rate=0.02)
    rates = [learning_rate(step, 20, cosine) for step in range(22)]
    np.testing.assert_allclose(rates[:5], [0.025, 0.05, 0.075, 0.1, 0.1])
    assert rates[19] == rates[20] == rates[21] == pytest.approx(0.02)
    assert all(a >= b for a, b in pairwise(rates[4:]))
    assert learning_rate(1000, 20, config(warmup_steps=4)) == 0.1


@given(seed=st.integers(0, 1000), factor=st.floats(1.5, 1e6))
@LAWS
def test_beyond_the_clip_norm_only_the_direction_of_the_gradient_counts(seed: int, factor: float) -> None:
    params, gradient = random_params(seed), random_params(seed + 1)
    limit = config(clip_norm=global_norm(gradient))
    larger = {name: g * factor for name, g in gradient.items()}
    (once, first), (again, second) = (
        adamw(params, g, initial_optimizer(params), limit, 1) for g in (gradient, larger)
    )
    for name in params:
        np.testing.assert_allclose(once[name], again[name], rtol=1e-9)
        np.testing.assert_allclose(first.first[name], second.first[name], rtol=1e-9)


def test_decay_acts_on_matrices_only() -> None:
    params: Params = {"matrix": np.ones((2, 2)), "norm": np.ones(2)}
    still: Params = {name: np.zeros_like(weight) for name, weight in params.items()}
    new, _ = adamw(params, still, initial_optimizer(params), config(weight_decay=0.5), 1)
    np.testing.assert_allclose(new["matrix"], 0.95)
    np.testing.assert_array_equal(new["norm"], 1.0)


@given(seed=st.integers(0, 1000))
@LAWS
def test_the_global_norm_is_that_of_all_entries_whatever_the_order_of_names(seed: int) -> None:
    gradient: Params = {f"w{i}": np.random.default_rng(seed + i).normal(size=5) * 10.0**i for i in range(5)}
    backwards = dict(reversed(gradient.items()))
    assert global_norm(gradient) == global_norm(backwards)
    assert global_norm(gradient) == pytest.approx(float(np.linalg.norm(np.concatenate(list(gradient.values())))))
    assert math.isnan(global_norm({"w": np.array([math.nan])}))
