"""A job that an MPI launcher started: MPI counts the processes and carries what they tell."""

import ctypes
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from seed.scaled.processes.job import FLUSH_SECONDS
from seed.scaled.processes.launcher import Launcher
from seed.scaled.processes.world import LOOPBACK, World
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import install


class MpiJob:
    """The processes of a communicator; fulfils ``job.Job``."""

    def __init__(self, communicator: Any) -> None:
        self.communicator = communicator

    def trainers(self, parallel: ParallelConfig) -> int:
        """All ranks but the last, which are remote workers.

        Raises:
            SeedError: ILLEGAL_COMBINATION if none is left to train.
        """
        ranks: int = self.communicator.size
        trainers = ranks - parallel.remote_worker_ranks
        if trainers < 1:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"parallel.rollout_workers={parallel.rollout_workers} of {parallel.worker_ranks}"
                f" ranks must leave one of {ranks} ranks to train; legal: at most"
                f" {(ranks - 1) // parallel.worker_ranks}",
            )
        return trainers

    def world(self, parallel: ParallelConfig) -> World:
        """The trainers, or the supervisors of one worker."""
        from mpi4py import MPI

        communicator = self.communicator
        local_rank = communicator.Split_type(MPI.COMM_TYPE_SHARED).rank
        everyone, worker = None, None
        if parallel.rollout_workers:
            everyone, trainers = communicator.Dup(), self.trainers(parallel)
            if communicator.rank >= trainers:
                worker = 1 + (communicator.rank - trainers) // parallel.worker_ranks
            communicator = communicator.Split(worker or 0, communicator.rank)
        neighbours = communicator.Split_type(MPI.COMM_TYPE_SHARED)
        # All ranks on one machine meet on loopback, which needs no resolvable host name.
        host = LOOPBACK if neighbours.size == communicator.size else socket.gethostname()
        return World(
            rank=communicator.rank,
            size=communicator.size,
            local_rank=local_rank,
            local_size=neighbours.size,
            host=host,
            job=self,
            peers=MpiJob(communicator),
            everyone=everyone,
            worker=worker,
        )

    def allgather(self, value: Any) -> list[Any]:
        """The values of all ranks."""
        gathered: list[Any] = self.communicator.allgather(value)
        return gathered

    def broadcast(self, value: Any) -> Any:
        """The value of rank 0."""
        return self.communicator.bcast(value, root=0)

    def abort(self, code: int) -> NoReturn:
        """End all ranks of the launch, also those outside of this communicator."""
        from mpi4py import MPI

        time.sleep(FLUSH_SECONDS)
        MPI.COMM_WORLD.Abort(code)
        os._exit(code)


def mpi_job(found: Launcher) -> MpiJob:
    """All ranks of the launch.

    Raises:
        SeedError: BACKEND_MISSING without mpi4py, with an MPI library that does not know the
            launcher, or with one that cannot join its processes.
    """
    communicator = _world_communicator()
    if communicator.size == 1 < found.processes:
        raise SeedError(  # each process takes itself for the only one: all would write the run
            Reason.BACKEND_MISSING,
            f"the launcher started {found.processes} processes that MPI cannot join; legal: the"
            f" mpirun that belongs to {sys.executable}",
        )
    return MpiJob(communicator)


def _world_communicator() -> Any:
    """MPI's communicator of all processes; the library is asked what it speaks before it starts."""
    try:
        import mpi4py

        # With these two the import of MPI does not start the library.
        mpi4py.rc.initialize, mpi4py.rc.finalize = False, True
        from mpi4py import MPI
    except (ImportError, RuntimeError) as missing:  # RuntimeError: no MPI library
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"mpirun needs mpi4py and an MPI library: {install('scaled')} ({missing})",
        ) from None
    if not MPI.Is_initialized():
        check_library(MPI.Get_library_version(), os.environ)
        _initialise(MPI)
    return MPI.COMM_WORLD


def _initialise(mpi: Any) -> None:
    """Start the library, which waits for all ranks, without stopping the threads of this one.

    mpi4py holds the interpreter's lock meanwhile, so nobody could say that a rank does not come.
    """
    try:
        start = ctypes.CDLL(mpi.__file__).MPI_Init_thread
    except (AttributeError, OSError):
        mpi.Init_thread(mpi.THREAD_MULTIPLE)
        return
    start(None, None, ctypes.c_int(mpi.THREAD_MULTIPLE), ctypes.byref(ctypes.c_int()))


def check_library(version: str, environ: Mapping[str, str]) -> None:
    """Refuse a launcher that the MPI library cannot talk to; it would end the process itself.

    MPICH speaks PMI-1 and PMI-2, and PMIx only if it was configured for it.

    Args:
        version: ``MPI_Get_library_version``.
        environ: Variables of the process.

    Raises:
        SeedError: BACKEND_MISSING.
    """
    if not version.startswith("MPICH") or "pmix" in version.lower():
        return
    library = " ".join(version.split()[:3]).replace("Version: ", "")
    if "OMPI_COMM_WORLD_SIZE" in environ and "PMI_SIZE" not in environ:
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"Open MPI's mpirun started {environ['OMPI_COMM_WORLD_SIZE']} processes, the library is"
            f" {library}, which cannot join them; legal: the mpirun that belongs to"
            f" {sys.executable}",
        )
    if "PMIX_RANK" in environ and "PMI_SIZE" not in environ:
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"the launcher speaks PMIx (PMIX_RANK is set), {library} speaks PMI-1 and PMI-2; legal:"
            f" srun --mpi=pmi2, the mpirun that belongs to {sys.executable}, torchrun",
        )
    if "PMIX_NAMESPACE" in environ and "PMI_SIZE" in environ:
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"both PMIX_NAMESPACE and PMI_SIZE are set, so {library} cannot know its launcher;"
            " legal: env -u PMIX_NAMESPACE mpirun ...",
        )
