"""One process writes a run directory: a lock that ends with its process, however that ends.

``.lock`` names the holder. The lock itself is the system's (flock) and lies on the open file, so
what a killed run leaves locks nothing. Readers such as ``seed report`` take no lock.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from seed.spec.backend import Backend
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import Observer

LOCK = ".lock"


@contextmanager
def locked(path: Path, backend: Backend[Any], observer: Observer) -> Iterator[None]:
    """Hold the lock of a run directory in its main process while the block lasts.

    Args:
        path: The run directory; it is made if there is none.
        backend: Of the run. All its processes call this, and all are refused or none.
        observer: Is told ``run_not_locked`` where the file system has no locks.

    Raises:
        SeedError: RUN_DIRECTORY_IN_USE names the process that holds the lock, and its host;
            UNWRITABLE_FILE.
    """
    with ExitStack() as held:
        missing = backend.on_rank_zero(lambda: _take(path, held))
        if missing:
            observer.event("run_not_locked", missing)
        yield


def _take(path: Path, held: ExitStack) -> str:
    """Take the lock until ``held`` ends.

    Returns:
        Why there is no lock; empty if there is one.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        file = held.enter_context((path / LOCK).open("a+", encoding="utf-8"))
    except OSError as error:
        line = f"{path / LOCK} cannot be written: {error.strerror}"
        raise SeedError(Reason.UNWRITABLE_FILE, line) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SeedError(Reason.RUN_DIRECTORY_IN_USE, _in_use(path)) from None
    except OSError as error:
        return (
            f"{path}: its file system has no locks ({error.strerror}); see to it that no other"
            " process writes this run"
        )
    os.ftruncate(file.fileno(), 0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}")
    file.flush()
    return ""


def _in_use(path: Path) -> str:
    holder = (path / LOCK).read_text(encoding="utf-8") or "another process"
    return (
        f"{path} is being written by {holder}; wait for its end or end it, then continue with: seed"
        f" run --resume {path}"
    )
