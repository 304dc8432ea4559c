"""Two contestants in turn, each repetition of one beside one of the other, so that a noisy
neighbour hits both.

    ratio of a pair of repetitions = seconds of the first contestant / seconds of the second

Wall seconds are what a person waits; CPU seconds of all threads hardly move when others use the
machine as well.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Contestant = Callable[[int], float]
"""What is measured: takes the number of the repetition, returns the work it did."""


@dataclass(frozen=True)
class Reading:
    """One repetition.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of all threads of this process.
        work: What was done in them, in units of the contest (tokens, steps).
    """

    wall: float
    cpu: float
    work: float

    def seconds(self, clock: str) -> float:
        """Seconds per unit of work on one of the clocks, ``wall`` or ``cpu``."""
        return (self.wall if clock == "wall" else self.cpu) / self.work


def timed(contestant: Contestant, number: int) -> Reading:
    """Run a contestant once."""
    wall, cpu = time.perf_counter(), time.process_time()
    work = contestant(number)
    return Reading(time.perf_counter() - wall, time.process_time() - cpu, work)


def in_turn(contestants: Mapping[str, Contestant], repetitions: int) -> dict[str, list[Reading]]:
    """Readings of each contestant, interleaved.

    Before each reading the contestant does the same work unread. Whoever runs alone finds its own
    code and data in the caches and not those of the other, and who comes second must not gain or
    lose by that.

    Args:
        contestants: Name -> what to run with the number of the repetition, from 0; it returns the
            work it did.
        repetitions: Repetitions that count. One before them, number 0, is thrown away.
    """
    readings: dict[str, list[Reading]] = {name: [] for name in contestants}
    for number in range(repetitions + 1):
        for name, contestant in contestants.items():
            contestant(number)
            readings[name].append(timed(contestant, number))
    return {name: of_one[1:] for name, of_one in readings.items()}


def ratios(slow: Sequence[Reading], fast: Sequence[Reading], clock: str) -> list[float]:
    """How many times faster the second is, repetition by repetition."""
    return [a.seconds(clock) / b.seconds(clock) for a, b in zip(slow, fast, strict=True)]


def median_rate(readings: Sequence[Reading], clock: str) -> float:
    """Work per second of the middle repetition."""
    return 1.0 / statistics.median(reading.seconds(clock) for reading in readings)


def spread(values: Sequence[float]) -> str:
    """Median, and in brackets the smallest and the largest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text: columns as wide as their longest entry, the first to the left, the others to
    the right.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )
