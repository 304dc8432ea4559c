"""Inside the sandbox: give up every privilege, report that, then run the function of the request.

    descriptors  0 standard input   1 standard output   2 standard error
                 3 the job (JSON)   4 "ready" is written here   5.. more

Nothing of the job is read before the process is confined. Where confining fails, the job is not run
and nothing is written to descriptor 4. bubblewrap starts this file as a script; the other
mechanisms fork into ``run``.
"""

import contextlib
import importlib
import json
import os
import random
import sys
from collections.abc import Callable
from typing import Any

JOB, READY, FIRST_OWN = 3, 4, 5
SETUP_FAILED = 70
"""Exit status of a process that could not be confined (EX_SOFTWARE of sysexits.h).

Only descriptor 4 decides whether it was: a program may exit with any status.
"""

SEED = 0
"""Seed of ``random`` in every process: the same program gets the same verdict."""


def run(
    mechanism: str,
    entry: str,
    limits: dict[str, Any],
    readable: list[str],
    shares_its_user: bool,
    writable: str = "",
) -> None:
    """Confine this process and run the job; never returns.

    Args:
        mechanism: ``bubblewrap`` (this process is inside already), ``landlock`` or ``weak``.
        entry: ``module:function``; the function takes the job.
        limits: Fields of ``Limits``.
        readable: Directories and files that can still be read.
        shares_its_user: Whether other processes run under the same uid.
        writable: The folder of its own, see ``scratch``; empty if there is none.
    """
    try:
        function = resolve(entry)
        confine(mechanism, limits, readable, shares_its_user, writable)
        with os.fdopen(JOB, "rb") as stream:
            job = json.loads(stream.read())
        os.write(READY, b"1")
        os.close(READY)
    except BaseException as failure:
        os.write(2, f"{type(failure).__name__}: {failure}".encode()[:1000])
        os._exit(SETUP_FAILED)
    random.seed(SEED)
    os._exit(_status(function, job))


def resolve(entry: str) -> Callable[[Any], None]:
    """Import the function to run."""
    module, _, name = entry.partition(":")
    function: Callable[[Any], None] = getattr(importlib.import_module(module), name)
    return function


def confine(
    mechanism: str,
    limits: dict[str, Any],
    readable: list[str],
    shares_its_user: bool,
    writable: str = "",
) -> None:
    """Apply the part of a mechanism that works from inside.

    Raises:
        OSError: The kernel refuses; nothing may be run then.
    """
    from seed.reference.verifiers.sandbox import landlock, seccomp, weak
    from seed.reference.verifiers.sandbox.limits import Limits

    weak.confine(Limits(**limits), shares_its_user)
    if mechanism == "landlock":
        landlock.confine(readable, writable)
        seccomp.confine(signals=landlock.version() >= landlock.SCOPE_VERSION)
    elif mechanism == "bubblewrap" and seccomp.supported():
        seccomp.confine(signals=True)


def _status(function: Callable[[Any], None], job: Any) -> int:
    """Run to the end and finish as an interpreter does.

    Threads are waited for, exit functions run, output is flushed.
    """
    status = 0
    try:
        function(job)
    except SystemExit as exit:
        status = _exit_status(exit)
    except BaseException:
        _print_traceback()
        status = 1
    for finish in (_end_of_threads(), _end_of_exit_functions(), sys.stdout.flush, sys.stderr.flush):
        try:
            finish()
        except BaseException:
            status = status or 1
    return status


def _exit_status(exit: SystemExit) -> int:
    if exit.code is None:
        return 0
    if isinstance(exit.code, int):
        return exit.code & 0xFF
    with contextlib.suppress(Exception):
        sys.stderr.write(f"{exit.code}\n")
    return 1


def _print_traceback() -> None:
    with contextlib.suppress(BaseException):
        sys.excepthook(*sys.exc_info())


def _end_of_threads() -> Callable[[], Any]:
    import threading

    # What the interpreter itself calls at its end. It is private, and there is no public name.
    finish: Callable[[], Any] = threading._shutdown  # type: ignore[attr-defined]
    return finish


def _end_of_exit_functions() -> Callable[[], Any]:
    import atexit

    return atexit._run_exitfuncs


def main() -> None:
    """Run as a script, inside bubblewrap.

    The first argument holds the arguments of ``run``, and ``path``, where to import from.
    """
    request = json.loads(sys.argv[1])
    sys.argv[1:] = []
    sys.path.extend(request.pop("path"))
    run(**request)


if __name__ == "__main__":
    main()
