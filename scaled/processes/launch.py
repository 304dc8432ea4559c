"""How ranks start and how they end: MPI counts them and ends them, torch.distributed carries their
tensors.

Rank 0 opens a store on a free port and MPI tells the others where; nothing has to be set in the
environment. Without ``mpirun`` there is one process, without MPI and without process group; its
standalone workers are its children.

=================================== ========= =========================================================================
what happens                        exit code what is said, once
=================================== ========= =========================================================================
a refusal                           2         its line
an exception on a rank              1         its traceback, then a line with rank, phase, last collective and error
an interrupt (Ctrl-C)               130       that it was one
a rank that stands still            1         who is behind, where, and who waits (``scaled.processes.watchdog``)
a rank that is killed               its own   the launcher's notice; the launcher ends the others
a worker's child that fails or dies   0         its words or its signal; the worker is given up (``scaled.processes.worker_handle``)
a worker that falls silent            0         that it is given up; ``parallel.worker_timeout``
=================================== ========= =========================================================================
"""

import contextlib
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import INTERRUPTED, Reason, SeedError
from seed.spec.layout import Layout, layout_for

Answer = TypeVar("Answer")
Address = tuple[str, int]

LAUNCHERS = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE")
"""Variables that MPICH, PMIx launchers (Slurm among them) and Open MPI set for the processes they
start.
"""

LOOPBACK = "127.0.0.1"

STORE_SECONDS = 300.0
"""How long a rank waits for the store of rank 0."""

AGREEMENT_SECONDS = 3.0
"""How long a rank that refuses waits for the others to refuse as well, before it ends them."""

ECHO_SECONDS = 1.0
"""How long a failure inside a collective waits to be reports: a launcher that lost a rank ends the
others in milliseconds.
"""

LAST_WORDS_SECONDS = 0.5
"""An abort throws away what the launcher has not yet read from a rank: its last line would be lost
at times.
"""


@dataclass(frozen=True)
class World:
    """The processes of a run.

    Attributes:
        rank, size: This process among all trainers, or among those of its worker.
        local_rank: This process among those of its machine: the GPU it takes.
        host: Where the others reach this process.
        communicator: MPI's world of them; None without ``mpirun`` and for a worker's child.
        store: Where ranks leave notes for each other; None for one process.
        watchdog: The thread that ends all ranks when they stand still; None for one process.
        everyone: MPI's world, trainers and standalone workers; None without ``mpirun`` or workers.
        worker: Number of the standalone worker that these processes are; None for trainers.
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


def layout_of_launch(parallel: ParallelConfig) -> Layout:
    """The layout for the processes that were started, refused before torch is loaded.

    Raises:
        SeedError: BACKEND_MISSING without mpi4py under a launcher, or with a foreign one;
            ILLEGAL_COMBINATION if the degrees do not fit.
    """
    if not started_by_mpi():
        if parallel.rollout_workers and parallel.worker_ranks > 1:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"parallel.worker_cp={parallel.worker_cp} and parallel.worker_tp={parallel.worker_tp} must"
                f" be 1 without MPI; with them: mpirun -n {1 + parallel.remote_worker_ranks}",
            )
        return layout_for(parallel, 1)
    everyone = _communicator().size
    size = everyone - parallel.remote_worker_ranks
    if size < 1:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"parallel.rollout_workers={parallel.rollout_workers} of {parallel.worker_ranks} ranks must leave one of"
            f" {everyone} ranks to train; legal: at most {(everyone - 1) // parallel.worker_ranks}",
        )
    launched = max(int(os.environ.get(name, 1)) for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"))
    if (
        everyone == 1 < launched
    ):  # each process believes that it is alone: all of them would write the same run
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"the launcher started {launched} processes that MPI cannot join; legal: the mpirun"
            f" that belongs to {sys.executable}",
        )
    return layout_for(parallel, size)


def agreed(check: Callable[[], Answer]) -> Answer:
    """What a check returns; what one rank refuses, for a file or a library that only its machine
    lacks, all refuse.

    Raises:
        SeedError: The refusal of the first rank that has one.
    """
    if not started_by_mpi():
        return check()
    found: list[Answer] = []
    refusal: tuple[Reason, str] | None = None
    try:
        found.append(check())
    except SeedError as error:
        refusal = error.reason, error.line
    for said in _communicator().allgather(refusal):
        if said is not None:
            raise SeedError(*said)
    return found[0]


def loaded_device(world: World, parallel: ParallelConfig) -> Any:
    """Load torch and choose this process's device.

    Raises:
        SeedError: BACKEND_MISSING without torch; ILLEGAL_VALUE without a GPU that is wanted.
    """
    try:
        from seed.scaled import backend as scaled_backend  # noqa: F401  # takes seconds
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING,
            f"backend=scaled needs torch: pip install 'seed-reasoning[scaled]' ({missing})",
        ) from None
    from seed.scaled.processes.device import device_of

    return device_of(world, parallel.device)


def start(parallel: ParallelConfig) -> World:
    """Join the other processes of a job without workers."""
    return joined(divided(parallel), parallel)


def divided(parallel: ParallelConfig) -> World:
    """Find the processes that this one works with, trainers or one worker's, before torch is
    loaded.
    """
    if not started_by_mpi():
        return World()
    from mpi4py import MPI

    communicator = _communicator()
    _abort_on_uncaught(communicator)
    machine = communicator.Split_type(MPI.COMM_TYPE_SHARED)
    everyone, worker = None, None
    if parallel.rollout_workers:
        everyone, trainers = communicator.Dup(), communicator.size - parallel.remote_worker_ranks
        worker = (
            None
            if communicator.rank < trainers
            else 1 + (communicator.rank - trainers) // parallel.worker_ranks
        )
        communicator = communicator.Split(worker or 0, communicator.rank)
    neighbours = communicator.Split_type(MPI.COMM_TYPE_SHARED)
    # All ranks on one machine meet on loopback, which needs no resolvable host name.
    host = LOOPBACK if neighbours.size == communicator.size else socket.gethostname()
    return World(
        communicator.rank,
        communicator.size,
        machine.rank,
        host,
        communicator,
        everyone=everyone,
        worker=worker,
    )


def joined(world: World, parallel: ParallelConfig) -> World:
    """Join the others over MPI: store, process group, watchdog."""
    return join(world, parallel, lambda address: world.communicator.bcast(address, root=0))


def join(
    world: World, parallel: ParallelConfig, agree: Callable[[Address | None], Address]
) -> World:
    """Join the others: store, process group, watchdog.

    Args:
        world: The processes; one has nobody to join.
        parallel: Device and how long a rank waits for the others.
        agree: Given the store's host and port at rank 0 and None elsewhere, returns them
            everywhere.
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

    store = connect(world.host, 0, True) if world.rank == 0 else None
    host, port = agree((world.host, store.port) if store is not None else None)
    store = store if store is not None else connect(host, port, False)
    if host == LOOPBACK:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    cuda = parallel.device != "cpu" and torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(world.local_rank)
    # The watchdog speaks first; the group's own limit is the last resort.
    timeout = timedelta(seconds=2 * parallel.collective_timeout + 30)
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    dist.init_process_group(
        backend, store=store, rank=world.rank, world_size=world.size, timeout=timeout
    )
    notes = connect(host, port, False)
    watchdog = Watchdog(
        notes, world.rank, world.size, parallel.collective_timeout, lambda: end_all(world, 1)
    )
    watchdog.start()
    return replace(world, store=store, watchdog=watchdog)


