"""What every rank is doing, so that a stalled run can report which rank waits for which.

A rank records the phase it works in and every collective it begins, FSDP's own included. A thread
checks the record: a rank has stalled if it has waited in a collective, or made no progress within a
phase, for longer than ``parallel.collective_timeout``. The thread then reads what all ranks last
published in the common store, prints once for all ranks which one is behind, and ends all.

On a GPU a collective only queues its work and the host waits later, outside of the collective. So a
phase without progress counts as well, and the status of the ranks shows how far each host came.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from seed.scaled.processes.error_lines import print_error

Answer = TypeVar("Answer")

CHECK_SECONDS = 1.5
"""Time between two checks. A rank publishes its status at each, so no status is much older."""

REPORT_SECONDS = 6.0
"""How long a rank that reports a failure is given before the others end the run: four checks, of
which it needs two.
"""

STORE_SECONDS = 10.0
"""Longest call of the common store; it takes milliseconds, unless rank 0, which holds it, has
stopped.
"""

NAMED = 4
"""Most ranks named in a message; a run of thousands fails in one line too."""


@dataclass
class Activity:
    """What this rank does now.

    Attributes:
        phases: The phases it is in, innermost last; none between the backend's methods.
        count: Collectives begun.
        collective: The last of them.
        waiting: Whether it is still in that one.
        last_heartbeat: When it last began or ended anything, by ``time.monotonic``.
    """

    phases: list[str] = field(default_factory=list)
    count: int = 0
    collective: str = ""
    waiting: bool = False
    last_heartbeat: float = field(default_factory=time.monotonic)

    def line(self) -> str:
        """The activity in words."""
        where = f"in {self.phases[-1]}" if self.phases else "between two phases"
        if self.waiting:
            return f"{where}, waiting in collective number {self.count}, {self.collective}"
        return (
            f"{where}, not in a collective; the last one was number {self.count},"
            f" {self.collective or 'none'}"
        )

    def stalled_seconds(self) -> float:
        """Seconds since the last heartbeat; 0 outside of collectives and phases."""
        is_active = self.waiting or self.phases
        return time.monotonic() - self.last_heartbeat if is_active else 0.0


@dataclass(frozen=True)
class RankStatus:
    """What a rank last published.

    Attributes:
        rank: Which.
        checks: Its checks so far; a later status has more.
        waiting: Whether it waits in a collective.
        count: Collectives begun.
        stalled_seconds: Seconds without progress.
        line: Its activity in words.
    """

    rank: int
    checks: int = 0
    waiting: bool = False
    count: int = 0
    stalled_seconds: float = 0.0
    line: str = "not started"


current = Activity()
"""This process's activity; a rank is a process, so there is one."""


def heartbeat() -> None:
    """Record progress; for long computations without a collective."""
    current.last_heartbeat = time.monotonic()


@contextlib.contextmanager
def collective(name: str, axis: str) -> Iterator[None]:
    """Record that this rank is inside a collective.

    If the collective fails the record stays, for the error message.
    """
    current.count += 1
    current.collective = f"{name} over {axis}"
    current.waiting = True
    heartbeat()
    yield
    current.waiting = False
    heartbeat()


@contextlib.contextmanager
def phase(name: str) -> Iterator[None]:
    """Record the phase of the collectives that follow; it stays if the body fails."""
    current.phases.append(name)
    heartbeat()
    yield
    current.phases.pop()
    heartbeat()


