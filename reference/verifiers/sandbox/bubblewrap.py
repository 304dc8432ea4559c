"""bubblewrap: name spaces for files, processes, network, users and inter-process communication.

The tool is a sandbox only if it is called with care. Each option closes a hole that was seen open:

- It is started under a uid that is not root's: host root can write /proc/sys/kernel/core_pattern,
  inside too.
- It is started with a clean environment: ``--clearenv`` cleans the child's only, and
  /proc/1/environ shows the caller's.
- There is no ``--proc``: nothing to read about other processes, and it works where proc is masked.
- ``--disable-userns``: a nested user name space would bring all capabilities back.
- ``--size`` before each ``--tmpfs``: each may hold half of the memory otherwise, which RLIMIT_AS
  does not count.
- ``--remount-ro /dev`` and ``/``: both are writable file systems in memory otherwise.
- ``--new-session``: TIOCSTI could type commands into the caller's terminal.
- ``--die-with-parent``: killing bubblewrap empties the name space of processes.
- Limits are set inside: RLIMIT_NPROC counts per user name space, and outside all runs share it.
"""

import os
import shutil
from collections.abc import Sequence

from seed.reference.verifiers.sandbox.limits import Limits

INSIDE_USER = "65534"
"""Nobody's uid and gid, as seen inside."""


def program() -> str:
    """The path of bubblewrap, empty where it is not installed."""
    return shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin") or ""


def command(readable: Sequence[str], limits: Limits, inside: Sequence[str]) -> list[str]:
    """Write the command line.

    Args:
        readable: Directories and files that can be read inside, at the same places.
        limits: ``scratch_bytes`` bounds what can be written inside.
        inside: The command to run inside.

    Returns:
        The command. Open descriptors and the environment are handed on as they are.
    """
    size = str(limits.scratch_bytes)
    unshared = ("user", "ipc", "pid", "net", "uts", "cgroup-try")
    return [
        program(),
        *(f"--unshare-{kind}" for kind in unshared),
        *("--uid", INSIDE_USER, "--gid", INSIDE_USER, "--disable-userns", "--hostname", "sandbox"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--dev", "/dev"),
        *("--size", size, "--tmpfs", "/tmp", "--size", size, "--tmpfs", "/dev/shm"),
        # Last, because an environment may itself lie below /tmp.
        *(argument for path in readable if os.path.exists(path) for argument in _shown(path)),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"),
        *inside,
    ]


def _shown(path: str) -> tuple[str, ...]:
    # /lib and /bin are links into /usr on most systems. They stay links, so that the loader does
    # not find two copies of a library.
    if os.path.islink(path) and path.count("/") == 1:
        return ("--symlink", os.readlink(path), path)
    return ("--ro-bind", path, path)
