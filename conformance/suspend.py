"""``seed`` with a process that is suspended by SIGSTOP, as by a scheduler or a debugger.

    python -m seed.conformance.suspend WHO RANK run ...

WHO:

- rank: MPI rank RANK, before it joins the others
- child: the worker process of worker 1, before it is ready
- supervisor: MPI rank RANK, a worker's, when its worker has got the first weights

Everything else is the real program.
"""

import os
import runpy
import signal
import sys

from seed.scaled.processes import worker_handle, worker_pool
from seed.scaled.processes.launcher import launcher
from seed.scaled.processes.messages import SupervisorMessage
from seed.scaled.processes.supervisor import Supervisor

STOP_SECONDS = 3.0
"""Longest wait for a worker at the end: tests need not wait as long as users."""


def main(who: str, rank: int) -> None:
    """Run with a process that is suspended."""
    is_chosen = launcher().rank == rank
    worker_pool.STOP_SECONDS = STOP_SECONDS
    if who == "child":
        worker_handle.ENTRY = ("seed.conformance.suspend:serve",)
    elif who == "rank" and is_chosen:
        suspend()
    elif is_chosen:
        suspend_after_weights()
    sys.argv = ["seed", *sys.argv[3:]]
    runpy.run_module("seed.cli.main", run_name="__main__")


def suspend() -> None:
    """Suspend this process with all its threads."""
    os.kill(os.getpid(), signal.SIGSTOP)


def serve(parent: str, descriptor: str) -> None:
    """The program of a worker process that never becomes ready."""
    suspend()


def suspend_after_weights() -> None:
    """Let a supervisor suspend itself when it has passed its first message on."""
    real = Supervisor.handle_rank

    def handle_rank(self: Supervisor, message: SupervisorMessage) -> None:
        real(self, message)
        suspend()

    # The real supervisor runs, with a fault put in from outside.
    Supervisor.handle_rank = handle_rank  # type: ignore[method-assign]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
