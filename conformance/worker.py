"""One rank of a launch of the grid: computes jobs and compares them with the reference's traces.

python -m seed.conformance.worker FOLDER OUT    FOLDER has jobs.json and CASE.npz for each case;
                                                rank 0 writes OUT
"""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seed.conformance.cases import case_config
from seed.conformance.compare import NotComparable, largest_error
from seed.conformance.grid import Job, truth_of
from seed.conformance.scaled_trace import ScaledTracer
from seed.conformance.traces import Trace, nested, trace
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.device import device_of
from seed.scaled.processes.launch import start
from seed.scaled.processes.shutdown import end_together
from seed.scaled.processes.world import World
from seed.spec.config_parallel import ParallelConfig
from seed.spec.datatypes import Array
from seed.spec.layout import Layout

COLLECTIVE_SECONDS = 120.0
"""Long against a collective of a small model on a busy machine, short against the launch."""


def main(folder: Path, out: Path) -> None:
    """Compute all jobs and compare them."""
    jobs = [
        Job(case, precision, Layout(**layout), tuple(overrides))
        for case, precision, layout, overrides in read(folder)
    ]
    settings = ParallelConfig.model_validate({"collective_timeout": COLLECTIVE_SECONDS})
    world = start(settings)
    rows: list[Any] = []
    with end_together(world):
        for number, job in enumerate(jobs):
            computed, truth = traces(world, job, folder)
            if world.rank == 0:
                for component, arrays in computed.items():
                    expected = truth_of(truth, component, job.precision, arrays)
                    rows.append([number, component, *compared(arrays, expected, component)])
    if world.rank == 0:
        out.write_text(json.dumps(rows))


def compared(
    arrays: Mapping[str, Array], expected: Mapping[str, Array], component: str
) -> tuple[float, str]:
    """Largest error and the array that has it; infinity and the reason if not comparable."""
    try:
        return largest_error(arrays, expected, component)
    except NotComparable as error:
        return math.inf, str(error)


def traces(world: World, job: Job, folder: Path) -> tuple[Trace, Trace]:
    """This backend's trace of a job, and the reference's in float64."""
    config = case_config(job.case, f"precision={job.precision}", *job.overrides)
    tracer = ScaledTracer(ScaledBackend(world, job.layout, device_of(world.local_rank, "auto")))
    with np.load(folder / f"{job.case}.npz") as file:
        truth = nested(dict(file))
    routes = truth.pop("routes")
    replay = (
        [routes[str(layer)].astype(np.int64) for layer in range(len(routes))]
        if job.precision == "bfloat16"
        else None
    )
    return trace(tracer, config, job.components, replay), truth


def read(folder: Path) -> Any:
    """The jobs of a folder."""
    return json.loads((folder / "jobs.json").read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
