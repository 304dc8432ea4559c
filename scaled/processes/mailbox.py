"""Letters between the ranks of a job that has standalone workers: plain data, in order, without
waiting.

=================== ================= ==========================================================================
from                to                message
=================== ================= ==========================================================================
is_main_process         first supervisor  ``("letter", bytes)`` for its child, END where it gives the worker up, STOP
first supervisor    other supervisors ``("letter", bytes)`` for theirs, END when a child of the worker has fallen, STOP
other supervisors   first supervisor  ``("fallen", words)``, STOPPED
first supervisor    is_main_process       ``("reports", events, steps)``, LOST once if a child has fallen, STOPPED
=================== ================= ==========================================================================

STOP and STOPPED are the last in their directions, so nothing is on its way when MPI ends. A letter
is pickled by its writer and opened by the child alone: the ranks in between pass bytes on.
"""

import time
from typing import Any

COORDINATOR = 0
END = ("end",)
STOP = ("stop",)
STOPPED = ("stopped",)
LOST = ("lost",)

LOOK_SECONDS = 0.001
"""Pause between two looks into an empty mailbox."""


class Mailbox:
    """What one rank sends to and reads from the others; threads may share it, a message comes to
    one of them.
    """

    def __init__(self, everyone: Any) -> None:
        self.everyone = everyone
        self.sending: list[Any] = []

    def send(self, rank: int, message: Any) -> None:
        """Send, and go on at once."""
        self.sending = [request for request in self.sending if not request.Test()]
        self.sending.append(self.everyone.isend(message, dest=rank))

    def read(self, patience: float) -> list[tuple[int, Any]]:
        """Sender and message of all that has come, after at most so many seconds if nothing has."""
        from mpi4py import MPI

        until = time.monotonic() + patience
        read: list[tuple[int, Any]] = []
        status = MPI.Status()
        while True:
            while (letter := self.everyone.improbe(status=status)) is not None:
                read.append((status.source, letter.recv()))
            if read or time.monotonic() >= until:
                return read
            time.sleep(LOOK_SECONDS)

    def flush(self) -> None:
        """Wait until all that was sent has left; its readers must still be reading."""
        for request in self.sending:
            request.wait()
