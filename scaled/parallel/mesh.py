"""The mesh: ranks along the axes of parallelism.

    rank = (data * cp + context) * tp + tensor    attention and everything but the experts
    rank = shard * ep + expert                    the same ranks, for the experts

An axis of one rank has no process group, so a single process needs none at all.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from seed.spec.layout import Layout

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh


@dataclass(frozen=True)
class Axis:
    """The ranks along one axis of the mesh through this rank.

    Attributes:
        name: Name in messages.
        size: Number of ranks.
        rank: Index of this rank, 0 <= rank < size.
        group: Process group; None if the axis has one rank.
    """

    name: str
    size: int = 1
    rank: int = 0
    group: Any = None


@dataclass(frozen=True)
class Mesh:
    """All axes of a layout through one rank.

    Attributes:
        layout: Degrees of parallelism.
        device: Where this rank computes.
        data: Ranks with other sequences.
        context: Ranks with other positions of the same sequences.
        tensor: Ranks with other heads.
        sequence: ``context`` and ``tensor`` together: the ranks that share the tokens of the same
            sequences.
        expert: Ranks with other experts.
        world: All ranks.
        attention_shards, expert_shards, all_shards: Ranks over which FSDP shards each group of
            weights; None for one rank.
    """

    layout: Layout
    device: torch.device
    data: Axis
    context: Axis
    tensor: Axis
    sequence: Axis
    expert: Axis
    world: Axis
    attention_shards: "DeviceMesh | None" = None
    expert_shards: "DeviceMesh | None" = None
    all_shards: "DeviceMesh | None" = None


def single(device: torch.device) -> Mesh:
    """The mesh of one process."""
    names = ("data", "context", "tensor", "sequence", "expert", "world")
    data, context, tensor, sequence, expert, world = (Axis(name) for name in names)
    return Mesh(Layout(), device, data, context, tensor, sequence, expert, world)


def build(layout: Layout, device: torch.device) -> Mesh:
    """The mesh of a layout, over all ranks of the default process group.

    Args:
        layout: Degrees whose product is the number of ranks.
        device: Where this rank computes.
    """
    if layout.ranks == 1:
        return single(device)
    # Takes half a second to import, and one process does not need it.
    from torch.distributed.device_mesh import init_device_mesh

    degrees = (layout.fsdp, layout.cp, layout.tp)
    ranks = init_device_mesh(device.type, degrees, mesh_dim_names=("data", "context", "tensor"))
    experts = init_device_mesh(
        device.type, (layout.efsdp, layout.ep), mesh_dim_names=("shard", "expert")
    )
    # Private, but the only way to get ranks along two axes at once; torchtitan uses it too.
    sequence, attention, world = (
        ranks[names]._flatten(name)
        for names, name in (
            (("context", "tensor"), "sequence"),
            (("data", "context"), "attention"),
            (("data", "context", "tensor"), "world"),
        )
    )
    return Mesh(
        layout,
        device,
        data=_axis(ranks["data"], "data"),
        context=_axis(ranks["context"], "context"),
        tensor=_axis(ranks["tensor"], "tensor"),
        sequence=_axis(sequence, "sequence"),
        expert=_axis(experts["expert"], "expert"),
        world=_axis(world, "world"),
        attention_shards=attention,
        expert_shards=experts["shard"],
        all_shards=world,
    )


def _axis(mesh: "DeviceMesh", name: str) -> Axis:
    size = mesh.size()
    return Axis(name, size, mesh.get_local_rank(), mesh.get_group()) if size > 1 else Axis(name)
