"""Streaming with standalone units: the coordinator decides, messages carry samples, units decode
while the trainer trains.

    coordinator   -> unit    weights of a publication, samples to continue, samples to give back
    unit          -> coordinator   events with rollouts, or its last words
    coordinator   -> other trainer ranks   what the unit beside the trainer does next: all of them do it together

Unit 0 is the one beside the trainer, units 1 and up are standalone. Only the coordinator keeps
books and talks to units. While the trainer trains a thread goes on deciding for it; it is stopped
before the trainer's own thread decides again, so there is one voice at a time.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from reference.rollouts.events import Admitted, Finished, Lost, Parked
from reference.rollouts.streaming import Effort, LocalEngine, Told, rules_of
from spec.backend import Backend, Fleet
from spec.config import Config
from spec.datatypes import Rollout
from spec.errors import Reason, SeedError

State = TypeVar("State")

PATIENCE_SECONDS = 0.005
"""How long to listen for units when there is nothing else to do; the trainer may wait that long for
its thread to end.
"""


class FleetEngine(Generic[State]):
    """A unit beside the trainer and standalone ones; fulfils
    ``reference.rollouts.streaming.Engine`` at the coordinator.

    Attributes:
        running: Standalone unit -> samples that it has.
        heard: When each of them was last heard, by ``time.monotonic``.
        slots, timeout: Of a standalone unit: samples side by side; seconds of silence after which
            it is given up.
        waits: Whether the trainer waits for a batch.
    """

    def __init__(
        self, backend: Backend[State], local: LocalEngine[State], fleet: Fleet, config: Config
    ) -> None:
        self.backend, self.local, self.fleet = backend, local, fleet
        self.slots, self.timeout = rules_of(config).units[-1].slots, config.parallel.unit_timeout
        self.running: dict[int, set[int]] = {unit: set() for unit in range(1, fleet.units + 1)}
        self.heard = dict.fromkeys(self.running, time.monotonic())
        self.effort = Effort()
        self.waits = False

    def admit(self, decisions: Sequence[Admitted], pool: dict[int, Rollout]) -> None:
        """Put samples into slots here, and send the others to their units."""
        here = [decision for decision in decisions if decision.unit == 0]
        if here:
            self.lead("admit", here, {decision.sample: pool[decision.sample] for decision in here})
        for unit in {decision.unit for decision in decisions} - {0}:
            sent = [decision for decision in decisions if decision.unit == unit]
            self.heard[unit] = self.heard[unit] if self.running[unit] else time.monotonic()
            self.running[unit] |= {decision.sample for decision in sent}
            self.fleet.tell(
                unit, ("admit", sent, {decision.sample: pool[decision.sample] for decision in sent})
            )

    def recall(self, numbers: Sequence[int]) -> None:
        """Ask for samples back, here and from units."""
        for unit, running in self.running.items():
            if asked := running & set(numbers):
                self.fleet.tell(unit, ("recall", sorted(asked)))
        if here := sorted(set(numbers) - set().union(*self.running.values())):
            self.lead("recall", here)

    def wait(self) -> list[Told]:
        """Decode a block here, and listen to the units.

        Raises:
            SeedError: SCHEDULE_STUCK if the trainer waits and nobody has anything to do.
        """
        told: list[Told] = []
        busy = self.local.busy
        if busy:
            self.local.effort = self.effort
            told += self.lead("wait")
        for unit, message in self.fleet.hear(0.0 if busy else PATIENCE_SECONDS):
            told += self._understood(unit, message)
        for unit in list(self.running):
            told += self._lost(unit) if self._is_silent(unit) else []
        if self.waits and not (told or busy or any(self.running.values())):
            raise SeedError(
                Reason.SCHEDULE_STUCK,
                "no sample is running and none may start: the schedule cannot go on",
            )
        return told

    def pause(self) -> list[Told]:
        """The unit beside the trainer gives back all it holds; the others go on."""
        return self.lead("pause")

    def lead(self, name: str, *arguments: Any) -> Any:
        """Have the unit beside the trainer do something, on all trainer ranks."""
        self.backend.once(lambda: (name, arguments))
        return getattr(self.local, name)(*arguments)

    def follow(self) -> list[Rollout]:
        """On the other trainer ranks: do what the coordinator does, until it has a batch."""
        while True:
            name, arguments = self.backend.once(_nothing)
            if name == "batch":
                return list(arguments)
            getattr(self.local, name)(*arguments)

    def _understood(self, unit: int, message: Any) -> list[Told]:
        """Events of a unit; one that was given up is not heard any more, so nothing that it
        finished counts twice.
        """
        if unit not in self.running:
            return []
        self.heard[unit] = time.monotonic()
        if message[0] == "lost":
            return self._lost(unit)
        _, told, steps = message
        self.effort.decode_steps += steps
        self.effort.offered += steps * self.slots
        self.running[unit] -= {
            event.sample for event, _ in told if isinstance(event, Finished | Parked)
        }
        return list(told)

    def _is_silent(self, unit: int) -> bool:
        return bool(self.running[unit]) and time.monotonic() - self.heard[unit] > self.timeout

    def _lost(self, unit: int) -> list[Told]:
        del self.running[unit]
        self.fleet.abandon(unit)
        return [(Lost(unit), [])]


def _nothing() -> Any:
    """What a follower would say; nobody asks it."""


class Service:
    """A thread that serves units while the trainer trains."""

    def __init__(self, serve: Callable[[Callable[[], bool]], None]) -> None:
        self.serve = serve
        self.thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self.wanted = False

    def begin(self) -> None:
        """Start to serve."""
        self.wanted = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Stop, and raise here what went wrong there."""
        if self.thread is None:
            return
        self.wanted = False
        self.thread.join()
        self.thread = None
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self.serve(lambda: self.wanted)
        except BaseException as failure:  # raised again in the trainer's thread
            self.failure = failure
