"""Landlock: the kernel refuses files outside a short list, TCP, and signals to processes outside.

    create_ruleset(what is governed)  ->  add_rule(path, what stays allowed)  ->  restrict_self

Needs no privilege and no library: three system calls (landlock(7); the numbers are the same on
every architecture). What it cannot govern (sockets other than TCP, processes, file modes, kernels
without signal scopes) ``seccomp`` refuses.
"""

import ctypes
import os
from collections.abc import Sequence

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_FOR_VERSION = 1
RULE_PATH_BENEATH = 1
SET_NO_NEW_PRIVILEGES = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIRECTORY, REMOVE_FILE, MAKE_DIRECTORY, MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
MAKE_LINK, RENAME, TRUNCATE = 1 << 12, 1 << 13, 1 << 14
CHANGE = (
    WRITE_FILE | READ_FILE | READ_DIRECTORY | REMOVE_DIRECTORY | REMOVE_FILE
    | MAKE_DIRECTORY | MAKE_FILE | MAKE_LINK | RENAME | TRUNCATE
)  # fmt: skip
"""What a program may do in its own folder: no programs, devices, sockets."""

FILE_RIGHTS_BY_VERSION = {
    number: (1 << rights) - 1 for number, rights in {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}.items()
}
"""All file rights of each version: 2 adds renaming across folders, 3 truncating, 5 devices."""

NETWORK_VERSION, NETWORK_RIGHTS = 4, 0b11
"""From version 4 on: binding and connecting TCP sockets."""

SCOPE_VERSION, SCOPES = 6, 0b11
"""From version 6 on: abstract Unix sockets and signals stay inside."""

READABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
WRITABLE_DEVICE = "/dev/null"


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr: what is governed."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("files", "network", "scoped"))


class PathRule(ctypes.Structure):
    """struct landlock_path_beneath_attr: what stays allowed.

    It holds below an open directory, or on an open file.
    """

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def version() -> int:
    """The Landlock version of the kernel, 1 or more; 0 where the kernel has no Landlock."""
    return max(0, _library().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_FOR_VERSION))


def confine(readable: Sequence[str], writable: str = "") -> None:
    """Restrict this process and all its future children, for good.

    Args:
        readable: Directories and files that can still be read; those that do not exist are skipped.
        writable: A directory in which files can still be made, changed and deleted.

    Raises:
        OSError: The kernel has no Landlock, or refuses.
    """
    supported = version()
    known = min(supported, max(FILE_RIGHTS_BY_VERSION))
    ruleset = Ruleset(
        files=FILE_RIGHTS_BY_VERSION.get(known, 0),
        network=NETWORK_RIGHTS if supported >= NETWORK_VERSION else 0,
        scoped=SCOPES if supported >= SCOPE_VERSION else 0,
    )
    # Older kernels refuse a structure with more fields than they know.
    size = 24 if supported >= SCOPE_VERSION else 16 if supported >= NETWORK_VERSION else 8
    rules = _call(CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0)
    for path in (*readable, *READABLE_DEVICES):
        _allow(rules, path, EXECUTE | READ_FILE | READ_DIRECTORY)
    _allow(rules, WRITABLE_DEVICE, WRITE_FILE | READ_FILE)
    if writable:
        _allow(rules, writable, CHANGE & ruleset.files)
    forbid_new_privileges()
    _call(RESTRICT_SELF, rules, 0)
    os.close(rules)


def forbid_new_privileges() -> None:
    """Make set-uid programs powerless for this process; Landlock and seccomp insist on it.

    Raises:
        OSError: The kernel refuses.
    """
    if _library().prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= ~READ_DIRECTORY  # the kernel refuses rights of directories on files
    rule = PathRule(allowed=rights, descriptor=descriptor)
    _call(ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    returned: int = _library().syscall(number, *arguments)
    if returned < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock call {number}: {os.strerror(error)}")
    return returned


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
