"""How ranks start and how they end: MPI counts them and ends them, torch.distributed carries their tensors.

Rank 0 opens a store on a free port and MPI tells the others where; nothing has to be set in the environment. Without
``mpirun`` there is one process, without MPI and without process group.
"""

import contextlib
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from spec.config import ParallelConfig
from spec.errors import Reason, SeedError
from spec.layout import Layout, layout_for

LAUNCHERS = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE")
"""Variables that MPICH, PMIx launchers (Slurm among them) and Open MPI set for the processes they start."""

AGREEMENT_SECONDS = 3.0
"""How long a rank that refuses waits for the others to refuse as well, before it ends them."""

STORE_SECONDS = 1.0
"""How long the rank that tells of a failure gives its line before all ranks are ended."""


@dataclass(frozen=True)
class World:
    """The processes of a run.

    Attributes:
        rank, size: This process among all.
        local_rank: This process among those of its machine: the GPU it takes.
        communicator: MPI's world, or None without ``mpirun``.
        store: Where ranks leave notes for each other; None for one process.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    communicator: Any = None
    store: Any = None


def started_by_mpi() -> bool:
    """Whether an MPI launcher started this process."""
    return any(name in os.environ for name in LAUNCHERS)


def agreed_layout(parallel: ParallelConfig) -> Layout:
    """The layout for the processes that were started, refused before torch is loaded.

    Raises:
        SeedError: BACKEND_MISSING without mpi4py under a launcher; ILLEGAL_COMBINATION if the degrees do not fit.
    """
    return layout_for(parallel, _communicator().size if started_by_mpi() else 1)


def start(parallel: ParallelConfig, store_timeout: float = 300.0) -> World:
    """Join the other processes: store, process group, watchdog.

    Args:
        parallel: Device and how long a rank waits for the others.
        store_timeout: Seconds to wait until all ranks have come.
    """
    if not started_by_mpi():
        return World()
    from mpi4py import MPI

    communicator = _communicator()
    machine = communicator.Split_type(MPI.COMM_TYPE_SHARED)
    world = World(communicator.rank, communicator.size, machine.rank, communicator)
    if world.size == 1:
        return world
    # All ranks on one machine meet on loopback, which needs no resolvable host name.
    host = "127.0.0.1" if machine.size == world.size else socket.gethostname()
    return _join(world, host, parallel, store_timeout)


def _join(world: World, host: str, parallel: ParallelConfig, store_timeout: float) -> World:
    import torch
    import torch.distributed as dist

    from scaled.watchdog import Watchdog

    def connect(port: int, opens: bool) -> Any:
        return dist.TCPStore(  # type: ignore[attr-defined]  # exported, but not by name
            host, port, world.size, opens, timedelta(seconds=store_timeout), wait_for_workers=False
        )

    store = connect(0, True) if world.rank == 0 else None
    host, port = world.communicator.bcast((host, store.port) if store is not None else None, root=0)
    store = store if store is not None else connect(port, False)
    if host == "127.0.0.1":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    cuda = parallel.device != "cpu" and torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(world.local_rank)
    # The watchdog speaks first; the group's own limit is the last resort.
    timeout = timedelta(seconds=2 * parallel.collective_timeout + 30)
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    dist.init_process_group(backend, store=store, rank=world.rank, world_size=world.size, timeout=timeout)
    notes = connect(port, False)
    joined = World(world.rank, world.size, world.local_rank, world.communicator, store)
    Watchdog(notes, world.rank, world.size, parallel.collective_timeout, lambda: end_all(joined, 1)).start()
    return joined


@contextlib.contextmanager
def together(world: World) -> Iterator[None]:
    """Run the body so that no rank is left waiting: what one rank cannot do ends all of them, and is said once."""
    try:
        yield
    except SeedError as refusal:
        if world.size == 1:
            raise
        _refuse(world, refusal)
    except BaseException as failure:
        if world.size == 1:
            raise
        _fail(world, failure)
    if world.size > 1:
        _leave()


def end_all(world: World, code: int) -> None:
    """End every rank with this exit code, at once."""
    sys.stderr.flush()
    world.communicator.Abort(code)


def _refuse(world: World, refusal: SeedError) -> None:
    """A refusal that all ranks share ends quietly with its line; one that only some have ends the others."""
    number = world.store.add("refusals", 1)
    if number == 1:
        print(f"Error: {refusal}", file=sys.stderr, flush=True)
    patience = time.monotonic() + AGREEMENT_SECONDS
    while world.store.add("refusals", 0) < world.size:
        if time.monotonic() > patience:
            end_all(world, 2)
        time.sleep(0.02)
    _leave()
    sys.exit(2)


def _fail(world: World, failure: BaseException) -> None:
    from scaled.watchdog import current

    if world.store.add("failures", 1) == 1:
        traceback.print_exception(failure)
        what = f"{type(failure).__name__}: {failure}"
        print(f"error: rank {world.rank} of {world.size} failed {current.line()}: {what}", file=sys.stderr, flush=True)
    else:
        time.sleep(STORE_SECONDS)  # another rank's failure came first and is being told; ours follows from it
    end_all(world, 1)


def _leave() -> None:
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


def _communicator() -> Any:
    try:
        from mpi4py import MPI
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING, f"mpirun needs mpi4py and an MPI library: pip install 'seed-reasoning[scaled]' ({missing})"
        ) from None
    return MPI.COMM_WORLD
