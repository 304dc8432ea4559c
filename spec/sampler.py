"""What a sampler needs besides weights and requests."""

from dataclasses import dataclass

from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Sampling


@dataclass(frozen=True)
class SamplerSpec:
    """Which model samples, how, and from which random numbers.

    Attributes:
        model: Sizes of the model.
        sampling: Temperature, nucleus and token limit.
        seed: Run seed.
        purpose: Name of the random numbers: training and evaluation never share them.
        optimizer_step: Version of the weights, recorded with every token.
    """

    model: ModelConfig
    sampling: Sampling
    seed: int
    purpose: str
    optimizer_step: int
