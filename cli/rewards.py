"""Reward functions on the command line: ``--reward PATH.py:FUNCTION[,WEIGHT]``."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.spec.config_files import Layer


def weights_of_functions(rewards: Sequence[str]) -> dict[str, float]:
    """The setting ``reward.functions`` from ``PATH.py:FUNCTION[,WEIGHT]`` or ``verifier[,WEIGHT]``.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    weights: dict[str, float] = {}
    for reward in rewards:
        address, comma, weight = reward.rpartition(",")
        if not comma:
            address, weight = reward, "1"
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            line = f"--reward {reward}: {weight!r} is no weight; write PATH.py:FUNCTION,WEIGHT"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        if address in weights:
            raise SeedError(Reason.ILLEGAL_VALUE, f"--reward {reward}: {address} is given twice")
        weights[address] = value
    return weights


def without_functions(layers: "Sequence[Layer]") -> "list[Layer]":
    """The layers without the reward functions of a file, whose place ``--reward`` takes."""
    from seed.spec.config_files import FILE, Layer

    result = []
    for layer in layers:
        tree, reward = dict(layer.tree), layer.tree.get("reward")
        if layer.origin.startswith(FILE) and isinstance(reward, Mapping):
            idle = ("functions", "sha256")
            tree["reward"] = {key: value for key, value in reward.items() if key not in idle}
        result.append(Layer(layer.origin, tree))
    return result


def reward_text(address: str, weight: float) -> str:
    """A reward function and its weight."""
    return address if weight == 1.0 else f"{weight:g} * {address}"
