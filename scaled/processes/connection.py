"""The line between the process of a worker and its keeper, a supervisor or the trainer: whole
messages over a pair of sockets.

A thread reads as soon as anything comes, so neither end waits in a write because the other is in a
write too.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

GONE = ("gone",)
"""Read last of all, when the other end is closed."""


class Line:
    """One end."""

    def __init__(
        self, connection: "Connection[Any, Any]", at_end: Callable[[], object] = lambda: None
    ) -> None:
        """Begin to read.

        Args:
            connection: This end.
            at_end: Called by the thread that reads, as soon as the other end is closed.
        """
        self.connection, self.at_end = connection, at_end
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="line", daemon=True).start()

    def send(self, message: Any) -> None:
        """Write a message; waits while the other end is behind with reading."""
        self.connection.send(message)

    def next(self) -> Any:
        """Wait for a message."""
        return self.inbox.get()

    def read(self, patience: float) -> list[Any]:
        """All that has come, after at most so many seconds if nothing has."""
        read: list[Any] = []
        with contextlib.suppress(queue.Empty):
            read.append(self.inbox.get(timeout=patience) if patience else self.inbox.get_nowait())
            while True:
                read.append(self.inbox.get_nowait())
        return read

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):  # also in the middle of a message
            while True:
                self.inbox.put(self.connection.recv())
        self.at_end()
        self.inbox.put(GONE)
