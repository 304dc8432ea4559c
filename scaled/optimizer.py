"""AdamW on the shards that this rank holds; the one thing ranks must share is the gradient norm.

Every weight lives on exactly one rank (``spec.layout``), so the global norm is one sum over ranks
of local squares, and the update itself needs no communication.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import adamw as library

from seed.scaled.parallel.collectives import sum_over
from seed.scaled.parallel.mesh import Axis
from seed.spec.config_model import OptimizerConfig
from seed.spec.learning_rate import learning_rate

Shards = dict[str, Tensor]

PIECE = 1 << 16
"""Numbers of a shard that a CPU works on at once: all that belongs to them stays in its cache."""


@dataclass(frozen=True)
class OptimizerState:
    """Moments of this rank's shards and the number of steps taken."""

    first: Shards
    second: Shards
    step: int


def initial_optimizer(shards: Mapping[str, Tensor]) -> OptimizerState:
    """Zero moments."""
    return OptimizerState(
        {name: torch.zeros_like(shard) for name, shard in shards.items()},
        {name: torch.zeros_like(shard) for name, shard in shards.items()},
        0,
    )


def pieces(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Tensors of equal shape in pieces, on a CPU, where several passes over memory cost most."""
    if all(tensor.device.type == "cpu" and tensor.is_contiguous() for tensor in tensors):
        yield from zip(*(tensor.view(-1).split(PIECE) for tensor in tensors), strict=True)
    else:
        yield tensors


def global_norm(gradient: Mapping[str, Tensor], world: Axis) -> float:
    """``sqrt(sum of squares over all entries of all weights on all ranks)``, summed in float64."""
    wide = (piece.double().flatten() for g in gradient.values() for (piece,) in pieces(g))
    squares = [torch.dot(piece, piece) for piece in wide]
    return math.sqrt(float(sum_over(torch.stack(squares).sum(), world)))


@torch.no_grad()
def adamw(
    shards: Mapping[str, Tensor],
    gradient: Mapping[str, Tensor],
    state: OptimizerState,
    config: OptimizerConfig,
    total_steps: int,
    norm: float,
) -> OptimizerState:
    """One step, in place. Decay acts on matrices only, not on norm weights and biases (one axis).

    torch's fused kernel reads and writes all that belongs to a weight once.

    Args:
        shards: This rank's weights; changed.
        gradient: Gradient of the loss summed over all ranks, same names and shapes; changed.
        state: Moments so far; changed.
        config: Learning rate and the constants of the update.
        total_steps: Steps of the whole phase, for the cosine.
        norm: Global norm of the gradient.

    Returns:
        The state after the step.
    """
    rate = learning_rate(state.step, total_steps, config)
    scale = config.clip_norm / norm if 0.0 < config.clip_norm < norm else 1.0
    for name, weight in shards.items():
        # The kernel takes every tensor for contiguous, whatever its strides.
        g = gradient[name].contiguous()
        held = weight, state.first[name], state.second[name]
        w, m, v = (x.to(weight.device).contiguous() for x in held)
        library.adamw(
            [w],
            [g if scale == 1.0 else g.mul_(scale)],
            [m],
            [v],
            [],
            [torch.tensor(float(state.step), device=weight.device)],
            fused=True,
            amsgrad=False,
            maximize=False,
            beta1=config.beta1,
            beta2=config.beta2,
            lr=rate,
            weight_decay=config.weight_decay if weight.ndim > 1 else 0.0,
            eps=config.epsilon,
        )
        for kept, new in zip(held, (w, m, v), strict=True):
            if new is not kept:  # moments that live off the device go back there
                kept.copy_(new)
    return OptimizerState(state.first, state.second, state.step + 1)
