"""A pool that judges in the background: requests at any time, replies when they are wanted.

One thread serves the pool. The caller goes on with its own work, decoding for instance, while
workers judge; it only ever waits in ``replies``.
"""

import os
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from time import monotonic

from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Reply, Request


class Service:
    """A thread and the pool that it serves; both start with the first request.

    Attributes:
        pool: Touched by the thread alone once it runs.
        waited_seconds: Time that callers have waited in ``replies`` since the last look.
        busy_seconds: Of the pool at the last look.
        submitted: Requests so far.
    """

    def __init__(self, pool: Pool) -> None:
        """Start nothing yet."""
        self.pool, self.waited_seconds, self.busy_seconds = pool, 0.0, 0.0
        self.changed = threading.Condition()
        self.requests: deque[tuple[int, Request]] = deque()
        self.done: dict[int, Reply] = {}
        self.forgotten: set[int] = set()
        self.submitted = 0
        self.thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self.wake_end, self.wake = -1, -1

    def submit(self, request: Request) -> int:
        """Have a request judged.

        Returns:
            Its number.
        """
        with self.changed:
            number, self.submitted = self.submitted, self.submitted + 1
            self.requests.append((number, request))
            if self.thread is None:
                self.wake_end, self.wake = os.pipe()
                for end in (self.wake_end, self.wake):
                    os.set_blocking(end, False)
                self.thread = threading.Thread(target=self._run, name="verdicts", daemon=True)
                self.thread.start()
        with suppress(BlockingIOError):  # full of earlier calls: the thread will read them
            os.write(self.wake, b".")
        return number

    def replies(self, numbers: Sequence[int]) -> list[Reply]:
        """Wait until all of these are judged, and take their replies; each is given out once."""
        began = monotonic()
        with self.changed:
            self.changed.wait_for(
                lambda: self.failure is not None or all(number in self.done for number in numbers)
            )
            if self.failure is not None:
                raise self.failure
            self.waited_seconds += monotonic() - began
            return [self.done.pop(number) for number in numbers]

    def is_done(self, number: int) -> bool:
        """Whether a reply is there."""
        with self.changed:
            return number in self.done

    def forget(self, numbers: Iterable[int]) -> None:
        """Give up replies that nobody will take."""
        with self.changed:
            for number in numbers:
                if self.done.pop(number, None) is None:
                    self.forgotten.add(number)

    def take_seconds(self) -> dict[str, float]:
        """Entries of ``timings.jsonl``: seconds since the last call."""
        waited, self.waited_seconds = self.waited_seconds, 0.0
        busy_before, self.busy_seconds = self.busy_seconds, self.pool.busy_seconds
        busy = self.busy_seconds - busy_before
        return {"verdict_seconds": waited, "verdict_busy_seconds": busy}

    def close(self) -> None:
        """End the thread and kill all workers; what is not judged yet never will be."""
        if self.thread is None:
            return
        os.close(self.wake)  # the thread reads the end of the pipe
        self.thread.join()
        os.close(self.wake_end)
        self.thread, self.failure = None, None
        self.requests.clear()

    def _run(self) -> None:
        try:
            with self.pool:
                while self._is_open():
                    self._judge()
                    self.pool.wait(self.wake_end)
        except BaseException as failure:  # raised again by ``replies``, in the caller's thread
            with self.changed:
                self.failure = failure
                self.changed.notify_all()

    def _is_open(self) -> bool:
        """Whether the caller still has its end of the pipe; takes what it wrote there."""
        try:
            while os.read(self.wake_end, 4096):
                pass
        except BlockingIOError:
            return True
        return False

    def _judge(self) -> None:
        """Take replies, hand out requests as far as there are free workers."""
        replies: dict[int, Reply] = {}
        self.pool.take(replies)
        while self.pool.has_room:
            with self.changed:
                if not self.requests:
                    break
                number, request = self.requests.popleft()
            self.pool.start(number, request, replies)
        if replies:
            with self.changed:
                taken = self.forgotten.intersection(replies)
                self.forgotten -= taken
                self.done |= {number: replies[number] for number in replies if number not in taken}
                self.changed.notify_all()
