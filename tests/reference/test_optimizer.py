"""Properties of AdamW and its clipping."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.optimizer import OptimizerState, adamw, global_norm, initial_optimizer
from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Params

MANY = settings(max_examples=20)


def config(**changes: object) -> OptimizerConfig:
    """Learning rate 0.1 and some changes."""
    return OptimizerConfig.model_validate({"learning_rate": 0.1, **changes})


def random_params(seed: int) -> Params:
    """A matrix and a vector."""
    random = np.random.default_rng(seed)
    return {"matrix": random.normal(size=(3, 2)), "norm": random.normal(size=4)}


def stepped(
    params: Params,
    gradient: Params,
    state: OptimizerState,
    config: OptimizerConfig,
    total_steps: int,
) -> tuple[Params, OptimizerState]:
    """A step with the norm of its gradient."""
    return adamw(params, gradient, state, config, total_steps, global_norm(gradient))


def test_adamw_takes_torchs_steps() -> None:
    import torch

    torch.set_num_threads(1)

    ours, state = random_params(0), initial_optimizer(random_params(0))
    settings_ = config(weight_decay=0.2, clip_norm=0.0)
    theirs = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in ours.items()}
    groups = [
        {"params": [theirs["matrix"]], "weight_decay": 0.2},
        {"params": [theirs["norm"]], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.1, betas=(0.9, 0.95), eps=1e-8)
    for step in range(5):
        gradient = random_params(step + 1)
        for name, parameter in theirs.items():
            parameter.grad = torch.tensor(gradient[name])
        optimizer.step()
        ours, state = stepped(ours, gradient, state, settings_, 5)
    for name, parameter in theirs.items():
        np.testing.assert_allclose(ours[name], parameter.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_the_first_step_of_adamw_is_the_learning_rate_in_the_direction_of_the_sign() -> None:
    params, gradient = {"w": np.array([1.0, -2.0])}, {"w": np.array([0.3, -5.0])}
    new, state = stepped(params, gradient, initial_optimizer(params), config(clip_norm=0.0), 1)
    np.testing.assert_allclose(new["w"], [0.9, -1.9], atol=1e-8)
    assert state.step == 1
    np.testing.assert_array_equal(params["w"], [1.0, -2.0])
    np.testing.assert_array_equal(gradient["w"], [0.3, -5.0])


@given(seed=st.integers(0, 1000), factor=st.floats(1.5, 1e6))
@MANY
def test_beyond_the_clip_norm_only_the_direction_of_the_gradient_counts(
    seed: int, factor: float
) -> None:
    params, gradient = random_params(seed), random_params(seed + 1)
    limit = config(clip_norm=global_norm(gradient))
    larger = {name: g * factor for name, g in gradient.items()}
    (once, first), (again, second) = (
        stepped(params, g, initial_optimizer(params), limit, 1) for g in (gradient, larger)
    )
    for name in params:
        np.testing.assert_allclose(once[name], again[name], rtol=1e-9)
        np.testing.assert_allclose(first.first[name], second.first[name], rtol=1e-9)


def test_decay_acts_on_matrices_only() -> None:
    params: Params = {"matrix": np.ones((2, 2)), "norm": np.ones(2)}
    still: Params = {name: np.zeros_like(weight) for name, weight in params.items()}
    new, _ = stepped(params, still, initial_optimizer(params), config(weight_decay=0.5), 1)
    np.testing.assert_allclose(new["matrix"], 0.95)
    np.testing.assert_array_equal(new["norm"], 1.0)


@given(seed=st.integers(0, 1000))
@MANY
def test_the_global_norm_is_that_of_all_entries_whatever_the_order_of_names(seed: int) -> None:
    gradient: Params = {
        f"w{i}": np.random.default_rng(seed + i).normal(size=5) * 10.0**i for i in range(5)
    }
    backwards = dict(reversed(gradient.items()))
    assert global_norm(gradient) == global_norm(backwards)
    assert global_norm(gradient) == pytest.approx(
        float(np.linalg.norm(np.concatenate(list(gradient.values()))))
    )
    assert math.isnan(global_norm({"w": np.array([math.nan])}))


def test_two_steps_of_adamw_are_those_worked_out_by_hand() -> None:
    """beta1 = 0.5, beta2 = 0.75, gradients 2 and then -1 on a matrix of one entry 1 with decay
    0.1.
    """
    halves = config(beta1=0.5, beta2=0.75, epsilon=0.5, weight_decay=0.1, clip_norm=0.0)
    params: Params = {"w": np.array([[1.0]])}
    once, state = stepped(params, {"w": np.array([[2.0]])}, initial_optimizer(params), halves, 2)
    # m = 1, v = 1; both corrected by their decay: m = 2, v = 4; so w = 1 - 0.1 (2 / 2.5 + 0.1) =
    # 0.91
    assert (state.first["w"].item(), state.second["w"].item(), state.step) == (1.0, 1.0, 1)
    assert once["w"].item() == pytest.approx(0.91, abs=1e-15)
    twice, state = stepped(once, {"w": np.array([[-1.0]])}, state, halves, 2)
    # m = 0.5 - 0.5 = 0, v = 0.75 + 0.25 = 1; only the decay is left: w = 0.91 - 0.1 (0.1 * 0.91) =
    # 0.9009
    assert (state.first["w"].item(), state.second["w"].item(), state.step) == (0.0, 1.0, 2)
    assert twice["w"].item() == pytest.approx(0.9009, abs=1e-15)


def test_the_second_step_corrects_both_moments_by_the_square_of_their_decay() -> None:
    """The same gradient twice: m = 1.5, v = 1.75; corrected by 0.75 and 0.4375 they are 2 and 4
    again.
    """
    halves = config(beta1=0.5, beta2=0.75, epsilon=0.5, clip_norm=0.0)
    params, gradient = {"w": np.array([1.0])}, {"w": np.array([2.0])}
    once, state = stepped(params, gradient, initial_optimizer(params), halves, 2)
    twice, state = stepped(once, gradient, state, halves, 2)
    assert (state.first["w"].item(), state.second["w"].item()) == (1.5, 1.75)
    assert twice["w"].item() == pytest.approx(1.0 - 2 * 0.1 * 0.8, abs=1e-15)


def test_the_moments_start_at_zero_and_share_no_memory() -> None:
    params = random_params(0)
    state = initial_optimizer(params)
    assert state.step == 0
    for name, weight in params.items():
        for moment in (state.first[name], state.second[name]):
            assert moment.shape == weight.shape
            assert moment.dtype == weight.dtype
            assert not moment.any()
        assert not np.shares_memory(state.first[name], state.second[name])


@given(seed=st.integers(0, 1000), limit=st.floats(1e-3, 10.0))
@MANY
def test_clipping_bounds_the_norm_used_and_keeps_the_direction(seed: int, limit: float) -> None:
    params, gradient = random_params(seed), random_params(seed + 1)
    _, state = stepped(
        params, gradient, initial_optimizer(params), config(clip_norm=limit, beta1=0.5), 1
    )
    used = {name: 2.0 * moment for name, moment in state.first.items()}
    norm = global_norm(gradient)
    assert global_norm(used) == pytest.approx(min(norm, limit))
    for name in params:
        np.testing.assert_allclose(
            used[name] / global_norm(used), gradient[name] / norm, rtol=1e-12
        )


@pytest.mark.parametrize("limit", [0.0, 1e6])
def test_a_gradient_within_the_limit_or_without_one_is_used_as_it_is(limit: float) -> None:
    params, gradient = random_params(0), random_params(1)
    _, state = stepped(
        params, gradient, initial_optimizer(params), config(clip_norm=limit, beta1=0.5), 1
    )
    for name in params:
        np.testing.assert_array_equal(2.0 * state.first[name], gradient[name])


def test_a_step_changes_none_of_its_arguments() -> None:
    params, gradient = random_params(0), random_params(1)
    limit = config(clip_norm=0.1, weight_decay=0.3)
    params, state = stepped(params, gradient, initial_optimizer(params), limit, 3)
    given_to_it = (params, gradient, state.first, state.second)
    before = [{name: array.copy() for name, array in tree.items()} for tree in given_to_it]
    stepped(params, gradient, state, limit, 3)
    for tree, copies in zip(given_to_it, before, strict=True):
        for name, array in tree.items():
            np.testing.assert_array_equal(array, copies[name])
    assert state.step == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_keeps_the_precision_of_weights_and_moments(dtype: type[np.floating]) -> None:
    params: Params = {name: array.astype(dtype) for name, array in random_params(0).items()}
    new, state = stepped(
        params, params, initial_optimizer(params), config(clip_norm=0.5, weight_decay=0.1), 1
    )
    for tree in (new, state.first, state.second):
        assert all(array.dtype == dtype for array in tree.values())
