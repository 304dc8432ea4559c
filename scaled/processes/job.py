"""The processes of a launch as one of them sees it: their number, and what they tell each other.

Two launchers are known, MPI's (``mpi_job``) and torchrun's (``environment_job``); without one there
is a single process. What a job carries is small and rare: errors to agree on, an address, the order
to end. Tensors travel in the process group of torch (``launch.join_process_group``). Nothing here
loads MPI or torch.
"""

import os
from typing import Any, NoReturn, Protocol

from seed.scaled.processes.world import World
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError

FLUSH_SECONDS = 0.5
"""Delay before an abort: it discards what the launcher has not yet read from a rank."""


class Job(Protocol):
    """All processes of a launch."""

    def trainers(self, parallel: ParallelConfig) -> int:
        """How many of them train; the others are remote rollout workers.

        Raises:
            SeedError: ILLEGAL_COMBINATION if this launch cannot have these workers.
        """
        ...

    def world(self, parallel: ParallelConfig) -> World:
        """Those that compute together with this one: all trainers, or those of one worker."""
        ...

    def allgather(self, value: Any) -> list[Any]:
        """The values of all processes by rank; all call it."""
        ...

    def broadcast(self, value: Any) -> Any:
        """The value of rank 0; all call it."""
        ...

    def abort(self, code: int) -> NoReturn:
        """End all processes with this exit code, after what was printed has been read."""
        ...


class SingleProcess:
    """A process that no launcher started; its remote workers are its child processes."""

    def trainers(self, parallel: ParallelConfig) -> int:
        """This one.

        Raises:
            SeedError: ILLEGAL_COMBINATION if workers need several ranks.
        """
        if parallel.rollout_workers and parallel.worker_ranks > 1:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"parallel.worker_cp={parallel.worker_cp} and parallel.worker_tp="
                f"{parallel.worker_tp} must be 1 without MPI; with them: mpirun -n"
                f" {1 + parallel.remote_worker_ranks}",
            )
        return 1

    def world(self, parallel: ParallelConfig) -> World:
        """This process alone."""
        return World()

    def allgather(self, value: Any) -> list[Any]:
        """The one value."""
        return [value]

    def broadcast(self, value: Any) -> Any:
        """The one value."""
        return value

    def abort(self, code: int) -> NoReturn:
        """End this process."""
        os._exit(code)
