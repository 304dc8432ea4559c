"""How ranks find and join each other: a job counts them, torch.distributed carries their tensors.

The job is MPI's or torchrun's (``launcher``, ``job``). Rank 0 opens a store on a free port and the
job broadcasts its address. Without a launcher there is one process, without MPI and without process
group; its remote workers are its child processes.
"""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from seed.scaled.processes.environment_job import EnvironmentJob
from seed.scaled.processes.error_lines import print_error
from seed.scaled.processes.job import FLUSH_SECONDS, Job, SingleProcess
from seed.scaled.processes.launcher import Launcher, launcher
from seed.scaled.processes.mpi_job import mpi_job
from seed.scaled.processes.shutdown import abort_on_uncaught, end_all
from seed.scaled.processes.watchdog import REPORT_SECONDS
from seed.scaled.processes.world import LOOPBACK, World
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout, layout_for

Answer = TypeVar("Answer")
Address = tuple[str, int]

STORE_SECONDS = 300.0
"""Longest wait for the store of rank 0."""

LATEST = 2
"""Ranks from this one on speak at the same time when not all have joined."""


def find_job() -> Job:
    """All processes of this launch; torch is not loaded.

    Raises:
        SeedError: BACKEND_MISSING if the processes cannot find each other.
    """
    found = launcher()
    refuse_copies(found)
    if found.kind == "none":
        return SingleProcess()
    job = _environment_job() if found.kind == "environment" else mpi_job(found)
    abort_on_uncaught(job)
    return job


def refuse_copies(found: Launcher) -> None:
    """Refuse a launch of several processes that would each take themselves for the only one.

    Raises:
        SeedError: BACKEND_MISSING.
    """
    if found.kind == "srun":
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"srun started {found.tasks} tasks that do not know each other; legal: srun --mpi=pmi2"
            f" seed ..., or without srun mpirun -n {found.tasks} seed ..., torchrun --no-python"
            " --nproc_per_node N seed ...",
        )
    if found.kind == "environment" and found.processes < found.tasks:
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"srun started {found.tasks} times torchrun, each for a job of {found.processes}"
            " processes of its own; legal: torchrun --nnodes N --rdzv_backend c10d --rdzv_endpoint"
            " HOST:PORT, which makes them one job",
        )


@functools.cache
def _environment_job() -> EnvironmentJob:
    """The same for the whole life of the process: it has a connection and counts messages."""
    return EnvironmentJob(os.environ)


@contextlib.contextmanager
def joining(seconds: float) -> Iterator[None]:
    """Bound the time in which all processes of a launch find each other.

    Whatever waits in the block, this process says so after ``parallel.collective_timeout`` and
    ends, and the launcher ends the others. Rank 0 is the first to speak; the others follow in case
    that it is the one that does not come.

    Args:
        seconds: ``parallel.collective_timeout``.
    """
    found = launcher()
    if found.kind == "none":
        yield
        return
    who = f"error: rank {found.rank}" + (f" of {found.processes}" if found.processes > 1 else "")
    bound = f"{seconds:g} s (parallel.collective_timeout)"
    delay = seconds + REPORT_SECONDS * min(found.rank, LATEST)
    line = f"{who} has waited {bound} for the other ranks to join; one of them does not answer"
    timer = threading.Timer(delay, _end_unjoined, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as failure:
        if not any(kind.__name__ == "DistError" for kind in type(failure).__mro__):
            raise
        _end_unjoined(f"{who} cannot join the other ranks: {str(failure).splitlines()[0]}")
    finally:
        timer.cancel()


def _end_unjoined(line: str) -> None:
    print_error(line)
    time.sleep(FLUSH_SECONDS)
    os._exit(1)  # MPI may not have started, so it cannot be asked


def layout_of_launch(parallel: ParallelConfig, job: Job) -> Layout:
    """The trainers' layout for the processes that were started; torch is not loaded.

    Raises:
        SeedError: ILLEGAL_COMBINATION if the degrees do not fit.
    """
    return layout_for(parallel, job.trainers(parallel))


def agree_on(job: Job, check: Callable[[], Answer]) -> Answer:
    """The result of a check; if it fails on any process of a job, it fails on all.

    Raises:
        SeedError: The error of the first rank that has one.
    """
    results: list[Answer] = []
    error: tuple[Reason, str] | None = None
    try:
        results.append(check())
    except SeedError as failure:
        error = failure.reason, failure.line
    for error_of_rank in job.allgather(error):
        if error_of_rank is not None:
            raise SeedError(*error_of_rank)
    return results[0]


def start(parallel: ParallelConfig) -> World:
    """Find and join the other processes of a job without workers."""
    return join_process_group(find_job().world(parallel), parallel)


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
            everywhere; by default the broadcast of their job.
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

    share_address = share_address or world.peers.broadcast
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
