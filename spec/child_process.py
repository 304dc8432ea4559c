"""Child processes that start as a fresh interpreter and die with their parent.

Only the standard library is imported, so that any child may import this module first::

    parent   subprocess.Popen(start_command("package.module:serve", str(os.getpid())))
    child    def serve(parent: str) -> None:
                 die_with_parent(int(parent))
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of ``prctl`` (linux/prctl.h)."""


def start_command(
    entry: str,
    *arguments: str,
    interpreter: str = sys.executable,
    options: Sequence[str] = ("-P",),
    extra_path: Sequence[str] | None = None,
) -> list[str]:
    """The command line of a Python process that calls ``entry`` with ``arguments``.

    Args:
        entry: ``module:function``; it takes strings.
        arguments: What it is called with.
        interpreter: The Python that runs it.
        options: Of the interpreter; ``-P`` keeps the current directory off the path.
        extra_path: Folders behind the interpreter's own path; None: this process's whole path
            replaces it.
    """
    module, _, function = entry.partition(":")
    if extra_path is None:
        path = f"sys.path[:] = {[os.path.abspath(folder) for folder in sys.path]!r}"
    else:
        path = f"sys.path.extend({list(extra_path)!r})"
    program = f"import sys; {path}; from {module} import {function}; {function}(*sys.argv[1:])"
    return [interpreter, *options, "-c", program, *arguments]


def environment_without(prefixes: tuple[str, ...]) -> dict[str, str]:
    """This process's environment without the variables that begin with one of the prefixes."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent dies, and end now if it is dead already.

    Args:
        parent: Process id of the parent, taken before this process was started.
    """
    set_death_signal()
    if os.getppid() != parent:  # it died before the signal was set
        os._exit(1)


def set_death_signal() -> None:
    """Have the kernel kill this process when the thread that started it ends; Linux only.

    A change of the user id clears the setting: call it again after that.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
