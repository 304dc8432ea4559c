"""The grid: every component, on every layout, in every precision, against the reference in float64.

    float64    error at most 1e-10
    float32    at most twice what the reference itself errs in float32, plus a floor of a few roundings
    bfloat16   the same against the reference in bfloat16, both with the experts that float64 chooses (``in_bfloat16``)

A tolerance is earned, never typed in (the idea is flash-attention's). Layouts of one number of
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
from seed.conformance.trace import COMPONENTS, Replay, Trace, flat, started, trace
from seed.spec.datatypes import Params
from seed.spec.layout import Layout

EXACT = 1e-10
"""Bound in float64: round-off of sums in another order, with room for cancellation, and far below
any mistake.
"""

FLOORS = {"float32": 16 * 2.0**-24, "bfloat16": 4 * 2.0**-9}
"""A few roundings of the precision: two runs that both err hardly at all may differ by more than a
factor of two.
"""

FORWARD = ("attention", "moe", "model")
BFLOAT16_COMPONENTS = (*FORWARD, "gradient")
MICRO_BATCHES = (4, 1, 16)
"""Rows that the reference adds up at a time in float32: each order of a sum errs otherwise, and one
may err little by luck.
"""
ILL_CONDITIONED = ("grpo",)
"""With tied embeddings an untrained policy repeats its token (log-probability -0.02): its gradient
is a small difference of large numbers, and in bfloat16 it measures the rounding of the case instead
of the backend.
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
"""Every axis alone, and combinations up to eight ranks, in less than a minute a launch on two
cores.
"""

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
"""All layouts up to eight ranks that the cases' heads and experts allow."""


@dataclass(frozen=True)
class Job:
    """One trace that a launch computes and compares."""

    case: str
    precision: str
    layout: Layout
    overrides: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        """What is compared in this precision."""
        if self.precision != "bfloat16":
            return COMPONENTS
        return FORWARD if self.case in ILL_CONDITIONED else BFLOAT16_COMPONENTS


@dataclass(frozen=True)
class Line:
    """A line of the table: how far a component is from the reference in float64.

    Attributes:
        job: What was computed.
        component: Component.
        error: Largest error relative to the scale of its array.
        bound: What it may be.
        worst: Name of the array that errs most.
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
"""On many ranks that share few cores a step is mostly waiting in collectives: half as many of them.
No result depends on it.
"""


def jobs_of(
    layouts: Sequence[Layout], precisions_of: Callable[[Layout], Sequence[str]]
) -> list[Job]:
    """All cases in one process; on several ranks the case with every term, in every precision that
    is asked for.
    """
    ranks = max(layout.ranks for layout in layouts)
    cases = ("everything",) if ranks > 1 else tuple(CASES)
    settings = FEW_MICRO_BATCHES if ranks > 2 else ()
    return [
        Job(case, precision, layout, settings)
        for layout in layouts
        for precision in precisions_of(layout)
        for case in cases
    ]


PRECISIONS = ("float64", "float32", "bfloat16")
IN_EVERY_PRECISION = (Layout(), Layout(tp=2), Layout(fsdp=2, ep=2))
"""Where the quick grid computes in every precision; elsewhere in float64 only, which shows a
mistake of a layout best.
"""


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
        report: Told what is being done.

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
    """The reference's trace in float64, also as a file for the launches; with it the experts that
    its routers chose.
    """
    tracer, config = ReferenceTracer(), case_config(case)
    truth = trace(tracer, config)
    routes = {f"routes/{layer}": ids for layer, ids in enumerate(chosen_experts(tracer, case))}
    arrays: dict[str, Any] = {**dict(flat(truth)), **routes}
    np.savez(folder / f"{case}.npz", **arrays)
    return truth


def chosen_experts(tracer: ReferenceTracer, case: str) -> Replay:
    """Experts that the reference's routers choose for the batch of a case in float64 [B, S, k] per
    MoE layer.
    """
    config = case_config(case)
    return tracer.routes(tracer.backend.initial_state(config), config, case_batch(config))


def own_errors(case: str, precision: str, truth: Trace) -> dict[str, float]:
    """How far the reference itself is from the truth at most when it computes in a lower precision,
    by component.
    """
    if precision == "float64":
        return {}
    runs = (
        [in_bfloat16(case)]
        if precision == "bfloat16"
        else [in_float32(case, rows) for rows in MICRO_BATCHES]
    )
    return {
        component: max(
            largest_error(own[component], truth_of(truth, component, own[component]), component)[0]
            for own in runs
        )
        for component in runs[0]
    }


def in_float32(case: str, micro_batch: int) -> Trace:
    """The reference in float32, adding up so many rows at a time."""
    return trace(
        ReferenceTracer(),
        case_config(case, "precision=float32", f"algorithm.micro_batch={micro_batch}"),
    )


def in_bfloat16(case: str) -> Trace:
    """The reference in bfloat16, with the experts of float64.

    The forward components run on NumPy arrays of bfloat16. The gradient, which autograd cannot take
    on such arrays, is the exact one at weights that were rounded to bfloat16.
    """
    tracer, config, routes = (
        ReferenceTracer(),
        case_config(case),
        chosen_experts(ReferenceTracer(), case),
    )
    exact, learned = started(tracer, config)
    policy, value = rounded(exact.policy), rounded(exact.value)
    found = tracer.forward(
        replace(exact, policy=policy, value={}), config, case_batch(config), routes
    )
    at_rounded = replace(exact, policy=plain(policy), value=plain(value))
    gradients = tracer.gradients(at_rounded, config, learned, None)
    found["gradient"] = {name: g for name, g in gradients.items() if name.startswith("policy")}
    return {component: plain(arrays) for component, arrays in found.items()}


def rounded(params: Params) -> Params:
    """Arrays in bfloat16."""
    return {name: array.astype(ml_dtypes.bfloat16) for name, array in params.items()}


def plain(arrays: Params) -> Params:
    """Arrays in float64."""
    return {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}


def truth_of(truth: Trace, component: str, found: dict[str, Any]) -> dict[str, Any]:
    """The arrays of the truth that a lower precision answers to: with given experts there are no
    values to compare.
    """
    return {name: array for name, array in truth[component].items() if name in found}


def launch(ranks: int, jobs: Sequence[Job], folder: Path) -> list[Line]:
    """Let so many ranks compute and compare; bounds are not known yet.

    Raises:
        RuntimeError: The launch failed; its last lines of output.
    """
    (folder / "jobs.json").write_text(
        json.dumps([[j.case, j.precision, vars(j.layout), j.overrides] for j in jobs])
    )
    out = folder / "lines.json"
    done = run_ranks(
        ranks, ["-m", "seed.conformance.worker", str(folder), str(out)], LAUNCH_SECONDS
    )
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
    """Give every line its bound."""
    for line in lines:
        precision = line.job.precision
        exact = precision == "float64"
        bound = (
            EXACT
            if exact
            else 2 * allowed[line.job.case, precision][line.component] + FLOORS[precision]
        )
        yield replace(line, bound=bound)
