"""The grid: every component, on every layout, in every precision, against the reference in float64.

    float64    error at most 1e-10
    float32    at most twice the error of the reference in float32, plus a few roundings
    bfloat16   the same with the reference in bfloat16, both with the experts that float64 chooses
               (``in_bfloat16``)

So tolerances are measured, never guessed (the idea is flash-attention's). Layouts of one number of
ranks share one launch.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from seed.conformance.cases import CASES, case_batch, case_config
from seed.conformance.compare import largest_error
from seed.conformance.launch import run_ranks
from seed.conformance.reference_trace import ReferenceTracer
from seed.conformance.traces import COMPONENTS, Replay, Trace, flat, started, trace
from seed.spec.datatypes import Params
from seed.spec.layout import Layout

EXACT = 1e-10
"""Bound in float64: room for sums in another order and for cancellation, far below any mistake."""

FLOORS = {"float32": 16 * 2.0**-24, "bfloat16": 4 * 2.0**-9}
"""A few roundings: tiny errors of two backends may differ by more than a factor of two."""

FORWARD = ("attention", "moe", "model")
BFLOAT16_COMPONENTS = (*FORWARD, "gradient")
MICRO_BATCHES = (4, 1, 16)
"""Micro-batches of the reference in float32. Each order of a sum has another error, and one of them
may be small by chance; the bound is the largest.
"""
ILL_CONDITIONED = ("grpo",)
"""Cases whose gradient is not compared in bfloat16. With tied embeddings an untrained policy
repeats its token (log-probability -0.02): the gradient is a small difference of large numbers and
measures the rounding of the case instead of the backend.
"""
LAUNCH_SECONDS = 900.0

QUICK = {
    1: [Layout()],
    2: [Layout(fsdp=2), Layout(cp=2), Layout(tp=2), Layout(fsdp=2, ep=2)],
    4: [
        Layout(cp=2, tp=2, ep=2),
        Layout(tp=4, ep=4),
        Layout(fsdp=2, cp=2, ep=4),
        Layout(fsdp=2, tp=2),
    ],
    8: [Layout(fsdp=2, cp=2, tp=2, ep=8)],
}
"""Every axis alone, and combinations up to eight ranks; under a minute a launch on two cores."""

FULL = {
    ranks: [
        Layout(ranks // (cp * tp), cp, tp, ep)
        for tp in (1, 2, 4)
        for cp in (1, 2, 4, 8)
        for ep in (1, 2, 4, 8)
        if ranks % (cp * tp) == 0 and ranks % ep == 0
    ]
    for ranks in (1, 2, 4, 8)
}
"""All layouts of up to eight ranks that the heads and experts of the cases allow."""


@dataclass(frozen=True)
class Job:
    """One trace that a launch computes and compares."""

    case: str
    precision: str
    layout: Layout
    overrides: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """The components that are compared in this precision."""
        if self.precision != "bfloat16":
            return COMPONENTS
        return FORWARD if self.case in ILL_CONDITIONED else BFLOAT16_COMPONENTS


@dataclass(frozen=True)
class Line:
    """A line of the table: the error of a component against the reference in float64.

    Attributes:
        job: What was computed.
        component: Component.
        error: Largest error relative to the scale of its array.
        bound: Largest error that is allowed.
        worst: Name of the array with the largest error.
    """

    job: Job
    component: str
    error: float
    bound: float
    worst: str

    @property
    def holds(self) -> bool:
        """Whether the error is within the bound."""
        return self.error <= self.bound


FEW_MICRO_BATCHES = ("algorithm.micro_batch=8",)
"""Half as many micro-batches on many ranks, where collectives take most of a step on few cores. No
result depends on it.
"""


def jobs_of(
    layouts: Sequence[Layout], precisions_of: Callable[[Layout], Sequence[str]]
) -> list[Job]:
    """All cases in one process, on several ranks the case with every term; in these precisions.

    On two ranks also the case with every switch of the model, in float64.
    """
    ranks = max(layout.ranks for layout in layouts)
    cases = ("everything",) if ranks > 1 else tuple(CASES)
    settings = FEW_MICRO_BATCHES if ranks > 2 else ()
    switches = [
        Job("switches", "float64", layout) for layout in layouts if ranks == 2 and layout != FSDP
    ]
    return switches + [
        Job(case, precision, layout, settings)
        for layout in layouts
        for precision in precisions_of(layout)
        for case in cases
    ]


FSDP = Layout(fsdp=2)
"""Sharded alike but for the experts in another layout of two ranks."""

PRECISIONS = ("float64", "float32", "bfloat16")
IN_EVERY_PRECISION = (Layout(), Layout(tp=2), Layout(fsdp=2, ep=2))
"""Layouts of the quick grid in every precision; the others in float64, which shows mistakes."""


def quick_precisions(layout: Layout) -> tuple[str, ...]:
    """Precisions of the quick grid."""
    return PRECISIONS if layout in IN_EVERY_PRECISION else ("float64",)


def run_grid(
    grid: dict[int, list[Layout]],
    precisions_of: Callable[[Layout], Sequence[str]],
    report: Callable[[str], None] = lambda _: None,
) -> list[Line]:
    """Compare every layout of a grid with the reference.

    Args:
        grid: Ranks -> layouts.
        precisions_of: Layout -> which of ``PRECISIONS``.
        report: Called with a text before every part of the work.

    Returns:
        A line per job and component.
    """
    launches = {ranks: jobs_of(layouts, precisions_of) for ranks, layouts in grid.items()}
    every_job = [job for jobs in launches.values() for job in jobs]
    cases = sorted({job.case for job in every_job})
    with tempfile.TemporaryDirectory(prefix="seed-conform-") as folder:
        report(f"the reference computes {len(cases)} cases")
        truths = {case: write_truth(case, Path(folder)) for case in cases}
        wanted = sorted({(job.case, job.precision) for job in every_job})
        allowed = {
            (case, precision): own_errors(case, precision, truths[case])
            for case, precision in wanted
        }
        lines: list[Line] = []
        for ranks, jobs in sorted(launches.items()):
            report(f"{ranks} rank{'s' * (ranks > 1)}: {len(jobs)} traces")
            lines += bounded(launch(ranks, jobs, Path(folder)), allowed)
    return lines


def write_truth(case: str, folder: Path) -> Trace:
    """The reference's trace in float64; also written for the launches, with the chosen experts."""
    tracer, config = ReferenceTracer(), case_config(case)
    truth = trace(tracer, config)
    routes = {f"routes/{layer}": ids for layer, ids in enumerate(chosen_experts(tracer, case))}
    arrays: dict[str, Any] = {**dict(flat(truth)), **routes}
    np.savez(folder / f"{case}.npz", **arrays)
    return truth


