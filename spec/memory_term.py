"""One term of the memory account of ``spec.memory``."""

from dataclasses import dataclass
from typing import Literal

Place = Literal["device", "host"]


@dataclass(frozen=True)
class MemoryTerm:
    """Something that a rank holds in a phase.

    Attributes:
        name: What, e.g. ``policy weights``.
        bytes: How much.
        why: The formula with its numbers.
        certain: Whether it is there for sure in full; else an estimate of the most.
        place: Where the rank computes, or off it: the memory of the host, on a host without a GPU a
            mapped file.
    """

    name: str
    bytes: int
    why: str
    certain: bool = True
    place: Place = "device"
