"""Random initial weights, drawn per name on the host: the same in every backend and layout.

    norms      1
    biases     0
    matrices   normal, standard deviation 1 / sqrt(fan in), which keeps the size of activations
    output and down projections   the same divided by sqrt(2 L), so that L blocks do not add up

Source of the last: GPT-2 (Radford et al. 2019) section 2.3.
"""

import numpy as np

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Array
from seed.spec.philox import generator


def initial_weight(name: str, shape: tuple[int, ...], model: ModelConfig, seed: int) -> Array:
    """One weight, a pure function of its name and the seed: a new weight changes no other.

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
    if name.endswith("_bias"):
        return np.zeros(shape)
    fan_in = 1 if name == "embedding" else shape[-2]
    blocks = 2 * model.layers if name.endswith(("attention.output", "down")) else 1
    random = generator(seed, "initial weights", name)
    weight: Array = (fan_in * blocks) ** -0.5 * random.standard_normal(shape)
    return weight