def chosen_experts(tracer: ReferenceTracer, case: str) -> Replay:
    """Experts that the reference's routers choose for a case in float64, per layer [B, S, k]."""
    config = case_config(case)
    return tracer.routes(started(tracer, config)[0], config, case_batch(config))


def own_errors(case: str, precision: str, truth: Trace) -> dict[str, float]:
    """Largest error of the reference itself in a lower precision, by component."""
    if precision == "float64":
        return {}
    runs = (
        [in_bfloat16(case)]
        if precision == "bfloat16"
        else [in_float32(case, rows) for rows in MICRO_BATCHES]
    )

    def error(arrays: dict[str, Any], component: str) -> float:
        return largest_error(arrays, truth_of(truth, component, precision, arrays), component)[0]

    return {
        component: max(error(own[component], component) for own in runs) for component in runs[0]
    }


def in_float32(case: str, micro_batch: int) -> Trace:
    """The reference in float32 with micro-batches of so many rows."""
    config = case_config(case, "precision=float32", f"algorithm.micro_batch={micro_batch}")
    return trace(ReferenceTracer(), config)


def in_bfloat16(case: str) -> Trace:
    """The reference in bfloat16, with the experts of float64.

    The forward components run on NumPy arrays of bfloat16. Autograd cannot differentiate such
    arrays, so the gradient is the exact one at weights that were rounded to bfloat16.
    """
    tracer, config = ReferenceTracer(), case_config(case)
    routes = chosen_experts(tracer, case)
    exact, learned = started(tracer, config)
    policy, value = rounded(exact.policy), rounded(exact.value)
    forward_only = replace(exact, policy=policy, value={})
    computed = tracer.forward(forward_only, config, case_batch(config), routes)
    at_rounded = replace(exact, policy=plain(policy), value=plain(value))
    gradients = tracer.gradients(at_rounded, config, learned, None)
    computed["gradient"] = {name: g for name, g in gradients.items() if name.startswith("policy")}
    return {component: plain(arrays) for component, arrays in computed.items()}


def rounded(params: Params) -> Params:
    """Arrays in bfloat16."""
    return {name: array.astype(ml_dtypes.bfloat16) for name, array in params.items()}


def plain(arrays: Params) -> Params:
    """Arrays in float64."""
    return {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}


def truth_of(
    truth: Trace, component: str, precision: str, computed: dict[str, Any]
) -> dict[str, Any]:
    """The expected arrays of a component; in bfloat16, where experts are given, without values."""
    if precision != "bfloat16":
        return truth[component]
    return {name: array for name, array in truth[component].items() if name in computed}


def launch(ranks: int, jobs: Sequence[Job], folder: Path) -> list[Line]:
    """Compute and compare jobs on so many ranks; the lines have no bounds yet.

    Raises:
        RuntimeError: The launch failed; its last lines of output.
    """
    listed = [[job.case, job.precision, vars(job.layout), job.overrides] for job in jobs]
    (folder / "jobs.json").write_text(json.dumps(listed))
    out = folder / "lines.json"
    command = ["-m", "seed.conformance.worker", str(folder), str(out)]
    done = run_ranks(ranks, command, LAUNCH_SECONDS)
    if done.returncode:
        raise RuntimeError(
            f"conformance launch on {ranks} ranks"
            f" failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
    rows = json.loads(out.read_text())
    return [
        Line(jobs[number], component, error, np.nan, worst)
        for number, component, error, worst in rows
    ]


def bounded(
    lines: Sequence[Line], allowed: dict[tuple[str, str], dict[str, float]]
) -> Iterator[Line]:
    """The lines with their bounds."""
    for line in lines:
        case, precision = line.job.case, line.job.precision
        if precision == "float64":
            yield replace(line, bound=EXACT)
        else:
            own_error = allowed[case, precision][line.component]
            yield replace(line, bound=2 * own_error + FLOORS[precision])