class Watchdog(threading.Thread):
    """Publishes this rank's status and ends the job when this rank has stalled."""

    def __init__(
        self, store: Any, rank: int, size: int, timeout: float, end: Callable[[], None]
    ) -> None:
        """Prepare to watch.

        Args:
            store: Connection to the common store that no other thread uses.
            rank: This rank.
            size: Number of ranks.
            timeout: Seconds without progress that count as stalled.
            end: Ends all ranks.
        """
        super().__init__(name="watchdog", daemon=True)
        self.store, self.rank, self.size, self.timeout, self.end = store, rank, size, timeout, end
        self.pause, self.checks = min(CHECK_SECONDS, timeout / 4), 0
        self.released = threading.Event()
        # A call of a store whose process is suspended never returns, whatever its own timeout. So
        # another thread calls it.
        self.caller = ThreadPoolExecutor(1, "store")

    def release(self) -> None:
        """Stop watching: this rank no longer waits for the others."""
        self.released.set()
        self.join()

    def run(self) -> None:
        """Check until released."""
        while not self.released.wait(self.pause):
            try:
                self.check()
            except Exception as failure:  # rank 0 holds the store; without it no status is readable
                if self.rank == 1:
                    print_error(
                        f"error: rank 0 of {self.size} does not answer ({type(failure).__name__});"
                        f" rank 1 is {current.line()}"
                    )
                else:
                    time.sleep(REPORT_SECONDS)
                self.end()

    def check(self) -> None:
        """Publish this rank's status; if it has stalled, report and end all ranks."""
        if self.publish().stalled_seconds <= self.timeout:
            return
        if self.call(lambda: self.store.add("failures", 1)) == 1:
            self.report()
        else:
            self.stand_by()
        self.end()

    def stand_by(self) -> None:
        """Let another rank report, and go on publishing: a silent rank would be blamed."""
        deadline = time.monotonic() + REPORT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(self.pause)
            self.publish()

    def report(self) -> None:
        """Print for all ranks which one is behind and which one waits."""
        before = self.call(self.statuses)
        time.sleep(2 * self.pause)  # every rank that runs publishes once more
        print_error(stall_report(before, self.call(self.statuses), self.rank, self.timeout))

    def call(self, function: Callable[[], Answer]) -> Answer:
        """The result of a call of the store.

        Raises:
            TimeoutError: It took longer than ``STORE_SECONDS``.
        """
        return self.caller.submit(function).result(min(STORE_SECONDS, self.timeout))

    def publish(self) -> RankStatus:
        """Write this rank's status to the store."""
        self.checks += 1
        status = RankStatus(
            rank=self.rank,
            checks=self.checks,
            waiting=current.waiting,
            count=current.count,
            stalled_seconds=current.stalled_seconds(),
            line=current.line(),
        )
        self.call(lambda: self.write(f"activity/{self.rank}", json.dumps(vars(status))))
        return status

    def write(self, key: str, text: str) -> None:
        """Set an entry of the store and wait until it is there."""
        self.store.set(key, text)
        self.store.get(key)

    def statuses(self) -> list[RankStatus]:
        """What each rank last published."""
        return [self.status(rank) for rank in range(self.size)]

    def status(self, rank: int) -> RankStatus:
        """What a rank last published."""
        key = f"activity/{rank}"
        if not self.store.check([key]):
            return RankStatus(rank)
        return RankStatus(**json.loads(self.store.get(key)))


def stall_report(
    before: list[RankStatus], now: list[RankStatus], reporter: int, timeout: float
) -> str:
    """The one line about a stalled run.

    Behind are the ranks that no longer publish. If all publish: those that wait in no collective,
    the longest stalled first. If all wait for each other: those that began the fewest collectives.

    Args:
        before, now: Status of each rank, a moment apart.
        reporter: The rank that reports; it does not publish in between.
        timeout: ``parallel.collective_timeout``.
    """
    silent = [
        status
        for earlier, status in zip(before, now, strict=True)
        if earlier.checks == status.checks and status.rank != reporter
    ]
    idle = sorted(
        (status for status in now if not status.waiting), key=lambda status: -status.stalled_seconds
    )
    fewest = min(status.count for status in now)
    behind = silent or idle or [status for status in now if status.count == fewest]
    names = [
        f"rank {status.rank} of {len(now)},"
        f" {'silent, last seen ' if status in silent else ''}{status.line}"
        for status in behind
    ]
    more = f" (and {len(names) - NAMED} more)" if len(names) > NAMED else ""
    waiter = next((status for status in now if status.waiting and status not in behind), None)
    waits = f"; rank {waiter.rank} is {waiter.line}" if waiter else ""
    limit = f"{timeout:g} s without progress (parallel.collective_timeout)"
    return f"error: stopped after {limit}; behind: {'; '.join(names[:NAMED])}{more}{waits}"
