"""A private folder that a program may write to: a file system in memory that vanishes with it.

    a view of the mounts of its own  ->  tmpfs on an empty folder of the system, seen by nobody else

bubblewrap has one by itself. Without bubblewrap the guest mounts it before it gives up its
privileges: as root, or in a user name space of its own whose capabilities it then drops. Nothing is
written to a disk, so nothing has to be cleaned up or counted there. Where the kernel permits
neither, the monitor makes a ``private_folder`` instead.
"""

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress

PLACES = ("/mnt", "/srv", "/media")
"""Where it is mounted: on the first that exists and holds nothing a guest may read.

Not /tmp: there the probe puts its bait, which must be out of reach because it is refused, not
because it is covered.
"""

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
RECURSIVE, PRIVATE = 0x4000, 0x40000
NO_SETUID, NO_DEVICES, NO_PROGRAMS = 2, 4, 8
MOST_FILES = 8192
CAPABILITIES_VERSION = 0x20080522
"""The version of ``capset`` with two words for each set (linux/capability.h)."""

DROP_FROM_BOUNDING_SET, LAST_CAPABILITY = 24, 63


def can_make(readable: Sequence[str]) -> bool:
    """Whether the kernel lets this process mount such a folder; a child process tries it."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if make(readable, os.sysconf("SC_PAGE_SIZE"), None) else 1)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def make(readable: Sequence[str], size: int, uid: int | None) -> str:
    """Mount the folder for this process and its children.

    Args:
        readable: What guests may read; it must not be covered.
        size: Bytes that it may hold.
        uid: Whom it belongs to; None for the user of this process.

    Returns:
        Its path, empty if there is none.
    """
    place = next((path for path in PLACES if _suits(path, readable)), "")
    library = ctypes.CDLL(None, use_errno=True)
    is_root, owner = os.geteuid() == 0, (os.geteuid(), os.getegid())
    if not place or library.unshare(NEW_MOUNTS | (0 if is_root else NEW_USER)):
        return ""
    try:
        if not is_root:
            _keep_own_ids(*owner)
        user, group = (uid, uid) if uid is not None else owner
        options = f"size={size},nr_inodes={MOST_FILES},mode=700,uid={user},gid={group}"
        _mount(library, "none", "/", None, RECURSIVE | PRIVATE, None)
        _mount(library, "none", place, "tmpfs", NO_SETUID | NO_DEVICES | NO_PROGRAMS, options)
    except OSError:
        place = ""
    if not is_root:
        _drop_capabilities(library)
    return place


def _suits(path: str, readable: Sequence[str]) -> bool:
    covers = any(f"{shown}/".startswith(f"{path}/") for shown in readable)
    return os.path.isdir(path) and not os.path.islink(path) and not covers


def _keep_own_ids(uid: int, gid: int) -> None:
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(text)


def _drop_capabilities(library: ctypes.CDLL) -> None:
    """Give up all capabilities of the name space, for good.

    Raises:
        OSError: The kernel refuses; nothing may be run then.
    """
    for capability in range(LAST_CAPABILITY + 1):
        library.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    if library.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset")


def _mount(
    library: ctypes.CDLL,
    source: str,
    target: str,
    kind: str | None,
    flags: int,
    options: str | None,
) -> None:
    names = source.encode(), target.encode(), kind.encode() if kind else None
    given = options.encode() if options else None
    if library.mount(*names, ctypes.c_ulong(flags), given):
        error = ctypes.get_errno()
        raise OSError(error, f"mounting on {target}: {os.strerror(error)}")


def settle(path: str) -> None:
    """Make the folder the current one and the place of temporary files."""
    with suppress(OSError):
        os.chdir(path)
        os.environ.update({"HOME": path, "TMPDIR": path})
