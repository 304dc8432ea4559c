"""Messages between the ranks of a job with remote workers, over MPI: in order, without waiting.

Senders and receivers of each message: ``scaled.processes.messages``.
"""

import math
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

MAIN_RANK = 0

POLL_SECONDS = 0.001
"""Pause between two checks of an empty mailbox."""


class Mailbox:
    """What one rank sends to and reads from the others; its threads may share it.

    A sender that is suspended in the middle of a message holds up no message of another rank; for
    the receiver it is silent, as if it had not begun to send.

    Attributes:
        sending: Messages that have not left.
        arriving: Sender -> its messages that have been announced but are not whole, in order.
    """

    def __init__(self, everyone: Any) -> None:
        self.everyone = everyone
        self.sending: list[Any] = []
        self.arriving: dict[int, deque[Any]] = {}

    def send(self, rank: int, message: Any) -> None:
        """Send and return at once."""
        self.sending = [request for request in self.sending if not request.Test()]
        self.sending.append(self.everyone.isend(message, dest=rank))

    def read(self, patience: float) -> list[tuple[int, Any]]:
        """Sender and message of all that has come; waits at most so many seconds for the first."""
        deadline = time.monotonic() + patience
        while True:
            self._begin_to_receive()
            messages = list(self._whole())
            if messages or time.monotonic() >= deadline:
                return messages
            time.sleep(POLL_SECONDS)

    def _begin_to_receive(self) -> None:
        """Take on all messages that have been announced."""
        from mpi4py import MPI

        status = MPI.Status()
        while (message := self.everyone.improbe(status=status)) is not None:
            self.arriving.setdefault(status.source, deque()).append(message.irecv())

    def _whole(self) -> Iterator[tuple[int, Any]]:
        """Sender and message of all that is whole; earlier messages of a sender come first."""
        for rank, requests in self.arriving.items():
            while requests:
                is_whole, message = requests[0].test()
                if not is_whole:
                    break
                requests.popleft()
                yield rank, message

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
