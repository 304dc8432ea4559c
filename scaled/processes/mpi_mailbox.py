"""Messages between the ranks of a job with remote workers, over MPI: in order, without waiting.

Senders and receivers of each message: ``scaled.processes.messages``.
"""

import math
import time
from typing import Any

MAIN_RANK = 0

POLL_SECONDS = 0.001
"""Pause between two checks of an empty mailbox."""


class Mailbox:
    """What one rank sends to and reads from the others; its threads may share it."""

    def __init__(self, everyone: Any) -> None:
        self.everyone = everyone
        self.sending: list[Any] = []

    def send(self, rank: int, message: Any) -> None:
        """Send and return at once."""
        self.sending = [request for request in self.sending if not request.Test()]
        self.sending.append(self.everyone.isend(message, dest=rank))

    def read(self, patience: float) -> list[tuple[int, Any]]:
        """Sender and message of all that has come; waits at most so many seconds for the first."""
        from mpi4py import MPI

        deadline = time.monotonic() + patience
        messages: list[tuple[int, Any]] = []
        status = MPI.Status()
        while True:
            while (message := self.everyone.improbe(status=status)) is not None:
                messages.append((status.source, message.recv()))
            if messages or time.monotonic() >= deadline:
                return messages
            time.sleep(POLL_SECONDS)

    def flush(self, deadline: float = math.inf) -> bool:
        """Wait until all messages have left; their receivers must still be reading.

        Args:
            deadline: By ``time.monotonic``.

        Returns:
            Whether they have.
        """
        while not all(request.Test() for request in self.sending):
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True
