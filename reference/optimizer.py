"""AdamW with decoupled weight decay, warm-up, constant or cosine learning rate, clipping by the
global norm.

    m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
    w = w - lr ( (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) + decay w )

Sources: Adam arXiv 1412.6980 algorithm 1; decoupled decay arXiv 1711.05101 algorithm 2.
"""

import math
from dataclasses import dataclass

import numpy as np

from seed.spec.config_model import OptimizerConfig
from seed.spec.datatypes import Params


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


def learning_rate(step: int, total_steps: int, config: OptimizerConfig) -> float:
    """Learning rate of the ``step``-th optimizer step, counted from 0.

    Formula: warm-up ``lr (step + 1) / warmup``; then constant, or ``final + (lr - final) (1 +
    cos(pi p)) / 2`` with p running from 0 at the end of the warm-up to 1 at the last step.

    Args:
        step: 0 <= step.
        total_steps: Steps of the whole phase; only the cosine asks for it.
        config: Peak, final rate, schedule, warm-up steps.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.learning_rate
    span = max(total_steps - 1 - config.warmup_steps, 1)
    progress = min((step - config.warmup_steps) / span, 1.0)
    fall = (1.0 + math.cos(math.pi * progress)) / 2.0
    return config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * fall


def global_norm(gradient: Params) -> float:
    """``sqrt(sum of squares over all entries of all weights)``, in float64 and whatever the order
    of the names.

    A restored checkpoint may list its weights in another order; the exact sum of ``fsum`` keeps the
    run bit-equal.
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
) -> tuple[Params, OptimizerState]:
    """One step. Decay acts on matrices only; norm weights and biases (one axis) are left alone.

    Args:
        params: Weights.
        gradient: Gradient of the loss, same names and shapes.
        state: Moments so far.
        config: Learning rate and the constants of the update.
        total_steps: Steps of the whole phase, for the cosine.

    Returns:
        New weights and new state; the arguments are not changed.
    """
    rate = learning_rate(state.step, total_steps, config)
    norm = global_norm(gradient)
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
