"""Interleaved timing of several contestants, so that other load on the machine slows all of them.

    ratio of a pair of repetitions = seconds of the first contestant / seconds of the second

Wall time is what a user waits; CPU time of all threads hardly depends on other load.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Contestant = Callable[[int], float]
"""The code to time: takes the number of the repetition, returns the work done."""


@dataclass(frozen=True)
class Reading:
    """One repetition.

    Attributes:
        wall: Wall seconds.
        cpu: CPU seconds of all threads of this process.
        work: Work done, in tokens or steps.
    """

    wall: float
    cpu: float
    work: float

    def seconds(self, clock: str) -> float:
        """Seconds per unit of work, ``wall`` or ``cpu``."""
        return (self.wall if clock == "wall" else self.cpu) / self.work


def timed(contestant: Contestant, number: int) -> Reading:
    """Run a contestant once."""
    wall, cpu = time.perf_counter(), time.process_time()
    work = contestant(number)
    return Reading(time.perf_counter() - wall, time.process_time() - cpu, work)


def in_turn(contestants: Mapping[str, Contestant], repetitions: int) -> dict[str, list[Reading]]:
    """Readings of each contestant, interleaved.

    Before each reading the contestant does the same work untimed, so that the caches hold its own
    code and data and the order of the contestants has no effect.

    Args:
        contestants: Name -> code to time, called with the number of the repetition from 0.
        repetitions: Repetitions that count; one before them, number 0, is discarded.
    """
    readings: dict[str, list[Reading]] = {name: [] for name in contestants}
    for number in range(repetitions + 1):
        for name, contestant in contestants.items():
            contestant(number)
            readings[name].append(timed(contestant, number))
    return {name: of_contestant[1:] for name, of_contestant in readings.items()}


def ratios(slow: Sequence[Reading], fast: Sequence[Reading], clock: str) -> list[float]:
    """How many times faster the second one is, for each repetition."""
    return [a.seconds(clock) / b.seconds(clock) for a, b in zip(slow, fast, strict=True)]


def median_rate(readings: Sequence[Reading], clock: str) -> float:
    """Work per second of the median repetition."""
    return 1.0 / statistics.median(reading.seconds(clock) for reading in readings)


def spread(values: Sequence[float]) -> str:
    """Median, with smallest and largest in brackets."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text: columns as wide as their longest entry, all but the first aligned right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )
