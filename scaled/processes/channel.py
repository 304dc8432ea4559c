"""Whole messages over a pair of sockets, between a worker process and its parent.

A thread reads whatever comes, so neither end waits in a write because the other is in a write too.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from seed.scaled.processes.messages import Disconnected


class Channel:
    """One end of the connection."""

    def __init__(
        self, connection: "Connection[Any, Any]", at_end: Callable[[], object] = lambda: None
    ) -> None:
        """Begin to read.

        Args:
            connection: This end.
            at_end: Called by the reading thread as soon as the other end is closed.
        """
        self.connection, self.at_end = connection, at_end
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read_all, name="channel", daemon=True).start()

    def send(self, message: Any) -> None:
        """Write a message; waits while the other end's buffer is full."""
        self.connection.send(message)

    def next(self, patience: float | None = None) -> Any:
        """Wait for the next message; ``Disconnected`` is the last.

        Raises:
            queue.Empty: None has come within so many seconds.
        """
        return self.inbox.get(timeout=patience)

    def read(self, patience: float) -> list[Any]:
        """All messages that have come; waits at most so many seconds for the first."""
        messages: list[Any] = []
        with contextlib.suppress(queue.Empty):
            messages.append(
                self.inbox.get(timeout=patience) if patience else self.inbox.get_nowait()
            )
            while True:
                messages.append(self.inbox.get_nowait())
        return messages

    def _read_all(self) -> None:
        with contextlib.suppress(EOFError, OSError):  # also in the middle of a message
            while True:
                self.inbox.put(self.connection.recv())
        self.at_end()
        self.inbox.put(Disconnected())
