"""Which device a process computes on, and how many threads it may use there."""

import os

import torch

from seed.scaled.processes.launch import World
from seed.spec.errors import Reason, SeedError


def device_of(world: World, wanted: str) -> torch.device:
    """The process's own GPU, or the CPU with one thread, or with as many as ``OMP_NUM_THREADS``
    says.

    Args:
        world: The processes; those of one machine take different GPUs.
        wanted: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        SeedError: ILLEGAL_VALUE if there is no GPU for the process and one is wanted.
    """
    count = torch.cuda.device_count() if wanted != "cpu" else 0
    if wanted == "cuda" and world.local_rank >= count:
        raise SeedError(
            Reason.ILLEGAL_VALUE,
            f"parallel.device='cuda' needs a GPU for each rank of a machine; there are {count}, and"
            f" this is local rank {world.local_rank}; legal: auto, cpu",
        )
    if world.local_rank < count:
        return torch.device("cuda", world.local_rank)
    # Threads of processes that share cores wait for each other: beside another busy process a
    # second thread made a small model up to ten times slower, and alone a fifth faster. One also
    # sums in one order, whatever the machine.
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch.device("cpu")
