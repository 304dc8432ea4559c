"""Which house computes: the only place that knows both by name."""

import contextlib
from collections.abc import Iterator
from typing import Any

from spec.backend import Backend
from spec.config import Config
from spec.errors import Reason, SeedError
from spec.layout import Layout, unit_layout


@contextlib.contextmanager
def house(config: Config) -> Iterator[Backend[Any]]:
    """The backend of a configuration, and with it all processes that were started together.

    A layout that does not fit is refused before anything heavy loads; whatever ends the body in one process ends it in all.

    Raises:
        SeedError: BACKEND_MISSING, ILLEGAL_COMBINATION.
    """
    from scaled.launch import agreed, started_by_mpi

    if config.backend == "reference":
        if started_by_mpi():
            line = "backend='reference' runs in one process; under mpirun the legal backend is scaled"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        from reference.backend import ReferenceBackend

        yield ReferenceBackend()
        return
    layout = agreed(lambda: _layout_of_a_torch_that_loads(config))
    from scaled.backend import ScaledBackend
    from scaled.device import device_of
    from scaled.launch import start, together

    world = start(config.parallel)
    device = device_of(world, config.parallel.device)
    if world.everyone is None:
        with together(world):
            yield ScaledBackend(world, layout, device)
        return
    from scaled.fleet import MpiFleet, serve_unit

    if world.unit is not None:
        serve_unit(world, config, ScaledBackend(world, unit_layout(config.parallel), device))
        raise SystemExit(0)
    fleet = MpiFleet(world, config)
    try:
        with together(world):
            backend = ScaledBackend(world, layout, device)
            backend.fleet = fleet
            yield backend
    finally:
        fleet.stop()


def _layout_of_a_torch_that_loads(config: Config) -> Layout:
    from scaled.launch import agreed_layout

    layout = agreed_layout(config.parallel)
    try:
        import scaled.backend  # noqa: F401  # takes seconds; so last
    except ImportError as missing:
        raise SeedError(
            Reason.BACKEND_MISSING, f"backend=scaled needs torch: pip install 'seed-reasoning[scaled]' ({missing})"
        ) from None
    return layout
