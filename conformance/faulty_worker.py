"""``seed`` with a remote worker that fails.

    python -m seed.conformance.faulty_worker WHAT COUNT RANK run ...

The process of rank RANK of worker 1 does WHAT (of ``conformance.misbehave``) when its worker
reports for the COUNT-th time. Everything else is the real program.
"""

import runpy
import sys

from seed.reference.rollouts.engine import EventReport
from seed.scaled.processes import worker_handle


def main(what: str, count: str, rank: str) -> None:
    """Run with a faulty program for worker processes."""
    worker_handle.ENTRY = ("seed.conformance.faulty_worker:serve", what, count, rank)
    sys.argv = ["seed", *sys.argv[4:]]
    runpy.run_module("seed.cli.main", run_name="__main__")


def serve(parent: str, descriptor: str, what: str, count: str, rank: str) -> None:
    """The program of a worker process: install the fault and run the real one."""
    from seed.conformance.misbehave import FAULTS
    from seed.scaled.processes import worker_process
    from seed.scaled.processes.worker_loop import WorkerLoop

    real_report, reports_until_fault = WorkerLoop.report, int(count)

    def report(self: WorkerLoop, reports: list[EventReport], decode_steps: int) -> None:
        nonlocal reports_until_fault
        reports_until_fault -= 1
        if (self.world.worker, self.world.rank, reports_until_fault) == (1, int(rank), 0):
            FAULTS[what]()
        real_report(self, reports, decode_steps)

    # The real loop runs, with a fault put in from outside: no branch of it exists for tests.
    WorkerLoop.report = report  # type: ignore[method-assign]
    worker_process.serve(parent, descriptor)


if __name__ == "__main__":
    main(*sys.argv[1:4])
