"""What every rank is doing, so that a run that stands still can say who waits for whom.

Each collective notes its name, its axis and when it began. A thread looks at the note: when a rank has waited longer than
``parallel.collective_timeout`` it asks the common store what the others were last seen doing, prints the laggards
once for all ranks, and ends all of them. A rank that is killed takes the rest down through its MPI launcher.
"""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

GRACE = 1.5
"""Seconds between two looks. A rank publishes its state that often, so what others read is never older than that."""


@dataclass
class Activity:
    """What this rank does now: phase, number of collectives begun, and the one it waits in (if ``since`` is set)."""

    phase: str = "start"
    count: int = 0
    collective: str = ""
    since: float | None = field(default=None, repr=False)

    def line(self) -> str:
        """The activity in words."""
        if self.since is None:
            return f"in {self.phase}, not in a collective; the last one was number {self.count}, {self.collective or 'none'}"
        return f"in {self.phase}, waiting in collective number {self.count}, {self.collective}"


current = Activity()
"""This process's activity: one rank is one process, and a person asks about the process."""


@contextlib.contextmanager
def collective(name: str, axis: str) -> Iterator[None]:
    """Note that this rank is inside a collective. The note stays when the collective fails, for the message."""
    current.count += 1
    current.collective = f"{name} over {axis}"
    current.since = time.monotonic()
    yield
    current.since = None


@contextlib.contextmanager
def phase(name: str) -> Iterator[None]:
    """Note what the collectives that follow belong to."""
    before, current.phase = current.phase, name
    yield
    current.phase = before


class Watchdog(threading.Thread):
    """Publishes this rank's activity and ends the job when it has waited too long."""

    def __init__(self, store: Any, rank: int, size: int, timeout: float, end: Callable[[], None]) -> None:
        """Watch.

        Args:
            store: Connection to the common store that no other thread uses.
            rank: This rank.
            size: Ranks in all.
            timeout: Seconds that a collective may take.
            end: Ends all ranks.
        """
        super().__init__(name="watchdog", daemon=True)
        self.store, self.rank, self.size, self.timeout, self.end = store, rank, size, timeout, end

    def run(self) -> None:
        """Look until the process ends."""
        while True:
            time.sleep(min(GRACE, self.timeout / 4))
            self.store.set(f"activity/{self.rank}", json.dumps([current.count, current.line()]))
            since = current.since
            if since is not None and time.monotonic() - since > self.timeout:
                self.report()
                self.end()

    def report(self) -> None:
        """Print once for all ranks who waits and who does not."""
        if self.store.add("failures", 1) != 1:
            return
        time.sleep(2 * min(GRACE, self.timeout / 4))  # the others publish once more
        seen = {rank: self.seen(rank) for rank in range(self.size)}
        fewest = min(count for count, _ in seen.values())
        lines = [f"rank {rank} is {text}" for rank, (count, text) in seen.items() if count == fewest]
        print(
            f"error: rank {self.rank} waited more than {self.timeout:g} s (parallel.collective_timeout) "
            f"{current.line()}; behind: {'; '.join(lines)}",
            file=sys.stderr,
            flush=True,
        )

    def seen(self, rank: int) -> tuple[int, str]:
        """Number of collectives and activity of a rank, as it last said."""
        key = f"activity/{rank}"
        if not self.store.check([key]):
            return 0, "not started"
        count, text = json.loads(self.store.get(key))
        return int(count), str(text)
