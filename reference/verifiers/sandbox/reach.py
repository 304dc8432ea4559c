"""What a sandboxed process may read, and how it can reach that without being root.

An interpreter below /root (mode 700), or a virtual environment in a temporary directory, is closed
to every other user. So when started by root, the fork server makes a view of the files for itself
and its children: the closed directory is covered by an empty file system that holds the paths
listed here and nothing else. The machine outside sees no change.
"""

import ctypes
import os
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime")
"""Shared libraries, the loader's index and the time zone.

A Python program needs no more of the system, and none of it is secret.
"""

PACKAGE_FOLDERS = ("site-packages", "dist-packages")
NEW_MOUNTS = 0x00020000
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000
OTHERS_ENTER = 0o001


def interpreter() -> str:
    """Find the interpreter itself, behind the links of a virtual environment."""
    return os.path.realpath(sys.executable)


def packages() -> tuple[str, ...]:
    """List the folders of installed packages: a program may use numpy if this interpreter can.

    A virtual environment may share those of another one, which are on the search path then.
    """
    own_paths = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    shared = [path for path in sys.path if os.path.basename(path) in PACKAGE_FOLDERS]
    return tuple(dict.fromkeys(map(os.path.realpath, (*own_paths, *shared))))


def own() -> tuple[str, ...]:
    """List what a sandboxed process needs of this project; tests and data are not in the list."""
    # Not resolved: in a checkout seed/reference is a link, and a guest imports along that path.
    verifiers = Path(__file__).absolute().parents[1]
    folders = [verifiers / "sandbox", verifiers / "programs"]
    files = [folder / "__init__.py" for folder in (verifiers, *verifiers.parents[:2])]
    return tuple(map(str, [*folders, *files, verifiers / "frames.py"]))


def readable() -> tuple[str, ...]:
    """List everything a sandboxed process may read."""
    return (*SYSTEM, os.path.realpath(sys.base_prefix), *packages(), *own())


def open_closed_directories(paths: Sequence[str]) -> None:
    """Cover every directory on the way to a path that only root can enter, and put the path back.

    Args:
        paths: Directories and files that other users must reach.

    Raises:
        OSError: Mounting is not permitted, as in most containers: then use an interpreter that
            other users can reach.
    """
    closed = defaultdict(list)
    for path in paths:
        if (directory := closed_directory(path)) and os.path.exists(path):
            closed[directory].append(path)
    if not closed:
        return
    library = ctypes.CDLL(None, use_errno=True)
    _check(library.unshare(NEW_MOUNTS), "a private view of the mounts")
    _mount(library, "none", "/", "", RECURSIVE | PRIVATE)
    # Opened in the new view (the kernel binds nothing of another) and before anything is covered.
    opened = {path: os.open(path, os.O_PATH) for group in closed.values() for path in group}
    for directory, group in sorted(closed.items()):
        _mount(library, "none", directory, "tmpfs", 0)
        for path in sorted(group):
            _bind(library, opened[path], path)
    for descriptor in opened.values():
        os.close(descriptor)


def closed_directory(path: str) -> str:
    """Find the outermost directory on the way to a path that other users cannot enter, if any."""
    for parent in reversed(Path(path).parents):
        if parent.exists() and not parent.stat().st_mode & OTHERS_ENTER:
            return str(parent)
    return ""


def _bind(library: ctypes.CDLL, descriptor: int, path: str) -> None:
    source = f"/proc/self/fd/{descriptor}"
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        Path(path).touch()
    _mount(library, source, path, "", BIND | RECURSIVE)


def _mount(library: ctypes.CDLL, source: str, target: str, kind: str, flags: int) -> None:
    names = source.encode(), target.encode(), kind.encode() or None
    options = b"mode=755" if kind else None
    returned = library.mount(*names, ctypes.c_ulong(flags), options)
    _check(returned, f"mounting on {target}")


def _check(returned: int, action: str) -> None:
    if returned:
        raise OSError(ctypes.get_errno(), f"{action}: {os.strerror(ctypes.get_errno())}")
