"""A rank that is suspended in the middle of a message, and two that go on.

    MPIR_CVAR_CH4_CMA_ENABLE=0 mpirun -n 3 python -m seed.conformance.half_message

Without the variable MPICH reads the memory of the sender, which needs no step of it. Rank 1 is
suspended before its long message has left, rank 2 is not. Rank 0 prints the lengths of the messages
that it reads meanwhile, then those that it reads when rank 1 goes on.
"""

import os
import signal
import time

from seed.conformance.suspend import suspend
from seed.scaled.processes.mpi_mailbox import Mailbox

LONG = 1 << 20
"""Bytes; more than what leaves without the receiver."""


def main() -> None:
    """Send or receive."""
    from mpi4py import MPI

    ranks = MPI.COMM_WORLD
    mailbox, process = Mailbox(ranks), ranks.bcast(os.getpid(), root=1)
    if ranks.rank == 0:
        while "T" not in _state(process):
            time.sleep(0.01)
        print(*_read(mailbox, 4, patience=2.0))
        os.kill(process, signal.SIGCONT)
        print(*_read(mailbox, 2, patience=60.0))
        return
    for length in (1, LONG, 2):
        mailbox.send(0, bytes(length))
        if ranks.rank == 1 and length == LONG:
            suspend()
    mailbox.flush()


def _state(process: int) -> str:
    with open(f"/proc/{process}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def _read(mailbox: Mailbox, most: int, patience: float) -> list[str]:
    """Sender and length of messages, until there are so many, or none comes in time."""
    found: list[str] = []
    while len(found) < most and (messages := mailbox.read(patience)):
        found += [f"{rank}:{len(message)}" for rank, message in messages]
    return found


if __name__ == "__main__":
    main()
