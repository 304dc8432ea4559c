"""Standalone units over MPI: messages between the coordinator and the units, and the loop that a unit lives in.

    trainers   ranks 0 .. T - 1       one process group: they train, and decode while they wait
    unit u     ranks T + (u - 1) R .. one process group of R ranks each: tp, cp and ep inside, no FSDP

The first rank of a unit talks to rank 0. Weights go out by non-blocking sends, so trainers go on at once; a unit takes them
up between two blocks of tokens, reads what it holds again, and says so (``Switched``).
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reference.events import Admitted, Parked, Switched
from reference.streaming import LocalEngine, Told, rules_of
from scaled.backend import ScaledBackend
from scaled.checkpoint import State
from scaled.collectives import gather_objects
from scaled.launch import World
from scaled.parallelize import fill, shards_of, whole
from spec.config import Config
from spec.types import Array, Rollout, Sampling

COORDINATOR = 0
LOOK_SECONDS = 0.001
"""Pause between two looks into an empty mailbox."""


class Mailbox:
    """Plain data to and from other ranks of the whole job, in order, without waiting."""

    def __init__(self, everyone: Any) -> None:
        self.everyone = everyone
        self.sending: list[Any] = []

    def send(self, rank: int, message: Any) -> None:
        """Send, and go on at once."""
        self.sending = [request for request in self.sending if not request.Test()]
        self.sending.append(self.everyone.isend(message, dest=rank))

    def read(self, patience: float) -> list[tuple[int, Any]]:
        """Sender and message of all that has come, after at most so many seconds if nothing has."""
        from mpi4py import MPI

        until = time.monotonic() + patience
        read: list[tuple[int, Any]] = []
        status = MPI.Status()
        while True:
            while self.everyone.iprobe(status=status):
                read.append((status.source, self.everyone.recv(source=status.source)))
            if read or time.monotonic() >= until:
                return read
            time.sleep(LOOK_SECONDS)


class MpiFleet:
    """The units as the trainers see them; fulfils ``spec.backend.Fleet``."""

    def __init__(self, world: World, config: Config) -> None:
        self.units, self.is_coordinator = config.parallel.units, world.rank == COORDINATOR
        self.leaders = {unit: world.size + (unit - 1) * config.parallel.unit_ranks for unit in range(1, self.units + 1)}
        self.numbers = {leader: unit for unit, leader in self.leaders.items()}
        self.mailbox = Mailbox(world.everyone)

    def publish(self, state: State, publication: int, precision: str) -> None:
        """Send the policy's weights to all units. Collective among trainer ranks."""
        shards = shards_of(state.policy)
        arrays: dict[str, Array] = {}
        for name in shards:
            full = whole(state.policy, shards, name)
            if self.is_coordinator:
                arrays[name] = full.cpu().numpy().copy()
        for unit in self.leaders if self.is_coordinator else ():
            self.tell(unit, ("weights", publication, state.version, precision, arrays))

    def tell(self, unit: int, message: Any) -> None:
        """Send plain data to a unit."""
        if unit in self.leaders:
            self.mailbox.send(self.leaders[unit], message)

    def hear(self, patience: float) -> list[tuple[int, Any]]:
        """What units have said since."""
        return [(self.numbers[rank], message) for rank, message in self.mailbox.read(patience)]

    def abandon(self, unit: int) -> None:
        """Let a unit end, if it still listens, and send nothing more."""
        self.tell(unit, ("stop",))
        del self.leaders[unit]

    def stop(self) -> None:
        """Let all units end."""
        for unit in list(self.leaders) if self.is_coordinator else ():
            self.tell(unit, ("stop",))


def serve_unit(world: World, config: Config, backend: ScaledBackend) -> None:
    """Decode what the coordinator sends until it says to stop.

    Args:
        world: This unit's processes.
        config: The run's.
        backend: The house on this unit's ranks.
    """
    mailbox = Mailbox(world.everyone)
    try:
        _Server(world, config, backend, mailbox).serve()
    except Exception as failure:  # whatever it is, the samples of this unit are to be issued again
        if world.rank == 0:
            mailbox.send(COORDINATOR, ("lost", f"{type(failure).__name__}: {failure}"))
        raise


class _Server:
    """A unit at work."""

    def __init__(self, world: World, config: Config, backend: ScaledBackend, mailbox: Mailbox) -> None:
        self.world, self.config, self.backend, self.mailbox = world, config, backend, mailbox
        settings = config.rollout
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        self.engine: LocalEngine[State] = LocalEngine(backend, config, sampling, rules_of(config).units[-1].slots)
        self.newest = -1

    def serve(self) -> None:
        """Read messages and decode blocks in turn."""
        while True:
            for message in self.letters(0.0 if self.engine.busy else 0.02):
                if message[0] == "stop":
                    return
                getattr(self, message[0])(*message[1:])
            if self.engine.busy:
                self.say(self.engine.wait(), self.config.rollout.block_tokens)

    def letters(self, patience: float) -> list[Any]:
        """New messages, the same on every rank of the unit."""
        mine = [message for _, message in self.mailbox.read(patience)] if self.world.rank == 0 else []
        return list(gather_objects(mine, self.backend.mesh.world)[0])

    def say(self, told: list[Told], steps: int) -> None:
        """Tell the coordinator, from one rank."""
        if self.world.rank == 0:
            self.mailbox.send(COORDINATOR, ("told", told, steps))

    def weights(self, publication: int, version: int, precision: str, arrays: Mapping[str, Array]) -> None:
        """Take up new weights; where samples go on with the newest, read them again."""
        state = self.backend.initial_state(self.config)
        fill(state.policy, lambda name: arrays[name])
        self.newest = publication
        rollout = self.config.rollout.model_copy(update={"precision": precision})
        self.engine.config = self.config.model_copy(update={"rollout": rollout})
        self.engine.publications[publication] = replace(state, version=version)
        if self.config.rollout.continue_with == "snapshot":
            oldest = publication - self.config.rollout.max_staleness - 1
            self.engine.publications = {n: kept for n, kept in self.engine.publications.items() if n >= oldest}
            return
        partial = {event.sample: rollouts[0] for event, rollouts in self.engine.pause() if isinstance(event, Parked)}
        self.engine.publications = {publication: self.engine.publications[publication]}
        self.admit([Admitted(number, 0, publication) for number in partial], partial)
        self.say([(Switched(self.world.unit or 0, publication), [])], 0)

    def admit(self, decisions: list[Admitted], pool: dict[int, Rollout]) -> None:
        """Put samples into slots."""
        self.engine.admit(decisions, pool)

    def recall(self, numbers: list[int]) -> None:
        """Give samples back at the next look, those that are still here."""
        self.engine.recall(numbers)
