"""Which backend computes: the only module that knows both by name."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seed.cli.memory_check import check_memory
from seed.spec.backend import Backend, WorkerPool
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout

if TYPE_CHECKING:
    import torch

    from seed.scaled.processes.world import World


@contextlib.contextmanager
def open_backend(config: Config, trains: bool = True) -> Iterator[Backend[Any]]:
    """The backend of a configuration, and with it all processes that were started together.

    A layout that does not fit is refused before torch loads, and a model that cannot fit before
    anything is allocated. Whatever ends the body in one process
    ends it in all.

    Args:
        config: Backend, layout, sizes.
        trains: Whether models will learn; to evaluate one takes less memory.

    Raises:
        SeedError: BACKEND_MISSING, ILLEGAL_COMBINATION, ILLEGAL_VALUE.
    """
    from seed.scaled.processes.launch import (
        agree_on,
        find_job,
        join_process_group,
        joining,
        layout_of_launch,
    )
    from seed.scaled.processes.launcher import launcher
    from seed.scaled.processes.shutdown import end_together

    if config.backend == "reference":
        if launcher().kind != "none":
            line = (
                "backend='reference' runs in one process; under mpirun, srun and torchrun the legal"
                " backend is scaled"
            )
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        from seed.reference.backend import ReferenceBackend

        _print_notice(check_memory(config, Layout(), trains=trains))
        yield ReferenceBackend()
        return
    with joining(config.parallel.collective_timeout):
        job = find_job()
        layout = layout_of_launch(config.parallel, job)
        world = job.world(config.parallel)
    if world.worker is not None:
        from seed.scaled.processes.supervisor import supervise

        supervise(world, config)
        raise SystemExit(0)
    with joining(config.parallel.collective_timeout):
        device = agree_on(job, lambda: _device_with_room(world, config, layout, trains))
        from seed.scaled.backend import ScaledBackend

        world = join_process_group(world, config.parallel)
    with contextlib.ExitStack() as stack:
        worker_pool = _worker_pool(world, config)
        if worker_pool is not None:
            stack.callback(worker_pool.stop)
        with end_together(world):
            backend = ScaledBackend(world, layout, device)
            backend.worker_pool = worker_pool
            yield backend


def _print_notice(line: str, is_main_process: bool = True) -> None:
    if line and is_main_process:
        click.echo(line, err=True)


def _device_with_room(
    world: "World", config: Config, layout: Layout, trains: bool
) -> "torch.device":
    """Load the torch backend and choose this process's device, where the run can fit.

    Raises:
        SeedError: BACKEND_MISSING without torch; ILLEGAL_VALUE without a GPU that is wanted;
            ILLEGAL_COMBINATION without the memory.
    """
    from seed.scaled.processes.device import device_of, torch_required

    with torch_required():
        import seed.scaled.backend  # noqa: F401  # torch loads, or its absence is said, here
    device = device_of(world.local_rank, config.parallel.device)
    _print_notice(check_memory(config, layout, device, world.local_size, trains), world.rank == 0)
    return device


def _worker_pool(world: "World", config: Config) -> WorkerPool | None:
    """The remote rollout workers of a run, if it has any."""
    if not config.parallel.rollout_workers:
        return None
    from seed.scaled.processes.worker_pool import LocalWorkerPool, MpiWorkerPool

    return LocalWorkerPool(config) if world.everyone is None else MpiWorkerPool(world, config)
