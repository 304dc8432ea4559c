"""What can happen to samples under way: the events of the streaming scheduler, and the lines of its
log.

    told by the world       Opened  Published  Requested  Advanced  Finished  Parked  Switched  Lost  Joined
    decided (schedule.py)   Admitted  Recalled  Taken  Evicted as stale

A log line is a JSON object: ``{"event": "admitted", "sample": 7, "unit": 0, "version": 2}``.
"""

from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True)
class Opened:
    """New samples under way: a bundle that one batch takes whole, answers to a prompt of so many
    tokens.
    """

    bundle: int
    samples: tuple[int, ...]
    prompt: int


@dataclass(frozen=True)
class Published:
    """New weights; publications are counted from 0."""

    version: int


@dataclass(frozen=True)
class Requested:
    """The trainer waits for a batch of so many samples."""

    size: int


@dataclass(frozen=True)
class Admitted:
    """A sample entered a slot of a unit, to be continued with the weights of a publication."""

    sample: int
    unit: int
    version: int


@dataclass(frozen=True)
class Advanced:
    """Samples of a unit drew so many more tokens each, and are still running."""

    samples: tuple[int, ...]
    tokens: int


@dataclass(frozen=True)
class Finished:
    """A sample ended with so many tokens in all."""

    sample: int
    tokens: int


@dataclass(frozen=True)
class Recalled:
    """A unit is asked to give a sample back; it will, or has just finished it."""

    sample: int


@dataclass(frozen=True)
class Parked:
    """A sample left its slot unfinished, with so many tokens in all."""

    sample: int
    tokens: int


@dataclass(frozen=True)
class Switched:
    """A unit that keeps running loaded a newer publication; what it draws from now on is of that
    version.
    """

    unit: int
    version: int


@dataclass(frozen=True)
class Lost:
    """A unit died: its samples are again what they were when it got them, and it is not heard any
    more.
    """

    unit: int


@dataclass(frozen=True)
class Joined:
    """A unit that was lost is back, empty."""

    unit: int


@dataclass(frozen=True)
class Evicted:
    """A sample was given up."""

    sample: int
    reason: str


@dataclass(frozen=True)
class Taken:
    """A batch, in the order of opening; the trainer waits no longer."""

    samples: tuple[int, ...]


STALE, ENDED = "stale", "run ended"
"""Reasons of an eviction: over the staleness bound, or still under way when the run was over."""

Reported = Opened | Published | Requested | Advanced | Finished | Parked | Switched | Lost | Joined
Decided = Admitted | Recalled | Evicted | Taken
Event = Reported | Decided
KINDS: dict[str, type[Any]] = {kind.__name__.lower(): kind for kind in get_args(Event)}


def line_of(event: Event) -> dict[str, Any]:
    """An event as a JSON object."""
    return {"event": type(event).__name__.lower()} | vars(event)


def event_of(line: dict[str, Any]) -> Event:
    """Undo ``line_of``."""
    fields = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in line.items()
        if name != "event"
    }
    event: Event = KINDS[line["event"]](**fields)
    return event
