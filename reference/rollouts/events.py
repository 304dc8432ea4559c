"""Events of the streaming scheduler, and how a log line stores them.

- reported by engines and the trainer: Submitted, Published, Requested, Advanced, Finished,
  Preempted, WeightsUpdated, WorkerLost, WorkerJoined
- decided by ``reference.rollouts.scheduler``: Scheduled, PreemptRequested, Consumed, Dropped

A log line is a JSON object::

    {"event": "scheduled", "sample": 7, "worker": 0, "policy_version": 2}
"""

import re
from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True)
class Submitted:
    """New samples of one atomic group; ``prompt`` is the number of prompt tokens."""

    atomic_group: int
    samples: tuple[int, ...]
    prompt: int


@dataclass(frozen=True)
class Published:
    """New weights; policy versions count from 0."""

    policy_version: int


@dataclass(frozen=True)
class Requested:
    """The trainer waits for a batch of ``size`` samples."""

    size: int


@dataclass(frozen=True)
class Scheduled:
    """A sample entered a slot of a worker and continues with the weights of a policy version."""

    sample: int
    worker: int
    policy_version: int


@dataclass(frozen=True)
class Advanced:
    """Samples of one worker drew ``tokens`` more tokens each and are still running."""

    samples: tuple[int, ...]
    tokens: int


@dataclass(frozen=True)
class Finished:
    """A sample ended with ``tokens`` tokens in all."""

    sample: int
    tokens: int


@dataclass(frozen=True)
class PreemptRequested:
    """A worker must give a sample back; it will, or it has just finished it."""

    sample: int


@dataclass(frozen=True)
class Preempted:
    """A sample left its slot unfinished, with ``tokens`` tokens in all."""

    sample: int
    tokens: int


@dataclass(frozen=True)
class WeightsUpdated:
    """A running worker loaded a newer policy version; its next tokens are drawn from it."""

    worker: int
    policy_version: int


@dataclass(frozen=True)
class WorkerLost:
    """A worker failed: its samples return to their state at scheduling; it gets no more."""

    worker: int


@dataclass(frozen=True)
class WorkerJoined:
    """A lost worker is back, with empty slots."""

    worker: int


@dataclass(frozen=True)
class Dropped:
    """A sample was given up."""

    sample: int
    reason: str


@dataclass(frozen=True)
class Consumed:
    """A batch, in order of submission; the trainer no longer waits."""

    samples: tuple[int, ...]


STALE, ENDED = "stale", "run ended"
"""Reasons of ``Dropped``: over the staleness bound, or unfinished at the end of the run."""

Reported = (
    Submitted
    | Published
    | Requested
    | Advanced
    | Finished
    | Preempted
    | WeightsUpdated
    | WorkerLost
    | WorkerJoined
)
Decided = Scheduled | PreemptRequested | Dropped | Consumed
Event = Reported | Decided


def name_of(kind: type[Any]) -> str:
    """The class name in snake case: ``WorkerLost`` is ``worker_lost``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


KINDS: dict[str, type[Any]] = {name_of(kind): kind for kind in get_args(Event)}


def line_of(event: Event) -> dict[str, Any]:
    """An event as a JSON object."""
    return {"event": name_of(type(event))} | vars(event)


def event_of(line: dict[str, Any]) -> Event:
    """Undo ``line_of``."""
    fields = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in line.items()
        if name != "event"
    }
    event: Event = KINDS[line["event"]](**fields)
    return event
