"""The device a process computes on, and how many threads it may use there."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seed.spec.errors import Reason, SeedError
from seed.spec.extras import install

if TYPE_CHECKING:
    import torch


@contextlib.contextmanager
def torch_required() -> Iterator[None]:
    """Run imports that need torch.

    Raises:
        SeedError: BACKEND_MISSING if one of them fails.
    """
    try:
        yield
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING, f"backend=scaled needs torch: {install('scaled')} ({missing})"
        ) from None


def device_of(local_rank: int, wanted: str) -> "torch.device":
    """The process's own GPU, or the CPU with ``OMP_NUM_THREADS`` threads, by default one.

    Args:
        local_rank: This process among those of its machine, which take different GPUs.
        wanted: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        SeedError: ILLEGAL_VALUE if a GPU is wanted and there is none for this process.
    """
    import torch

    count = torch.cuda.device_count() if wanted != "cpu" else 0
    if wanted == "cuda" and local_rank >= count:
        raise SeedError(
            Reason.ILLEGAL_VALUE,
            f"parallel.device='cuda' needs a GPU for each rank of a machine; there are {count}, and"
            f" this is local rank {local_rank}; legal: auto, cpu",
        )
    if local_rank < count:
        return torch.device("cuda", local_rank)
    # Threads of processes that share cores wait for each other: beside another busy process a
    # second thread made a small model up to ten times slower, and alone a fifth faster. One thread
    # also sums in one order, whatever the machine.
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch.device("cpu")
