"""One rank of a launch of the grid: computes the jobs it is given and lays them over the
reference's traces.

python -m conformance.worker FOLDER OUT      FOLDER holds jobs.json and a CASE.npz per case; rank 0 writes OUT
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from seed.conformance.cases import case_config
from seed.conformance.compare import largest_error
from seed.conformance.grid import Job, truth_of
from seed.conformance.scaled_trace import ScaledTracer
from seed.conformance.trace import Trace, nested, trace
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.device import device_of
from seed.scaled.processes.launch import World, start, together
from seed.spec.config_parallel import ParallelConfig
from seed.spec.layout import Layout

COLLECTIVE_SECONDS = 120.0
"""Far more than a collective of a toy takes even on a busy machine, far less than the launch may
take.
"""


def main(folder: Path, out: Path) -> None:
    """Compute all jobs."""
    jobs = [
        Job(case, precision, Layout(**layout), tuple(overrides))
        for case, precision, layout, overrides in read(folder)
    ]
    settings = ParallelConfig.model_validate({"collective_timeout": COLLECTIVE_SECONDS})
    world = start(settings)
    rows: list[Any] = []
    with together(world):
        for number, job in enumerate(jobs):
            found, truth = answer(world, job, folder)
            if world.rank == 0:
                for component, arrays in found.items():
                    rows.append(
                        [
                            number,
                            component,
                            *largest_error(
                                arrays, truth_of(truth, component, arrays), title(job, component)
                            ),
                        ]
                    )
    if world.rank == 0:
        out.write_text(json.dumps(rows))


def answer(world: World, job: Job, folder: Path) -> tuple[Trace, Trace]:
    """This backend's trace of a job, and the truth it answers to."""
    config = case_config(job.case, f"precision={job.precision}", *job.overrides)
    tracer = ScaledTracer(ScaledBackend(world, job.layout, device_of(world, "auto")))
    with np.load(folder / f"{job.case}.npz") as file:
        truth = nested(dict(file))
    routes = truth.pop("routes")
    replay = (
        [routes[str(layer)].astype(np.int64) for layer in range(len(routes))]
        if job.precision == "bfloat16"
        else None
    )
    return trace(tracer, config, job.components, replay), truth


def title(job: Job, component: str) -> str:
    """What is compared, for a message."""
    return f"{job.case} {job.precision} {job.layout.title} {component}"


def read(folder: Path) -> Any:
    """The jobs of a folder."""
    return json.loads((folder / "jobs.json").read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
