"""How ranks find and join each other: MPI counts them, torch.distributed carries their tensors.

Rank 0 opens a store on a free port and MPI broadcasts its address; nothing has to be set in the
environment. Without ``mpirun`` there is one process, without MPI and without process group; its
remote workers are its child processes.
"""

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from seed.scaled.processes.shutdown import abort_on_uncaught, end_all
from seed.scaled.processes.world import LOOPBACK, World, mpi_communicator, started_by_mpi
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout, layout_for

Answer = TypeVar("Answer")
Address = tuple[str, int]

STORE_SECONDS = 300.0
"""Longest wait for the store of rank 0."""


def layout_of_launch(parallel: ParallelConfig) -> Layout:
    """The trainers' layout for the processes that were started; torch is not loaded.

    Raises:
        SeedError: BACKEND_MISSING without mpi4py under a launcher, or with a foreign one;
            ILLEGAL_COMBINATION if the degrees do not fit.
    """
    if not started_by_mpi():
        if parallel.rollout_workers and parallel.worker_ranks > 1:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"parallel.worker_cp={parallel.worker_cp} and parallel.worker_tp="
                f"{parallel.worker_tp} must be 1 without MPI; with them: mpirun -n"
                f" {1 + parallel.remote_worker_ranks}",
            )
        return layout_for(parallel, 1)
    ranks = mpi_communicator().size
    trainers = ranks - parallel.remote_worker_ranks
    if trainers < 1:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"parallel.rollout_workers={parallel.rollout_workers} of {parallel.worker_ranks} ranks"
            f" must leave one of {ranks} ranks to train; legal: at most"
            f" {(ranks - 1) // parallel.worker_ranks}",
        )
    launched = max(int(os.environ.get(name, 1)) for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"))
    if ranks == 1 < launched:  # each process takes itself for the only one: all would write the run
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"the launcher started {launched} processes that MPI cannot join; legal: the mpirun"
            f" that belongs to {sys.executable}",
        )
    return layout_for(parallel, trainers)


def agree_on(check: Callable[[], Answer]) -> Answer:
    """The result of a check; if it fails on any rank of the launch, it fails on all.

    Raises:
        SeedError: The error of the first rank that has one.
    """
    if not started_by_mpi():
        return check()
    results: list[Answer] = []
    error: tuple[Reason, str] | None = None
    try:
        results.append(check())
    except SeedError as failure:
        error = failure.reason, failure.line
    for error_of_rank in mpi_communicator().allgather(error):
        if error_of_rank is not None:
            raise SeedError(*error_of_rank)
    return results[0]


def start(parallel: ParallelConfig) -> World:
    """Find and join the other processes of a job without workers."""
    return join_process_group(find_peers(parallel), parallel)


def find_peers(parallel: ParallelConfig) -> World:
    """Find the processes that compute with this one; torch is not loaded."""
    if not started_by_mpi():
        return World()
    from mpi4py import MPI

    communicator = mpi_communicator()
    abort_on_uncaught(communicator)
    local_rank = communicator.Split_type(MPI.COMM_TYPE_SHARED).rank
    everyone, worker = None, None
    if parallel.rollout_workers:
        everyone, trainers = communicator.Dup(), communicator.size - parallel.remote_worker_ranks
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
        host=host,
        communicator=communicator,
        everyone=everyone,
        worker=worker,
    )


def join_process_group(
    world: World,
    parallel: ParallelConfig,
    share_address: Callable[[Address | None], Address] | None = None,
) -> World:
    """Join the peers: store, process group, watchdog.

    Args:
        world: The processes; a single one joins nothing.
        parallel: Device and longest wait for the others.
        share_address: Takes the store's host and port at rank 0, None elsewhere, and returns them
            everywhere; by default MPI's broadcast.
    """
    if world.size == 1:
        return world
    import torch
    import torch.distributed as dist

    from seed.scaled.processes.watchdog import Watchdog

    def connect(host: str, port: int, opens: bool) -> Any:
        return dist.TCPStore(  # type: ignore[attr-defined]  # exported, but not by name
            host, port, world.size, opens, timedelta(seconds=STORE_SECONDS), wait_for_workers=False
        )

    share_address = share_address or (lambda address: world.communicator.bcast(address, root=0))
    store = connect(world.host, 0, True) if world.rank == 0 else None
    host, port = share_address((world.host, store.port) if store is not None else None)
    store = store if store is not None else connect(host, port, False)
    if host == LOOPBACK:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    cuda = parallel.device != "cpu" and torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(world.local_rank)
    # The watchdog reports first; the group's own limit is the last resort.
    timeout = timedelta(seconds=2 * parallel.collective_timeout + 30)
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    dist.init_process_group(
        backend, store=store, rank=world.rank, world_size=world.size, timeout=timeout
    )
    watchdog = Watchdog(
        connect(host, port, False),  # a connection of its own: it is used by another thread
        world.rank,
        world.size,
        parallel.collective_timeout,
        lambda: end_all(world, 1),
    )
    watchdog.start()
    return replace(world, store=store, watchdog=watchdog)
