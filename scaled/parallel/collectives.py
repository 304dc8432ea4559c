"""All communication but FSDP's; each backward pass is the transpose of the forward pass.

================ ========================================== ==========================
call             forward                                    backward
================ ========================================== ==========================
all_gather       concatenate the ranks' rows                reduce-scatter
reduce_scatter   sum over ranks, keep this rank's rows      all-gather
exchange         send rows to their ranks (uneven)          send the gradients back
exchange_counts  send each rank its number of rows          none
sum_over         sum over ranks                             none: outside of gradients
max_over         largest over ranks                         none
gather_objects   Python values of all ranks                 none
broadcast_object Python value of the first rank             none
================ ========================================== ==========================

``GatherWeights`` and ``ScatterGradients`` are FSDP's own calls, reported to the watchdog.

On an axis of one rank every call returns its argument. The calls are built on c10d, because torch's
functional ``all_reduce`` is its own transpose: gradients would be too large by the number of ranks.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from seed.scaled.parallel.mesh import Axis
from seed.scaled.processes.watchdog import collective

# torch 2.13 renamed two calls; we run on 2.11 and later.
_gather_rows: Callable[..., Any] = (
    getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
)
_scatter_rows: Callable[..., Any] = (
    getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor
)


class _AllGather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, axis: Axis) -> Tensor:
        context.axis = axis
        return _gathered(x, axis)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _scattered(gradients[0], context.axis), None


class _ReduceScatter(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, axis: Axis) -> Tensor:
        context.axis = axis
        return _scattered(x, axis)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _gathered(gradients[0], context.axis), None


class _Exchange(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, x: Tensor, sent: list[int], received: list[int], axis: Axis
    ) -> Tensor:
        context.counts, context.axis = (sent, received), axis
        return _exchanged(x, sent, received, axis)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        sent, received = context.counts
        return _exchanged(gradients[0], received, sent, context.axis), None, None, None


def all_gather(x: Tensor, axis: Axis) -> Tensor:
    """The rows of all ranks of the axis, one after the other [size * rows, ...].

    Formula: ``y`` = all ranks' ``x``; ``dx`` = this rank's rows of ``sum dy``.
    Source: transpose of a linear map.
    """
    return x if axis.size == 1 else _AllGather.apply(x, axis)


def reduce_scatter(x: Tensor, axis: Axis) -> Tensor:
    """This rank's rows of the sum over ranks [rows / size, ...].

    Formula: ``y`` = this rank's rows of ``sum x``; ``dx`` = all ranks' ``dy``.
    Source: transpose of a linear map.
    """
    return x if axis.size == 1 else _ReduceScatter.apply(x, axis)


def exchange(x: Tensor, sent: list[int], received: list[int], axis: Axis) -> Tensor:
    """Send ``sent[r]`` consecutive rows to each rank r and receive ``received[r]`` from each.

    Formula: ``y`` = the rows that the others sent here; ``dx`` = ``dy``, sent back.
    Source: transpose of a linear map.
    """
    return x if axis.size == 1 else _Exchange.apply(x, sent, received, axis)


def exchange_counts(counts: Tensor, axis: Axis) -> Tensor:
    """Send an equal part of the integers to each rank; part r of the result is from rank r."""
    if axis.size == 1:
        return counts
    out = torch.empty_like(counts)
    with collective("all_to_all of counts", axis.name):
        dist.all_to_all_single(out, counts.contiguous(), group=axis.group)
    return out


def sum_over(x: Tensor, axis: Axis) -> Tensor:
    """Sum over the ranks of the axis, without gradient."""
    if axis.size == 1:
        return x
    out = x.detach().clone()
    with collective("all_reduce", axis.name):
        dist.all_reduce(out, group=axis.group)
    return out


def max_over(x: Tensor, axis: Axis) -> Tensor:
    """Largest value over the ranks of the axis, without gradient."""
    if axis.size == 1:
        return x
    out = x.detach().clone()
    with collective("all_reduce", axis.name):
        dist.all_reduce(out, op=dist.ReduceOp.MAX, group=axis.group)
    return out


def gather_objects(value: Any, axis: Axis) -> list[Any]:
    """The Python values of all ranks of the axis, in their order."""
    if axis.size == 1:
        return [value]
    out: list[Any] = [None] * axis.size
    with collective("all_gather of objects", axis.name):
        dist.all_gather_object(out, value, group=axis.group)
    return out


def broadcast_object(value: Any, axis: Axis) -> Any:
    """The Python value of the axis's first rank, on all its ranks; other values are ignored.

    It is sent once and held twice for a moment, pickled and not, whatever the number of ranks.
    """
    if axis.size == 1:
        return value
    only = [value if axis.rank == 0 else None]
    with collective("broadcast of an object", axis.name):
        dist.broadcast_object_list(only, group=axis.group, group_src=0)
    return only[0]


class _Reported:
    """A communication of FSDP that is reported to the watchdog with the name of its ranks."""

    def __init__(self, ranks: str) -> None:
        self.ranks = ranks

    def allocate(self, size: Sequence[int], *, dtype: torch.dtype, device: torch.device) -> Tensor:
        """A buffer for what is sent or received."""
        return torch.empty(*size, dtype=dtype, device=device)


class GatherWeights(_Reported):
    """FSDP's all-gather of the shards of weights before they are used."""

    def __call__(
        self, output_tensor: Tensor, input_tensor: Tensor, group: Any, async_op: bool = False
    ) -> Any:
        """Gather."""
        with collective("all_gather of weights", self.ranks):
            return _gather_rows(output_tensor, input_tensor, group=group, async_op=async_op)


class ScatterGradients(_Reported):
    """FSDP's reduce-scatter of gradients in the backward pass."""

    def __call__(
        self,
        output_tensor: Tensor,
        input_tensor: Tensor,
        group: Any,
        op: Any,
        async_op: bool = False,
    ) -> Any:
        """Sum over ranks and keep this rank's shard."""
        with collective("reduce_scatter of gradients", self.ranks):
            return _scatter_rows(output_tensor, input_tensor, op=op, group=group, async_op=async_op)


def _gathered(x: Tensor, axis: Axis) -> Tensor:
    out = x.new_empty((axis.size * x.shape[0], *x.shape[1:]))
    with collective("all_gather", axis.name):
        _gather_rows(out, x.contiguous(), group=axis.group)
    return out


def _scattered(x: Tensor, axis: Axis) -> Tensor:
    out = x.new_empty((x.shape[0] // axis.size, *x.shape[1:]))
    with collective("reduce_scatter", axis.name):
        _scatter_rows(out, x.contiguous(), group=axis.group)
    return out


def _exchanged(x: Tensor, sent: list[int], received: list[int], axis: Axis) -> Tensor:
    out = x.new_empty((sum(received), *x.shape[1:]))
    with collective("all_to_all", axis.name):
        dist.all_to_all_single(out, x.contiguous(), received, sent, group=axis.group)
    return out
