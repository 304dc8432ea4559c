"""Messages between the main process, the other trainer ranks and the rollout workers.

- main process -> worker: ``WorkerCommand``; ``spec.backend.WorkerPool`` sends weights itself
- worker -> main process: ``WorkerMessage``
- main process -> other trainer ranks: ``ColocatedCommand``, since all of them run the colocated
  worker together
"""

from dataclasses import dataclass

from seed.reference.rollouts.engine import EventReport
from seed.reference.rollouts.events import Scheduled
from seed.spec.datatypes import Rollout


@dataclass(frozen=True)
class Start:
    """Put samples into slots; ``pool`` has their rollouts so far."""

    decisions: list[Scheduled]
    pool: dict[int, Rollout]


@dataclass(frozen=True)
class Preempt:
    """Give samples back."""

    samples: list[int]


@dataclass(frozen=True)
class DecodeBlock:
    """Decode a block of tokens, or preempt what was requested before."""


@dataclass(frozen=True)
class Pause:
    """Empty all slots."""


@dataclass(frozen=True)
class ReturnBatch:
    """The trainer has its batch: leave ``WorkerPoolEngine.follow``."""

    rollouts: list[Rollout]


@dataclass(frozen=True)
class WorkerReport:
    """Events of a worker, with rollouts, and the decode steps it took."""

    reports: list[EventReport]
    decode_steps: int


@dataclass(frozen=True)
class WorkerFailed:
    """A worker has failed; its cause is already printed."""


WorkerCommand = Start | Preempt
ColocatedCommand = WorkerCommand | DecodeBlock | Pause
WorkerMessage = WorkerReport | WorkerFailed
