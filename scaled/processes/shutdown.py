"""How ranks end: all of them together, and the cause is printed once.

- A user error on any rank: exit code 2, its line.
- An exception on a rank: exit code 1, its traceback, then a line with rank, phase, last collective
  and error.
- An interrupt (Ctrl-C, SIGTERM, SIGHUP): exit code 130, 143 or 129, a line.
- A stalled rank: exit code 1, which ranks are behind, where, and which rank waits
  (``scaled.processes.watchdog``).
- A killed rank: the launcher prints its own notice and code, and ends the others.
- A worker process that fails or dies: the run goes on and exits with 0. Its error or signal is
  printed, and the worker is given up (``scaled.processes.worker_handle``).
- A worker that is silent for longer than ``parallel.worker_timeout``: the run goes on and exits
  with 0. The worker is given up.

The codes are those of the ranks; torchrun itself exits with 1 whatever they were.
"""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import NoReturn

from seed.scaled.processes.error_lines import print_error
from seed.scaled.processes.job import Job
from seed.scaled.processes.watchdog import REPORT_SECONDS, current
from seed.scaled.processes.world import World
from seed.spec.errors import SeedError, exit_code_of, how_it_ended

AGREEMENT_SECONDS = 3.0
"""How long a rank with a user error waits for all others to have it too, before it ends them."""

ECHO_SECONDS = 1.0
"""Delay before a failure inside a collective is reported: it mostly follows another rank's end.

A launcher that lost a rank ends the others in milliseconds, and then nothing is printed.
"""


@contextlib.contextmanager
def end_together(world: World) -> Iterator[None]:
    """Run the body so that no rank is left waiting: what ends it on one rank ends all."""
    try:
        yield
    except SeedError as error:
        if world.size == 1:
            raise
        _end_with_user_error(world, error)
    except KeyboardInterrupt as interrupt:
        if world.size == 1:
            raise
        _print_once(world, f"Error: {how_it_ended(interrupt)}")
        end_all(world, exit_code_of(interrupt))
    except BaseException as failure:
        if world.size == 1:
            raise
        _end_with_exception(world, failure)
    leave_process_group(world)


def end_all(world: World, code: int) -> NoReturn:
    """End every rank with this exit code, after the launcher has read what was printed.

    A worker process ends only itself; its parent then ends the worker's other processes.
    """
    sys.stderr.flush()
    if world.job is not None:
        world.job.abort(code)
    os._exit(code)


def leave_process_group(world: World) -> None:
    """Stop the watchdog and leave the process group, when no rank needs this one any more."""
    if world.size == 1:
        return
    import torch.distributed as dist

    world.watchdog.release()
    dist.destroy_process_group()


def abort_on_uncaught(job: Job) -> None:
    """Let an uncaught exception end all ranks; MPI would wait for this one.

    ``python -m mpi4py`` does the same.
    """

    def hook(
        kind: type[BaseException], failure: BaseException, trace: TracebackType | None
    ) -> None:
        # torch wraps this hook and holds back what it writes to sys.stderr until it returns, which
        # it never does.
        traceback.print_exception(kind, failure, trace, file=sys.__stderr__)
        job.abort(1)

    sys.excepthook = hook


def leave_signals_to_trainer() -> None:
    """Ignore the signals that end a run: the trainers stop their workers, or end the job."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def describe_failure(failure: BaseException) -> str:
    """Where this rank failed, and the error; waits first if another rank may be the cause."""
    if current.waiting:
        time.sleep(ECHO_SECONDS)
    return f"failed {current.line()}: {type(failure).__name__}: {failure}"


def _end_with_user_error(world: World, error: SeedError) -> None:
    """Exit with the error's line. If only some ranks have it, end the others."""
    if world.store.add("user errors", 1) == 1:
        print_error(f"Error: {error}")
    deadline = time.monotonic() + AGREEMENT_SECONDS
    while world.store.add("user errors", 0) < world.size:
        if time.monotonic() > deadline:
            end_all(world, 2)
        time.sleep(0.02)
    leave_process_group(world)
    sys.exit(2)


def _end_with_exception(world: World, failure: BaseException) -> None:
    """Print an exception, unless another rank was first, and end all ranks.

    The traceback is left out inside a collective, where the cause is mostly another rank.
    """
    trace = "" if current.waiting else "".join(traceback.format_exception(failure))
    what = describe_failure(failure)
    _print_once(world, f"{trace}error: rank {world.rank} of {world.size} {what}")
    end_all(world, 1)


def _print_once(world: World, line: str) -> None:
    """Print how the run ends; if another rank was first, give it time to print and end this one."""
    try:
        is_first = world.store.add("failures", 1) == 1
    except Exception:  # the rank that holds the store has ended, so its failure was first
        is_first = False
    if is_first:
        print_error(line)
    else:
        time.sleep(REPORT_SECONDS)
