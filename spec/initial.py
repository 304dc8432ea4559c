"""Random starting weights, drawn on the host per name: the same for both backends and for every
layout.

Norms are 1. Matrices are normal with standard deviation 1/sqrt(fan in), which keeps the size of
what passes through; those that write into the residual stream get it divided by sqrt(2 L) (GPT-2),
so that L blocks do not add up.
"""

import numpy as np

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array
from seed.spec.philox import generator


def initial_weight(name: str, shape: tuple[int, ...], model: ModelConfig, seed: int) -> Array:
    """One weight, a pure function of its name and the seed: adding a weight moves no other.

    Args:
        name: Name of the weight, as in ``spec.weights``.
        shape: Its full shape.
        model: Sizes; only the number of layers matters.
        seed: Run seed.

    Returns:
        The weight in float64.
    """
    if name.endswith("norm"):
        return np.ones(shape)
    fan_in = 1 if name == "embedding" else shape[-2]
    blocks = 2 * model.layers if name.endswith(("attention.output", "down")) else 1
    drawn: Array = (fan_in * blocks) ** -0.5 * generator(
        seed, "initial weights", name
    ).standard_normal(shape)
    return drawn
