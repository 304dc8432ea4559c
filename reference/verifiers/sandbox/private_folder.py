"""A private folder of a program on a disk, where ``scratch`` may mount none in memory.

    the monitor makes it  ->  Landlock allows the guest to write in it and nowhere else
                          ->  the monitor watches its size, and removes it when the guest has ended

No mount bounds it, so a guest that has filled it is killed. Between two looks it can write as much
again as a disk takes in ``LOOK_SECONDS``. The folder is named after its monitor: what a monitor
that was killed has left is removed when the next fork server starts.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from seed.reference.verifiers.sandbox.scratch import MOST_FILES

PLACE = "/tmp"
"""Where folders are made: guests are started without the variables of the host."""

PREFIX = "seed-guest-"
LOOK_SECONDS = 0.05
"""Between two looks at how much a folder holds."""

BLOCK_BYTES = 512
"""Unit of ``st_blocks``."""


def make(uid: int | None, parent: str = PLACE) -> str:
    """Make a folder that nobody else can enter.

    Args:
        uid: Whom it belongs to; None for the user of this process.
        parent: Where.

    Returns:
        Its path, empty if there is no room for one.
    """
    path = f"{parent}/{PREFIX}{os.getpid()}-{os.urandom(8).hex()}"
    try:
        os.mkdir(path, stat.S_IRWXU)
        if uid is not None:
            os.chown(path, uid, uid)
    except OSError:
        return ""
    return path


def is_full(path: str, size: int) -> bool:
    """Whether a folder holds more bytes or files than it may, or lies too deep to tell."""
    total, files = 0, 0
    try:
        for entry in _entries(path):
            files += 1
            with suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_blocks * BLOCK_BYTES
            if total > size or files > MOST_FILES:
                return True
    except OSError:
        return True
    return False


def _entries(path: str) -> Iterator["os.DirEntry[str]"]:
    ahead = [path]
    while ahead:
        with suppress(FileNotFoundError), os.scandir(ahead.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    ahead.append(entry.path)


def remove(path: str) -> None:
    """Remove a folder and all in it, at any depth, once nobody works in it any more.

    Folders are emptied into the topmost one, so that no path becomes long and nothing recurses. No
    link is followed.
    """
    serial = 0
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        while names := os.listdir(top):
            for name in names:
                if not _is_folder(name, top):
                    os.unlink(name, dir_fd=top)
                    continue
                inner = _opened(name, top)
                for each in os.listdir(inner):
                    serial += 1
                    if _is_folder(each, inner):
                        os.chmod(each, stat.S_IRWXU, dir_fd=inner)
                    os.rename(each, f"{PREFIX}{serial}", src_dir_fd=inner, dst_dir_fd=top)
                os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(path)


def _is_folder(name: str, parent: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _opened(name: str, parent: int) -> int:
    os.chmod(name, stat.S_IRWXU, dir_fd=parent)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)


def sweep(parent: str = PLACE) -> None:
    """Remove the folders of monitors that no longer run, if they are this user's to remove."""
    for path in Path(parent).glob(f"{PREFIX}*-*"):
        monitor = path.name.removeprefix(PREFIX).partition("-")[0]
        if monitor.isdigit() and not _runs(int(monitor)):
            with suppress(OSError):
                remove(str(path))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
