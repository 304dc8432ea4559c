"""Sharding from outside: the same plain modules, with their weights spread over ranks.

    1. tensor and expert parallelism    modules are built with slices (``spec.layout.slice_shape``)
    2. recomputation of blocks          a switch of the model
    3. FSDP (``scaled.parallel.fsdp``)  three groups a block, each over the ranks that hold the same
                                        slices

Gradients are summed, never averaged (divide factor 1): the loss is a sum whose weights are computed
for the whole step. So a weight's gradient is complete when FSDP has summed it over the ranks with
other tokens or other shards, and no weight needs a hook for tensor, context or expert parallelism.
In one process nothing is sharded and FSDP is not even imported.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from seed.scaled.model import Transformer, reference_name
from seed.scaled.parallel.collectives import all_gather
from seed.scaled.parallel.mesh import Axis, Mesh
from seed.scaled.precision import COMPUTE, MASTER
from seed.scaled.processes.watchdog import heartbeat
from seed.spec.config import Config
from seed.spec.datatypes import Array
from seed.spec.layout import group_of, sliced_axis
from seed.spec.weight_source import Box

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor


def build(config: Config, mesh: Mesh, is_value: bool = False) -> Transformer:
    """A model with uninitialised weights, sharded over the mesh.

    Args:
        config: Sizes, precision, recomputation.
        mesh: Ranks.
        is_value: Whether it is a value model.
    """
    return on_meta(config, mesh, is_value).to_empty(device=mesh.device)


def on_meta(config: Config, mesh: Mesh, is_value: bool = False) -> Transformer:
    """The same model without memory: weights have a shape, a shard and a precision, no numbers."""
    with torch.device("meta"):
        model = Transformer(config.model, mesh, is_value).to(MASTER[config.precision])
    model.recompute = config.parallel.recompute
    if mesh.all_shards is not None:
        from seed.scaled.parallel.fsdp import shard

        shard(model, mesh, COMPUTE[config.precision])
    return model


def named(model: nn.Module) -> dict[str, nn.Parameter]:
    """All weights by the reference's names."""
    return {reference_name(name): weight for name, weight in model.named_parameters()}


def shards_of(model: nn.Module) -> dict[str, Tensor]:
    """This rank's shards of all weights; changing them changes the model."""
    return {name: local(weight.detach()) for name, weight in named(model).items()}


def gradients_of(model: nn.Module) -> dict[str, Tensor]:
    """This rank's shards of all gradients; zeros where a weight has none."""
    return {
        name: local(torch.zeros_like(weight) if weight.grad is None else weight.grad).detach()
        for name, weight in named(model).items()
    }


def local(x: Tensor) -> Tensor:
    """The shard behind a distributed tensor, or the tensor itself."""
    return x.to_local() if is_sharded(x) else x


def is_sharded(x: Tensor) -> "TypeGuard[DTensor]":
    """Whether a tensor is distributed; without its class, which one process never imports."""
    return hasattr(x, "to_local")


def fill(model: Transformer, read: Callable[[str, Box], Array]) -> None:
    """Give every weight its slice and shard of a full array.

    Args:
        model: Built by ``build``.
        read: The part in a box of the full array with the reference's name; called once per weight,
            so that only one of them needs to be in memory.
    """
    for name, weight in named(model).items():
        heartbeat()
        mine = read(name, box_of(name, weight, model.mesh))
        local(weight.data).copy_(torch.as_tensor(np.ascontiguousarray(mine)))


def put(shard_: Tensor, name: str, full: Tensor, mesh: Mesh, weight: Tensor) -> None:
    """Write this rank's part of a full tensor into a shard that is sharded like ``weight``."""
    heartbeat()
    shard_.copy_(full[box_of(name, weight, mesh)])


def box_of(name: str, weight: Tensor, mesh: Mesh) -> Box:
    """Where this rank's part of a weight lies in the full one: its slice, and of that its shard.

    Args:
        name: The reference's name.
        weight: This rank's slice, perhaps sharded; only its shape and placement matter.
        mesh: Ranks.

    Returns:
        A slice with explicit bounds per axis; empty where this rank holds nothing.
    """
    bounds = [(0, length) for length in weight.shape]
    if is_sharded(weight):
        from seed.scaled.parallel.fsdp import bounds_of_shard

        bounds = bounds_of_shard(weight)
    axis = sliced_axis(name)
    if axis is not None:
        before = slicing_axis(name, mesh).rank * weight.shape[axis]
        bounds[axis] = (before + bounds[axis][0], before + bounds[axis][1])
    return tuple(slice(*each) for each in bounds)


def slice_of(name: str, full: Tensor, mesh: Mesh) -> Tensor:
    """This rank's heads or experts of a full weight; all of a weight that neither slices."""
    axis, ranks = sliced_axis(name), slicing_axis(name, mesh)
    return full if axis is None else full.chunk(ranks.size, axis)[ranks.rank]


def slicing_axis(name: str, mesh: Mesh) -> Axis:
    """The ranks that hold the other slices of a weight."""
    return {"attention": mesh.tensor, "experts": mesh.expert, "rest": Axis("none")}[group_of(name)]


class Slices(Mapping[str, Tensor]):
    """This rank's slices of all weights, for generation; reading one gathers it. Collective.

    Every rank must read the same weights in the same order. Only what the reader keeps stays in
    memory.
    """

    def __init__(self, model: Transformer, dtype_of: Callable[[str], torch.dtype]) -> None:
        """Gather nothing yet.

        Args:
            model: Built by ``build``.
            dtype_of: The type that a weight is wanted in; its shard is cast before it is gathered.
        """
        self.weights, self.dtype_of = named(model), dtype_of

    def __getitem__(self, name: str) -> Tensor:
        """The slice of a weight, FSDP shards gathered."""
        weight = self.weights[name]
        return unsharded(weight, local(weight.detach()).to(self.dtype_of(name)))

    def __iter__(self) -> Iterator[str]:
        """The reference's names."""
        return iter(self.weights)

    def __len__(self) -> int:
        """Number of weights."""
        return len(self.weights)


def unsharded(weight: Tensor, shard_: Tensor) -> Tensor:
    """Gather a shard that is sharded like ``weight`` over its FSDP ranks. Collective."""
    if not is_sharded(weight):
        return shard_.detach()
    from seed.scaled.parallel.fsdp import gathered

    return gathered(shard_, weight)


def wholes(model: Transformer, shards: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The full tensors of sharded weights, gradients or moments, one by one. Collective.

    Args:
        model: The model whose weights are sharded alike.
        shards: Reference name -> this rank's shard.
    """
    weights = named(model)
    for name, shard_ in shards.items():
        piece = unsharded(weights[name], shard_.to(model.mesh.device))
        yield name, unsliced(name, piece, model.mesh)


def unsliced(name: str, piece: Tensor, mesh: Mesh) -> Tensor:
    """The full weight of which each rank holds a slice (``slice_of``). Collective."""
    axis, ranks = sliced_axis(name), slicing_axis(name, mesh)
    if axis is None or ranks.size == 1:
        return piece
    return all_gather(piece.movedim(axis, 0), ranks).movedim(0, axis)
