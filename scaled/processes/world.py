"""The processes of a run, and MPI's communicator of all of them. Nothing here loads torch."""

import os
from dataclasses import dataclass
from typing import Any

from seed.spec.errors import Reason, SeedError

LAUNCHERS = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE")
"""Variables that MPICH, PMIx launchers (Slurm among them) and Open MPI set for their processes."""

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class World:
    """The processes that compute together: all trainers, or those of one remote worker.

    Attributes:
        rank, size: This process among them.
        local_rank: This process among all those of its machine: the GPU it takes.
        host: Address under which the others reach this process.
        communicator: Their MPI communicator; None without ``mpirun`` and in a worker process.
        store: Their common key-value store (``torch.distributed``); None for one process.
        watchdog: The thread that ends all ranks when they stall; None for one process.
        everyone: MPI communicator of trainers and supervisors; None without ``mpirun`` or workers.
        worker: Number of the remote worker that these processes are; None for trainers.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    host: str = LOOPBACK
    communicator: Any = None
    store: Any = None
    watchdog: Any = None
    everyone: Any = None
    worker: int | None = None


def started_by_mpi() -> bool:
    """Whether an MPI launcher started this process."""
    return any(name in os.environ for name in LAUNCHERS)


def mpi_communicator() -> Any:
    """MPI's communicator of all processes of the launch.

    Raises:
        SeedError: BACKEND_MISSING without mpi4py.
    """
    try:
        from mpi4py import MPI
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING,
            "mpirun needs mpi4py and an MPI library: pip install 'seed-reasoning[scaled]'"
            f" ({missing})",
        ) from None
    return MPI.COMM_WORLD
