"""Keeping what is not needed now off the device: activations until the backward pass, moments until the next step.

On a GPU "off" is pinned host memory. On a CPU the device's memory is the host's, so "off" is a file without a name that
is mapped into memory: the system writes it out when memory is short. Copies are exact, so no switch changes a number.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

SMALLEST_BYTES = 1 << 16
"""Saved tensors below 64 KiB stay: moving them costs more than they take (Megatron's threshold is a million elements)."""


def away(x: Tensor) -> Tensor:
    """A copy of a tensor off its device."""
    if x.device.type == "cuda":
        held = torch.empty(x.shape, dtype=x.dtype, pin_memory=True)
        return held.copy_(x, non_blocking=False)
    if not x.numel():
        return x.clone()
    descriptor, path = tempfile.mkstemp(prefix="seed-offload-")
    os.close(descriptor)
    try:
        held = torch.from_file(path, shared=True, size=x.numel(), dtype=x.dtype).view(x.shape)
    finally:
        os.unlink(path)  # the mapping keeps the bytes; nothing is left behind, whatever ends the process
    return held.copy_(x)


@dataclass
class Ledger:
    """Bytes that autograd holds for the backward pass.

    Attributes:
        now, peak: Bytes of saved tensors on the device, each storage counted once.
        moved: Bytes that went off the device.
    """

    now: int = 0
    peak: int = 0
    moved: int = 0

    def hold(self, count: int) -> None:
        """Count bytes that are saved, or with a minus that are let go."""
        self.now += count
        self.peak = max(self.peak, self.now)


class _Saved:
    """A saved tensor, on the device or off it; its bytes are let go when autograd lets go of it."""

    def __init__(self, x: Tensor, ledger: Ledger, storages: dict[int, int], offload: bool) -> None:
        self.device, self.ledger, self.storages = x.device, ledger, storages
        self.key = x.untyped_storage().data_ptr()
        self.bytes = x.untyped_storage().nbytes()
        self.offloaded = offload and self.bytes >= SMALLEST_BYTES
        self.held = away(x) if self.offloaded else x
        if self.offloaded:
            ledger.moved += x.numel() * x.element_size()
            return
        storages[self.key] = storages.get(self.key, 0) + 1
        if storages[self.key] == 1:
            ledger.hold(self.bytes)

    def back(self) -> Tensor:
        """The tensor on its device."""
        return self.held.to(self.device) if self.device.type == "cuda" or not self.offloaded else self.held.clone()

    def __del__(self) -> None:
        if self.offloaded:
            return
        self.storages[self.key] -= 1
        if not self.storages[self.key]:
            self.ledger.hold(-self.bytes)


@contextlib.contextmanager
def saved_activations(model: nn.Module, offload: bool, ledger: Ledger) -> Iterator[None]:
    """Count, and with ``offload`` move away, what autograd saves inside the block.

    Args:
        model: Its weights are not activations and stay where they are.
        offload: Whether to move.
        ledger: Where bytes are counted.
    """
    storages: dict[int, int] = {}
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}

    def pack(x: Tensor) -> Any:
        is_weight = isinstance(x, nn.Parameter) or x.untyped_storage().data_ptr() in weights
        return x if is_weight else _Saved(x, ledger, storages, offload)

    def unpack(saved: Any) -> Tensor:
        return saved.back() if isinstance(saved, _Saved) else saved

    with saved_tensors_hooks(pack, unpack):
        yield


Place = Callable[[Tensor], Tensor]
"""Where moments live: ``away``, or ``stay``."""


def stay(x: Tensor) -> Tensor:
    """Leave a tensor where it is."""
    return x
