"""The learning rate of every optimizer step: the same bits in every backend."""

import math

from seed.spec.config_model import OptimizerConfig


def learning_rate(step: int, total_steps: int, config: OptimizerConfig) -> float:
    """Learning rate of the ``step``-th optimizer step, counted from 0.

    Formula: warm-up ``lr (step + 1) / warmup``; then constant, or
    ``final + (lr - final) (1 + cos(pi p)) / 2`` with p running from 0 at the end of the warm-up to
    1 at the last step.
    Source: SGDR arXiv 1608.03983 eq. 5, without restarts.

    Args:
        step: 0 <= step.
        total_steps: Steps of the whole phase; only the cosine depends on it.
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
