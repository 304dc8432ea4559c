"""Which backend computes: the only place that knows both by name."""

import contextlib
from collections.abc import Iterator
from typing import Any

from seed.spec.backend import Backend, WorkerPool
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError


@contextlib.contextmanager
def open_backend(config: Config) -> Iterator[Backend[Any]]:
    """The backend of a configuration, and with it all processes that were started together.

    A layout that does not fit is refused before anything heavy loads; whatever ends the body in one
    process ends it in all.

    Raises:
        SeedError: BACKEND_MISSING, ILLEGAL_COMBINATION.
    """
    from seed.scaled.processes.launch import (
        agreed,
        divided,
        joined,
        layout_of_launch,
        loaded_device,
        started_by_mpi,
        together,
    )

    if config.backend == "reference":
        if started_by_mpi():
            line = (
                "backend='reference' runs in one process; under mpirun the legal backend is scaled"
            )
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        from seed.reference.backend import ReferenceBackend

        yield ReferenceBackend()
        return
    layout = agreed(lambda: layout_of_launch(config.parallel))
    world = divided(config.parallel)
    if world.worker is not None:
        from seed.scaled.processes.supervisor import supervise

        supervise(world, config)
        raise SystemExit(0)
    device = agreed(lambda: loaded_device(world, config.parallel))
    from seed.scaled.backend import ScaledBackend

    world = joined(world, config.parallel)
    with contextlib.ExitStack() as stack:
        worker_pool: WorkerPool | None = None
        if config.parallel.rollout_workers:
            from seed.scaled.processes.worker_pool import LocalWorkerPool, MpiWorkerPool

            worker_pool = (
                LocalWorkerPool(config) if world.everyone is None else MpiWorkerPool(world, config)
            )
            stack.callback(worker_pool.stop)
        with together(world):
            backend = ScaledBackend(world, layout, device)
            backend.worker_pool = worker_pool
            yield backend
