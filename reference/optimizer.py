"""AdamW with decoupled weight decay and clipping by the global norm.

    m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
    w = w - lr ( (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) + decay w )

Sources: Adam arXiv 1412.6980 algorithm 1; decoupled decay arXiv 1711.05101 algorithm 2.
"""

import math
from dataclasses import dataclass

import numpy as np

from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Params
from seed.spec.learning_rate import learning_rate


@dataclass(frozen=True)
class OptimizerState:
    """Moments of every weight and the number of steps taken."""

    first: Params
    second: Params
    step: int


def initial_optimizer(params: Params) -> OptimizerState:
    """Zero moments."""
    zeros = {name: np.zeros_like(weight) for name, weight in params.items()}
    return OptimizerState(zeros, {name: moment.copy() for name, moment in zeros.items()}, 0)


def global_norm(gradient: Params) -> float:
    """Euclidean norm of the gradient, in float64.

    Formula: ``sqrt(sum g^2)`` over all entries of all weights.
    Source: definition.

    A restored checkpoint may list its weights in another order; the exact sum of ``fsum`` does not
    depend on it, so a resumed run is bit-equal.
    """
    return math.sqrt(
        math.fsum(float(np.sum(np.square(g, dtype=np.float64))) for g in gradient.values())
    )


def adamw(
    params: Params,
    gradient: Params,
    state: OptimizerState,
    config: OptimizerConfig,
    total_steps: int,
    norm: float,
) -> tuple[Params, OptimizerState]:
    """One step. Decay acts on matrices only; norm weights and biases (one axis) are left alone.

    Formula: ``w -= lr (m^ / (sqrt(v^) + eps) + decay w)``.
    Source: arXiv 1711.05101 algorithm 2.

    Args:
        params: Weights.
        gradient: Gradient of the loss, same names and shapes.
        state: Moments so far.
        config: Learning rate and the constants of the update.
        total_steps: Steps of the whole phase, for the cosine.
        norm: Global norm of the gradient, ``global_norm``.

    Returns:
        New weights and new state; the arguments are not changed.
    """
    rate = learning_rate(state.step, total_steps, config)
    scale = config.clip_norm / norm if 0.0 < config.clip_norm < norm else 1.0
    t = state.step + 1
    new, first, second = {}, {}, {}
    for name, weight in params.items():
        g = gradient[name] * scale
        m = first[name] = config.beta1 * state.first[name] + (1.0 - config.beta1) * g
        v = second[name] = config.beta2 * state.second[name] + (1.0 - config.beta2) * g * g
        direction = (m / (1.0 - config.beta1**t)) / (
            np.sqrt(v / (1.0 - config.beta2**t)) + config.epsilon
        )
        decay = config.weight_decay if weight.ndim > 1 else 0.0
        new[name] = (weight - rate * (direction + decay * weight)).astype(weight.dtype)
    return new, OptimizerState(first, second, t)
