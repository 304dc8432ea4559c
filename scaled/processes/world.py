"""The processes that compute together. Nothing here loads torch or MPI."""

from dataclasses import dataclass
from typing import Any

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class World:
    """The processes that compute together: all trainers, or those of one remote worker.

    Attributes:
        rank, size: This process among them.
        local_rank: This process among all those of its machine: the GPU it takes.
        local_size: How many of them are on its machine.
        host: Address under which the others reach this process.
        job: All processes of the launch (``job.Job``); None without a launcher and in a
            worker process.
        peers: These processes alone, as a job; None where ``job`` is.
        store: Their common key-value store (``torch.distributed``); None for one process.
        watchdog: The thread that ends all ranks when they stall; None for one process.
        everyone: MPI communicator of trainers and supervisors; None without ``mpirun`` or workers.
        worker: Number of the remote worker that these processes are; None for trainers.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    host: str = LOOPBACK
    job: Any = None
    peers: Any = None
    store: Any = None
    watchdog: Any = None
    everyone: Any = None
    worker: int | None = None
