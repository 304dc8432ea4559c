"""A uid of its own for every sandboxed process, where the host is root and can give one away.

A monitor kills everything that runs under its guest's uid, and RLIMIT_NPROC counts by uid. So no
two guests may share one, not even guests of two programs that do not know of each other: a uid is
claimed by binding a name in the kernel's abstract name space of sockets. The claim ends with the
last process that holds the socket, however that process ends.
"""

import itertools
import os
import socket

FIRST_UID, UIDS = 60706, 478
"""Uids that no distribution hands out (systemd's table of uids: unused 60706-61183)."""

_serial = itertools.count(os.getpid())
"""Where the search begins: a uid is not reused at once, and two hosts rarely try the same ones."""


class NoUid(Exception):
    """All uids are claimed."""


def claim() -> tuple[int, socket.socket]:
    """Claim a uid that no other sandboxed process has.

    Returns:
        The uid, and the socket that is the claim: it ends when all its copies are closed.

    Raises:
        NoUid: All are claimed.
    """
    for _ in range(UIDS):
        uid = FIRST_UID + next(_serial) % UIDS
        claimed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claimed.bind(f"\0seed-sandbox-user-{uid}")
        except OSError:
            claimed.close()
            continue
        return uid, claimed
    raise NoUid(f"all {UIDS} uids for sandboxed processes are in use")
