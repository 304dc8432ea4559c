"""Helpers of tests that run both backends on equal inputs: tensors, equal weights, bounds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seed.conformance.cases import random_biases
from seed.conformance.compare import assert_close
from seed.reference.model import initial_policy, value_from_policy
from seed.scaled.model import Transformer
from seed.scaled.parallel.mesh import Axis, Mesh, single
from seed.scaled.parallel.parallelize import build, fill, gradients_of
from seed.spec.config import Config
from seed.spec.datatypes import Array, Params
from seed.spec.layout import Layout
from seed.spec.philox import generator

EXACT = 1e-12
"""Bound in float64 for functions and small models: some hundred roundings, far below a mistake."""

CPU = torch.device("cpu")
ONE = single(CPU)
"""The mesh of one process."""


def on_tensors(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the torch backend with all arrays among the arguments as tensors."""
    return function(*(tensor(x) if isinstance(x, np.ndarray) else x for x in arguments))


def tensors(*arrays: Any) -> tuple[Tensor, ...]:
    """Copies of arrays as tensors."""
    return tuple(tensor(array) for array in arrays)


def tensor(array: Any) -> Tensor:
    """A copy of an array as a tensor."""
    return torch.from_numpy(np.array(array))


def assert_same(
    actual: Any, expected: Any, what: str, relative: float = EXACT, scale: float = 0.0
) -> None:
    """Raise unless a result of the torch backend is the reference's.

    Args:
        actual: Tensor or array, or a tuple of them.
        expected: The reference's array or tuple. Integers must be equal, infinities at the same
            indices.
        what: Name of the quantity for the message.
        relative: Bound, relative to the largest magnitude expected.
        scale: Magnitude of what the numbers were computed from, where they may be its small
            difference (a log-probability near 0 is one of two logits).
    """
    if isinstance(expected, tuple):
        assert len(actual) == len(expected), what
        for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_same(one, other, f"{what}[{index}]", relative, scale)
        return
    ours = actual.detach().numpy() if isinstance(actual, Tensor) else np.asarray(actual)
    theirs = np.asarray(expected)
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, expected {theirs.shape}"
    if theirs.dtype.kind in "biu":
        np.testing.assert_array_equal(ours, theirs, err_msg=what)
        return
    special = ~np.isfinite(theirs)
    np.testing.assert_array_equal(ours[special], theirs[special], err_msg=what)
    if not special.all():
        ours, theirs = (np.append(np.where(special, 0.0, array), scale) for array in (ours, theirs))
        assert_close(ours, theirs, relative, what)


def policy_of(config: Config) -> Params:
    """Weights of a policy, larger than initial ones so that probabilities are not all alike."""
    weights = initial_policy(config.model, 5, "float64") | random_biases(config.model)
    return {name: 3.0 * weight for name, weight in weights.items()}


def value_of(config: Config) -> Params:
    """Weights of a value model with a random head: a zero head would hide everything below it."""
    params = value_from_policy(policy_of(config), config.model)
    head = generator(5, "value head").normal(size=params["value_head"].shape)
    return params | {"value_head": head, "value_bias": np.array([0.3])}


def model_of(config: Config, params: Params, mesh: Mesh = ONE) -> Transformer:
    """The torch backend's model of these weights."""
    model = build(config, mesh, is_value="value_head" in params)
    fill(model, lambda name, box: params[name][box])
    return model


def gradient_of(model: Transformer) -> dict[str, Array]:
    """All gradients by name."""
    return {name: gradient.numpy().copy() for name, gradient in gradients_of(model).items()}


def rank_of(layout: Layout, context: int, tensor_rank: int) -> Mesh:
    """The mesh of one of many ranks without the others, for what needs no communication."""
    return replace(
        ONE,
        layout=layout,
        context=Axis("context", layout.cp, context),
        tensor=Axis("tensor", layout.tp, tensor_rank),
        sequence=Axis("sequence", layout.cp * layout.tp, context * layout.tp + tensor_rank),
    )
