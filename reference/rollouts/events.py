"""What can apply to samples under way: the events of the streaming scheduler, and the lines of its
log.

    reports by the world       Submitted  Published  Requested  Advanced  Finished  Preempted  WeightsUpdated  WorkerLost  WorkerJoined
    decided (schedule.py)   Scheduled  PreemptRequested  Consumed  Dropped as stale

A log line is a JSON object: ``{"event": "admitted", "sample": 7, "worker": 0, "policy_version": 2}``.
"""

import re
from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True)
class Submitted:
    """New samples under way: a atomic_group that one batch takes whole, answers to a prompt of so many
    tokens.
    """

    atomic_group: int
    samples: tuple[int, ...]
    prompt: int


@dataclass(frozen=True)
class Published:
    """New weights; policies are counted from 0."""

    policy_version: int


@dataclass(frozen=True)
class Requested:
    """The trainer waits for a batch of so many samples."""

    size: int


@dataclass(frozen=True)
class Scheduled:
    """A sample entered a slot of a worker, to be continued with the weights of a policy_version."""

    sample: int
    worker: int
    policy_version: int


@dataclass(frozen=True)
class Advanced:
    """Samples of a worker drew so many more tokens each, and are still running."""

    samples: tuple[int, ...]
    tokens: int


@dataclass(frozen=True)
class Finished:
    """A sample ended with so many tokens in all."""

    sample: int
    tokens: int


@dataclass(frozen=True)
class PreemptRequested:
    """A worker is asked to give a sample back; it will, or has just finished it."""

    sample: int


@dataclass(frozen=True)
class Preempted:
    """A sample left its slot unfinished, with so many tokens in all."""

    sample: int
    tokens: int


@dataclass(frozen=True)
class WeightsUpdated:
    """A worker that keeps running loaded a newer policy_version; what it draws from now on is of that
    policy_version.
    """

    worker: int
    policy_version: int


@dataclass(frozen=True)
class WorkerLost:
    """A worker died: its samples are again what they were when it got them, and it is not last_message any
    more.
    """

    worker: int


@dataclass(frozen=True)
class WorkerJoined:
    """A worker that was lost is back, empty."""

    worker: int


@dataclass(frozen=True)
class Dropped:
    """A sample was given up."""

    sample: int
    reason: str


@dataclass(frozen=True)
class Consumed:
    """A batch, in the order of opening; the trainer waits no longer."""

    samples: tuple[int, ...]


STALE, ENDED = "stale", "run ended"
"""Reasons of an eviction: over the staleness bound, or still under way when the run was over."""

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