@contextlib.contextmanager
def together(world: World) -> Iterator[None]:
    """Run the body so that no rank is left waiting: what one rank cannot do ends all of them, and
    is said once.
    """
    try:
        yield
    except SeedError as refusal:
        if world.size == 1:
            raise
        _refuse(world, refusal)
    except KeyboardInterrupt as interrupt:
        if world.size == 1:
            raise
        _tell(world, f"Error: interrupted{f'; {interrupt}' if str(interrupt) else ''}")
        end_all(world, INTERRUPTED)
    except BaseException as failure:
        if world.size == 1:
            raise
        _fail(world, failure)
    leave(world)


def end_all(world: World, code: int) -> None:
    """End every rank with this exit code, as soon as the launcher has passed on what was said; a
    worker, child by child.
    """
    sys.stderr.flush()
    if (
        world.communicator is None
    ):  # the keeper finds this one ended, and has the worker's others ended
        os._exit(code)
    time.sleep(LAST_WORDS_SECONDS)
    _communicator().Abort(code)


def _refuse(world: World, refusal: SeedError) -> None:
    """A refusal that all ranks share ends quietly with its line; one that only some have ends the
    others.
    """
    number = world.store.add("refusals", 1)
    if number == 1:
        print(f"Error: {refusal}", file=sys.stderr, flush=True)
    patience = time.monotonic() + AGREEMENT_SECONDS
    while world.store.add("refusals", 0) < world.size:
        if time.monotonic() > patience:
            end_all(world, 2)
        time.sleep(0.02)
    leave(world)
    sys.exit(2)


def _fail(world: World, failure: BaseException) -> None:
    """Tell of an exception and end all ranks."""
    from seed.scaled.processes.watchdog import current

    trace = "" if current.waiting else "".join(traceback.format_exception(failure))
    if (
        current.waiting
    ):  # mostly the echo of another rank's end, of which that rank or the launcher tells better
        time.sleep(ECHO_SECONDS)
    what = f"{type(failure).__name__}: {failure}"
    _tell(world, f"{trace}error: rank {world.rank} of {world.size} failed {current.line()}: {what}")
    end_all(world, 1)


def _tell(world: World, line: str) -> None:
    """Print how the run ends, unless another rank came first: then give it the time to send, and to
    end this one too.
    """
    from seed.scaled.processes.watchdog import TELLING_SECONDS

    try:
        first = world.store.add("failures", 1) == 1
    except Exception:  # the store's rank has ended, so its failure came first
        first = False
    if first:
        print(line, file=sys.stderr, flush=True)
    else:
        time.sleep(TELLING_SECONDS)


def leave(world: World) -> None:
    """Say goodbye to the process group, when nothing more is to come from any rank."""
    if world.size == 1:
        return
    import torch.distributed as dist

    world.watchdog.release()
    dist.destroy_process_group()


def _abort_on_uncaught(communicator: Any) -> None:
    """Let an exception that nobody catches end all ranks, as ``python -m mpi4py`` does: MPI would
    wait for this one.
    """

    def hook(
        kind: type[BaseException], failure: BaseException, trace: TracebackType | None
    ) -> None:
        # torch wraps this hook and collects what it writes to sys.stderr until it returns, which it
        # does not.
        traceback.print_exception(kind, failure, trace, file=sys.__stderr__)
        time.sleep(LAST_WORDS_SECONDS)
        communicator.Abort(1)

    sys.excepthook = hook


def _communicator() -> Any:
    try:
        from mpi4py import MPI
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING,
            "mpirun needs mpi4py and an MPI library: pip install 'seed-reasoning[scaled]'"
            f" ({missing})",
        ) from None
    return MPI.COMM_WORLD
