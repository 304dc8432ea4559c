"""Which house computes: the only place that knows both by name."""

import contextlib
from collections.abc import Iterator
from typing import Any

from spec.backend import Backend
from spec.config import Config
from spec.errors import Reason, SeedError


@contextlib.contextmanager
def house(config: Config) -> Iterator[Backend[Any]]:
    """The backend of a configuration, and with it all processes that were started together.

    A layout that does not fit is refused before anything heavy loads; whatever ends the body in one process ends it in all.

    Raises:
        SeedError: BACKEND_MISSING, ILLEGAL_COMBINATION.
    """
    from scaled.launch import agreed_layout, start, started_by_mpi, together

    if config.backend == "reference":
        if started_by_mpi():
            line = "backend='reference' runs in one process; under mpirun the legal backend is scaled"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        from reference.backend import ReferenceBackend

        yield ReferenceBackend()
        return
    layout = agreed_layout(config.parallel)
    try:
        from scaled.backend import ScaledBackend
        from scaled.device import device_of
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING, f"backend=scaled needs torch: pip install 'seed-reasoning[scaled]' ({missing})"
        ) from None
    world = start(config.parallel)
    with together(world):
        yield ScaledBackend(world, layout, device_of(world, config.parallel.device))
