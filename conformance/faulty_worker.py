"""``seed`` with a standalone worker that fails: ``python -m conformance.faulty_worker WHAT COUNT RANK
run ...``.

The child of rank RANK of worker 1 does WHAT (of ``conformance.misbehave``) when its worker has
something to say for the COUNT-th time; everything else is the real program.
"""

import runpy
import sys
from typing import Any

from seed.reference.rollouts.streaming import EventReport
from seed.scaled.processes import worker_handle as process


def main(what: str, count: str, rank: str) -> None:
    """Have supervisors start faulty children, and run."""
    process.ENTRY = ("seed.conformance.faulty_worker", what, count, rank)
    sys.argv = ["seed", *sys.argv[4:]]
    runpy.run_module("seed.cli.main", run_name="__main__")


def serve(descriptor: str, what: str, count: str, rank: str) -> None:
    """The program of a child: put the fault in place and go on as the real one."""
    from seed.conformance.misbehave import FAULTS
    from seed.scaled.processes import worker_process as child
    from seed.scaled.processes.worker_pool import Server

    real, left = Server.say, [int(count)]

    def say(server: Any, reports: list[EventReport], steps: int) -> None:
        left[0] -= 1
        if (server.world.worker, server.world.rank, left[0]) == (1, int(rank), 0):
            FAULTS[what]()
        real(server, reports, steps)

    Server.say = say  # type: ignore[assignment,method-assign]  # the fault is put before the method
    child.serve(descriptor)


if __name__ == "__main__":
    main(*sys.argv[1:4])
