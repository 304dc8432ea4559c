"""Messages between the trainers, the supervisors and the processes of a remote worker.

- main process -> first supervisor: Deliver for its worker process, GiveUp, Stop
- first supervisor -> other supervisors: Deliver for theirs, GiveUp if one of them failed, Stop
- other supervisors -> first supervisor: ProcessFailed, Stopped
- first supervisor -> main process: WorkerReport, WorkerFailed once, Stopped
- parent -> worker process: Identity, StoreAddress, then ``WorkerProcessCommand``
- worker process -> parent: Ready or Refused, then ``WorkerProcessMessage``

Stop and Stopped are the last messages in their directions, so nothing is in transit when MPI ends.
A message to a worker process is pickled by its sender and unpickled by the worker process alone:
supervisors pass bytes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seed.reference.rollouts.messages import WorkerCommand, WorkerFailed, WorkerReport
from seed.scaled.processes.world import World
from seed.spec.datatypes import Array
from seed.spec.errors import Reason


@dataclass(frozen=True)
class Deliver:
    """A pickled message for the worker process."""

    pickled: bytes


@dataclass(frozen=True)
class GiveUp:
    """The worker is lost: kill its processes."""


@dataclass(frozen=True)
class Stop:
    """The run has ended."""


@dataclass(frozen=True)
class Stopped:
    """The sender has ended its worker process and sends nothing more."""


@dataclass(frozen=True)
class ProcessFailed:
    """A process of the worker has failed or died, for this reason."""

    reason: str


@dataclass(frozen=True)
class Identity:
    """Who a worker process is: its world, and the run's configuration as plain values."""

    world: World
    settings: dict[str, Any]


@dataclass(frozen=True)
class StoreAddress:
    """Where the processes of a worker meet."""

    host: str
    port: int


@dataclass(frozen=True)
class UpdateWeights:
    """The policy's weights by name."""

    policy_version: int
    optimizer_step: int
    precision: str
    weights: Mapping[str, Array]


@dataclass(frozen=True)
class Ready:
    """The worker process has loaded torch and has a device."""


@dataclass(frozen=True)
class Refused:
    """The worker process cannot start: a user error."""

    reason: Reason
    line: str


@dataclass(frozen=True)
class Disconnected:
    """The other end of the channel is closed; no message comes after this one."""


SupervisorMessage = Deliver | GiveUp | Stop | ProcessFailed | Stopped
"""To a supervisor, from another rank."""

TrainerMessage = WorkerReport | WorkerFailed | Stopped
"""To the main process, from a worker's first supervisor."""

WorkerProcessCommand = UpdateWeights | WorkerCommand | Stop
"""To a worker process at work."""

WorkerProcessMessage = StoreAddress | WorkerReport | ProcessFailed | Disconnected
"""From a worker process at work."""
