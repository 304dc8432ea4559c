"""A target of a comparison: backend, layout and settings, as ``scaled:tp=2,precision=float32``.

python -m seed.conformance.target TARGET OUT.npz RECIPE KEY=VALUE ...    rank 0 writes the trace
"""

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from seed.conformance.launch import run_ranks
from seed.conformance.traces import Trace, flat, nested, trace
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError
from seed.spec.layout import Layout

BACKENDS = ("reference", "scaled")
DEGREES = tuple(field.name for field in fields(Layout))
TRACE_SECONDS = 1800.0


@dataclass(frozen=True)
class Target:
    """What computes a trace.

    Attributes:
        title: As the user wrote it.
        backend: ``reference`` or ``scaled``.
        layout: Degrees; their product is the number of ranks.
        overrides: Settings besides the degrees, e.g. ``precision=float32``.
    """

    title: str
    backend: str
    layout: Layout
    overrides: tuple[str, ...]


def parse_target(text: str) -> Target:
    """Read ``backend[:key=value,...]``; a key is a degree of the layout, or any setting.

    Raises:
        SeedError: UNKNOWN_NAME, ILLEGAL_VALUE or ILLEGAL_COMBINATION.
    """
    backend, _, rest = text.partition(":")
    if backend not in BACKENDS:
        raise SeedError(
            Reason.UNKNOWN_NAME,
            f"backend {backend!r} is not one of: {', '.join(BACKENDS)};"
            " write e.g. scaled:tp=2,ep=2",
        )
    degrees: dict[str, int] = {}
    overrides = []
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key not in DEGREES:
            overrides.append(item)
            continue
        if not value.isdigit() or int(value) < 1:
            raise SeedError(
                Reason.ILLEGAL_VALUE, f"{item!r} in {text!r} must be {key}=N with N of at least 1"
            )
        degrees[key] = int(value)
    layout = Layout(**degrees)
    if backend == "reference" and layout.ranks * layout.ep > 1:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"{text!r}: the reference runs in one process; degrees belong to scaled",
        )
    if layout.ranks % layout.ep:
        line = (
            f"{text!r}: ep={layout.ep} must divide fsdp * cp * tp = {layout.ranks}, the number of"
            " ranks"
        )
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    return Target(text, backend, layout, tuple(overrides))


def config_of(target: Target, recipe: str, overrides: tuple[str, ...]) -> Config:
    """The configuration of a target; float64 unless its overrides set another precision."""
    degrees = [f"parallel.{name}={getattr(target.layout, name)}" for name in DEGREES]
    settings = ("precision=float64", *overrides, *degrees, *target.overrides)
    return load_config("tiny", recipe, settings, backend=target.backend)


def traced(target: Target, recipe: str, overrides: tuple[str, ...], out: Path) -> Trace:
    """Compute the trace of a target in processes of its own.

    Raises:
        RuntimeError: It failed; its last lines of output.
    """
    arguments = ["-m", "seed.conformance.target", target.title, str(out), recipe, *overrides]
    done = run_ranks(target.layout.ranks, arguments, TRACE_SECONDS)
    if done.returncode:
        raise RuntimeError(f"{target.title} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    with np.load(out) as file:
        return nested(dict(file))


def compute(target: Target, config: Config, out: Path) -> None:
    """Compute the trace of a target in this process, one of its ranks; rank 0 writes it."""
    if target.backend == "reference":
        from seed.conformance.reference_trace import ReferenceTracer

        np.savez(out, **_file(trace(ReferenceTracer(), config)))
        return
    from seed.conformance.scaled_trace import ScaledTracer
    from seed.scaled.backend import ScaledBackend
    from seed.scaled.processes.device import device_of
    from seed.scaled.processes.launch import start
    from seed.scaled.processes.shutdown import end_together

    world = start(config.parallel)
    with end_together(world):
        tracer = ScaledTracer(
            ScaledBackend(world, target.layout, device_of(world.local_rank, config.parallel.device))
        )
        computed = trace(tracer, config)
        if world.rank == 0:
            np.savez(out, **_file(computed))


def _file(of_components: Trace) -> dict[str, Any]:
    return dict(flat(of_components))


if __name__ == "__main__":
    chosen = parse_target(sys.argv[1])
    compute(chosen, config_of(chosen, sys.argv[3], tuple(sys.argv[4:])), Path(sys.argv[2]))
