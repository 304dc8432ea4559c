"""Offloading: activations leave the device until the backward pass, moments until the next step.

From a GPU they go to pinned host memory. On a CPU they go to an unnamed file in ``TMPDIR`` that is
mapped into memory, which the system writes out when memory is short. Copies are exact and return
with the strides they had, so no switch changes a number.

Storages are counted and moved, not tensors: autograd may save one storage many times, whole and in
views, and it is freed with its last user. So a storage is counted once and moved once.
"""

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

SMALLEST_BYTES = 1 << 16
"""Storages below 64 KiB stay: moving them costs more than they take (Megatron's threshold is a
million elements).
"""


def away(x: Tensor) -> Tensor:
    """A copy of a tensor off its device."""
    if x.device.type == "cuda":
        return torch.empty(x.shape, dtype=x.dtype, pin_memory=True).copy_(x)
    if not x.numel():
        return x.clone()
    descriptor, path = tempfile.mkstemp(prefix="seed-offload-")
    os.close(descriptor)
    try:
        held = torch.from_file(path, shared=True, size=x.numel(), dtype=x.dtype).view(x.shape)
    finally:
        os.unlink(path)  # the mapping keeps the bytes, and no exit of the process leaves a file
    return held.copy_(x)


def stay(x: Tensor) -> Tensor:
    """Leave a tensor where it is."""
    return x


@dataclass
class Ledger:
    """Bytes that autograd holds for the backward pass, each storage counted once.

    With recomputation that is the input of every block. What a block recomputes exists during its
    own backward pass only and is not counted.

    Attributes:
        now, peak: On the device.
        off: Off the device.
        moved: Sum of all that was moved off the device.
    """

    now: int = 0
    peak: int = 0
    off: int = 0
    moved: int = 0

    def hold(self, count: int) -> None:
        """Count bytes that are saved on the device; negative when they are freed."""
        self.now += count
        self.peak = max(self.peak, self.now)

    def move(self, count: int) -> None:
        """Count bytes that are moved off the device; negative when they are freed there."""
        self.off += count
        self.moved += max(count, 0)


class _Holding:
    """A storage that saved tensors share, on the device or off it; freed with the last of them."""

    def __init__(self, x: Tensor, ledger: Ledger, offload: bool) -> None:
        storage = x.untyped_storage()
        self.device, self.bytes, self.ledger = x.device, storage.nbytes(), ledger
        self.is_off = offload and self.bytes >= SMALLEST_BYTES
        # While this weak reference exists, no other storage can have the same address.
        self.reference = StorageWeakRef(storage)
        all_bytes = torch.empty(0, dtype=torch.uint8, device=x.device).set_(storage)
        self.held = away(all_bytes) if self.is_off else all_bytes
        (ledger.move if self.is_off else ledger.hold)(self.bytes)

    def on_device(self) -> Tensor:
        """All bytes of the storage on the device; on a CPU that is no copy."""
        return self.held.to(self.device)

    def __del__(self) -> None:
        (self.ledger.move if self.is_off else self.ledger.hold)(-self.bytes)


@dataclass(frozen=True)
class _Saved:
    """A saved tensor as a view of its storage."""

    holding: _Holding
    dtype: torch.dtype
    size: torch.Size
    stride: tuple[int, ...]
    offset: int

    def back(self) -> Tensor:
        """The tensor, with the bits and the strides that it had."""
        storage = self.holding.on_device().untyped_storage()
        empty = torch.empty(0, dtype=self.dtype, device=self.holding.device)
        return empty.set_(storage, self.offset, self.size, self.stride)


@contextlib.contextmanager
def saved_activations(offload: bool, ledger: Ledger) -> Iterator[None]:
    """Count, and with ``offload`` move, what autograd saves inside the block, except weights.

    Args:
        offload: Whether to move.
        ledger: Counts the bytes.
    """
    holdings: weakref.WeakValueDictionary[tuple[int, int], _Holding] = weakref.WeakValueDictionary()

    def pack(x: Tensor) -> Any:
        if isinstance(x, nn.Parameter) or isinstance(x._base, nn.Parameter):
            return x
        # The version separates the states of a storage before and after it was written to.
        key = (x.untyped_storage()._cdata, x._version)
        holding = holdings.get(key)
        if holding is None:
            holding = holdings[key] = _Holding(x.detach(), ledger, offload)
        return _Saved(holding, x.dtype, x.size(), x.stride(), int(x.storage_offset()))

    def unpack(saved: Any) -> Tensor:
        return saved.back() if isinstance(saved, _Saved) else saved

    with saved_tensors_hooks(pack, unpack):
        yield
