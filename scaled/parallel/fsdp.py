"""FSDP2: weights sharded over ranks, in three groups a block.

    experts     over the ranks that hold the same experts
    heads       over data x context
    the rest    over all ranks; correction biases apart, as they are not cast

Gradients are summed, never averaged (divide factor 1); the reason is in
``scaled.parallel.parallelize``. Only imported where there are several ranks: it takes a second.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Shard

from seed.scaled.model import Block, Transformer
from seed.scaled.parallel.collectives import GatherWeights, ScatterGradients
from seed.scaled.parallel.mesh import Mesh
from seed.scaled.processes.watchdog import collective
from seed.spec.layout import sharded_axis


def shard(model: Transformer, mesh: Mesh, compute: torch.dtype) -> None:
    """Apply FSDP in place, innermost groups first.

    Args:
        model: Built with this rank's slices.
        mesh: Several ranks.
        compute: Precision of the forward and backward pass.
    """
    assert mesh.all_shards is not None
    assert mesh.attention_shards is not None and mesh.expert_shards is not None
    master = model.embedding.dtype
    cast = None if compute == master else compute

    def over(
        module: nn.Module,
        ranks: DeviceMesh,
        names: str,
        param_dtype: torch.dtype | None = cast,
        **placement: Any,
    ) -> None:
        policy = MixedPrecisionPolicy(
            param_dtype=param_dtype, reduce_dtype=master, cast_forward_inputs=False
        )
        # Without reshard_after_forward the outermost group would stay gathered after a forward pass
        # without backward, and the next one would compute with weights from before an optimizer
        # step.
        sharded = fully_shard(
            module, mesh=ranks, mp_policy=policy, reshard_after_forward=True, **placement
        )
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(True)  # gloo has no sum that multiplies first
        # Both have the methods of torch's protocols, which are private.
        sharded.set_custom_all_gather(GatherWeights(names))  # type: ignore[arg-type]
        sharded.set_custom_reduce_scatter(ScatterGradients(names))  # type: ignore[arg-type]

    for block in model.layers:
        assert isinstance(block, Block)
        if block.is_moe:
            experts = mesh.expert_shards
            over(
                block.moe.experts,
                experts,
                "expert shards",
                shard_placement_fn=_experts_placement(experts.size()),
            )
            if block.moe.correction is not None:
                over(block.moe.correction, mesh.all_shards, "world", param_dtype=None)
        over(block.attention.heads, mesh.attention_shards, "attention shards")
        over(block, mesh.all_shards, "world")
    over(model, mesh.all_shards, "world")


def bounds_of_shard(weight: DTensor) -> list[tuple[int, int]]:
    """First and one past the last row of this rank's shard, for each axis of a sharded weight.

    An axis is cut into ``ceil(rows / ranks)`` rows a rank, so the last ranks may hold less or
    nothing.
    """
    (placement,) = weight.placements
    assert isinstance(placement, Shard)
    bounds = [(0, length) for length in weight.shape]
    rows = weight.shape[placement.dim]
    each = -(-rows // weight.device_mesh.size())
    rank = weight.device_mesh.get_local_rank()
    bounds[placement.dim] = (min(rank * each, rows), min((rank + 1) * each, rows))
    return bounds


def gathered(shard_: Tensor, weight: DTensor) -> Tensor:
    """The whole tensor of which each rank has a shard, sharded like ``weight``. Collective."""
    if not isinstance(shard_, DTensor):
        shard_ = DTensor.from_local(
            shard_,
            weight.device_mesh,
            weight.placements,
            run_check=False,
            shape=weight.shape,
            stride=weight.stride(),
        )
    with collective("all_gather of weights", "shards"):
        return shard_.full_tensor().detach()


def _experts_placement(shards: int) -> Callable[[nn.Parameter], Shard]:
    return lambda weight: Shard(sharded_axis(tuple(weight.shape), "moe.gate", shards))
