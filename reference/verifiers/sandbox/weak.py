"""Weak isolation: resource limits and a clean environment. It contains accidents, not attacks.

A program can still read and write whatever its user can, use the network and signal processes of
its user. So this is used only when asked for by name. The other mechanisms begin with the same
limits.
"""

import os
import resource
from pathlib import Path

from seed.reference.verifiers.sandbox.limits import Limits

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    # With Landlock, the guest puts the folder of its own in place of both.
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    # Sets of strings have the same order each time, so that the same program gets the same verdict.
    "PYTHONHASHSEED": "0",
    # Otherwise the C library reserves 64 MiB of address space for every thread, and sixteen threads
    # would use up a limit.
    "MALLOC_ARENA_MAX": "1",
    # OpenBLAS starts a thread per core, each with a buffer that counts against the address space.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""The whole environment of a sandboxed process; the caller's may hold keys and tokens."""


def confine(limits: Limits, shares_its_user: bool) -> None:
    """Set the resource limits of this process for good.

    All but that of the stack are hard limits, which only the superuser can raise.

    Args:
        limits: What the program may use.
        shares_its_user: Whether other processes run under the same uid and count against its
            RLIMIT_NPROC.
    """
    tasks = limits.tasks + (_tasks_of(os.getuid()) if shares_its_user else 0)
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        # One second apart: SIGXCPU comes first and names the reason; a program that ignores it is
        # killed.
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        # A program may raise its own stack, as solutions of contests do: its address space, which
        # holds the stack too, is limited all the same.
        (resource.RLIMIT_STACK, limits.stack_bytes, resource.RLIM_INFINITY),
        (resource.RLIMIT_NPROC, tasks, tasks),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        _lower(kind, soft, hard)


def _lower(kind: int, soft: int, hard: int) -> None:
    """Set a limit, but never above what this process may use itself.

    Only the superuser may raise a hard limit.
    """
    allowed = resource.getrlimit(kind)[1]
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), allowed if hard < 0 else min(hard, allowed)
    resource.setrlimit(kind, (soft, hard))


def _tasks_of(uid: int) -> int:
    """Count the threads of a user, as RLIMIT_NPROC does."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == uid:
                count += len(os.listdir(process / "task"))
        except OSError:
            continue  # it has ended meanwhile
    return count
