"""What every rank is doing, so that a run that stands still can say who waits for whom.

A rank notes the phase it works in and every collective it begins, FSDP's own included. A thread
looks at the log: a rank that has waited in a collective, or not moved within a phase, for longer
than ``parallel.collective_timeout`` stands still. Its thread asks the common store what the others
were last seen doing, prints once for all ranks who is behind, and ends all.

On a GPU a collective only queues its work and the host waits later, outside of the log; so a phase
without any movement counts as well, and the ranks' notes then send how far each host came.
"""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

Answer = TypeVar("Answer")

LOOK_SECONDS = 1.5
"""Time between two looks. A rank publishes its log that often, so what others read is never older
than that.
"""

TELLING_SECONDS = 6.0
"""How long the rank that tells of a failure is given before the others end the run: four looks, of
which it needs two.
"""

ANSWER_SECONDS = 10.0
"""How long the common store may take to answer; it does in milliseconds, unless the process that
keeps it has stopped.
"""

NAMED = 4
"""Ranks that a message names at most; a run of thousands fails in one line too."""


@dataclass
class Activity:
    """What this rank does now.

    Attributes:
        phases: The phases it is in, innermost last; none between the backend's methods.
        count: Collectives begun.
        collective: The last of them.
        waiting: Whether it is still in that one.
        moved: When it last began or ended anything.
    """

    phases: list[str] = field(default_factory=list)
    count: int = 0
    collective: str = ""
    waiting: bool = False
    moved: float = field(default_factory=time.monotonic)

    def line(self) -> str:
        """The activity in words."""
        where = f"in {self.phases[-1]}" if self.phases else "between two phases"
        if self.waiting:
            return f"{where}, waiting in collective number {self.count}, {self.collective}"
        return (
            f"{where}, not in a collective; the last one was number {self.count},"
            f" {self.collective or 'none'}"
        )

    def still(self) -> float:
        """Seconds since it moved, if it should be moving: in a collective or a phase."""
        return time.monotonic() - self.moved if self.waiting or self.phases else 0.0


@dataclass(frozen=True)
class RankStatus:
    """What a rank last published: its looks so far, whether it waits, collectives begun, seconds
    without movement, words.
    """

    rank: int
    looks: int = 0
    waiting: bool = False
    count: int = 0
    still: float = 0.0
    line: str = "not started"


current = Activity()
"""This process's activity: one rank is one process, and a person asks about the process."""


def moves() -> None:
    """Note that this rank gets on, where it computes for long without a collective."""
    current.moved = time.monotonic()


@contextlib.contextmanager
def collective(name: str, axis: str) -> Iterator[None]:
    """Note that this rank is inside a collective. The log stays when the collective fails, for the
    message.
    """
    current.count += 1
    current.collective = f"{name} over {axis}"
    current.waiting = True
    moves()
    yield
    current.waiting = False
    moves()


@contextlib.contextmanager
def phase(name: str) -> Iterator[None]:
    """Note what the collectives that follow belong to. Like theirs, the log stays when the body
    fails.
    """
    current.phases.append(name)
    moves()
    yield
    current.phases.pop()
    moves()


class Watchdog(threading.Thread):
    """Publishes this rank's activity and ends the job when it has stood still for too long."""

    def __init__(
        self, store: Any, rank: int, size: int, timeout: float, end: Callable[[], None]
    ) -> None:
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
        self.pause, self.looks = min(LOOK_SECONDS, timeout / 4), 0
        self.released = threading.Event()
        # A call to a store whose process has stopped never returns, whatever its own timeout; so
        # another thread makes it.
        self.messenger = ThreadPoolExecutor(1, "messenger")

    def release(self) -> None:
        """Stop watching: this rank has nothing more to do with the others."""
        self.released.set()
        self.join()

    def run(self) -> None:
        """Look until released."""
        while not self.released.wait(self.pause):
            try:
                self.look()
            except Exception as silence:  # the store is rank 0's; without it nobody can be asked
                if self.rank == 1:
                    _say(
                        f"error: rank 0 of {self.size} does not answer ({type(silence).__name__});"
                        f" rank 1 is {current.line()}"
                    )
                else:
                    time.sleep(TELLING_SECONDS)
                self.end()

    def look(self) -> None:
        """Publish this rank's activity; send and end if it stands still."""
        if self.publish().still <= self.timeout:
            return
        if self.ask(lambda: self.store.add("failures", 1)) == 1:
            self.send()
        else:
            self.stand_by()
        self.end()

    def stand_by(self) -> None:
        """Let another rank send, and go on publishing meanwhile: whoever falls silent would be
        taken for the culprit.
        """
        until = time.monotonic() + TELLING_SECONDS
        while time.monotonic() < until:
            time.sleep(self.pause)
            self.publish()

    def send(self) -> None:
        """Print once for all ranks who is behind and who waits."""
        before = self.ask(self.everyone)
        time.sleep(2 * self.pause)  # whoever lives publishes once more
        _say(stall_report(before, self.ask(self.everyone), self.rank, self.timeout))

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """The store's answer, if it comes within ``ANSWER_SECONDS``."""
        return self.messenger.submit(question).result(min(ANSWER_SECONDS, self.timeout))

    def publish(self) -> RankStatus:
        """Write what the others shall know of this rank, and see it arrive."""
        self.looks += 1
        seen = RankStatus(
            self.rank, self.looks, current.waiting, current.count, current.still(), current.line()
        )
        self.ask(lambda: self.write(f"activity/{self.rank}", json.dumps(vars(seen))))
        return seen

    def write(self, key: str, text: str) -> None:
        """Set an entry of the store and wait until it is there."""
        self.store.set(key, text)
        self.store.get(key)

    def everyone(self) -> list[RankStatus]:
        """What each rank last published."""
        return [self.seen(rank) for rank in range(self.size)]

    def seen(self, rank: int) -> RankStatus:
        """What a rank last published."""
        key = f"activity/{rank}"
        return (
            RankStatus(**json.loads(self.store.get(key)))
            if self.store.check([key])
            else RankStatus(rank)
        )


def stall_report(
    before: list[RankStatus], now: list[RankStatus], teller: int, timeout: float
) -> str:
    """The one line about a run that stands still.

    Behind are the ranks that publish nothing any more; else those that wait in no collective, the
    longest unmoved first; else, when all wait for each other, those that have begun the fewest
    collectives.

    Args:
        before, now: What each rank published, a moment apart.
        teller: The rank that tells and has published in between if it lives.
        timeout: ``parallel.collective_timeout``.
    """
    silent = [
        one
        for one, two in zip(before, now, strict=True)
        if one.looks == two.looks and one.rank != teller
    ]
    idle = sorted((one for one in now if not one.waiting), key=lambda one: -one.still)
    fewest = min(one.count for one in now)
    behind = silent or idle or [one for one in now if one.count == fewest]
    names = [
        f"rank {one.rank} of {len(now)}, {'silent, last seen ' if one in silent else ''}{one.line}"
        for one in behind
    ]
    more = f" (and {len(names) - NAMED} more)" if len(names) > NAMED else ""
    waiter = next((one for one in now if one.waiting and one not in behind), None)
    waits = f"; rank {waiter.rank} is {waiter.line}" if waiter else ""
    limit = f"{timeout:g} s without progress (parallel.collective_timeout)"
    return f"error: stopped after {limit}; behind: {'; '.join(names[:NAMED])}{more}{waits}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
