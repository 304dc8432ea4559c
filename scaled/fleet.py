"""Standalone units over MPI: messages between the coordinator and the units, and the loop that a unit lives in.

    trainers   ranks 0 .. T - 1       one process group: they train, and decode while they wait
    unit u     ranks T + (u - 1) R .. one process group of R ranks each: tp, cp and ep inside, no FSDP

The first rank of a unit talks to rank 0. Weights go out by non-blocking sends, so trainers go on at once; a unit takes them
up between two blocks of tokens, reads what it holds again, and says so (``Switched``).
"""

import sys
import time
from collections.abc import Mapping
from typing import Any

from reference.events import Admitted, Parked, Switched
from reference.streaming import LocalEngine, Told, rules_of
from scaled.backend import ScaledBackend
from scaled.checkpoint import State
from scaled.collectives import gather_objects
from scaled.launch import World, leave
from scaled.optimizer import OptimizerState
from scaled.parallelize import build, fill, shards_of, whole
from scaled.watchdog import current
from spec.config import Config
from spec.types import Array, Rollout, Sampling

COORDINATOR = 0
STOP = ("stop",)
"""The last message to a rank of a unit, and its answer."""

LISTEN_SECONDS = 0.02
"""How long to listen where there is nothing to decode: less than a block of tokens takes on any real model."""

FAREWELL_SECONDS = 10.0
"""How long a unit may take to answer that it ends: it is within a block of tokens, or takes up weights."""

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
    """The units as the trainers see them; fulfils ``spec.backend.Fleet``.

    Attributes:
        ranks: Ranks of each unit that is not given up, the one that talks first.
    """

    def __init__(self, world: World, config: Config) -> None:
        self.units, self.is_coordinator, size = config.parallel.units, world.rank == COORDINATOR, config.parallel.unit_ranks
        starts = {unit: world.size + (unit - 1) * size for unit in range(1, self.units + 1)}
        self.ranks = {unit: range(start, start + size) for unit, start in starts.items()}
        self.numbers = {rank: unit for unit, ranks in self.ranks.items() for rank in ranks}
        self.mailbox, self.everyone = Mailbox(world.everyone), world.everyone

    def publish(self, state: State, publication: int, precision: str) -> None:
        """Send the policy's weights to all units. Collective among trainer ranks."""
        shards = shards_of(state.policy)
        arrays: dict[str, Array] = {}
        for name in shards:
            full = whole(state.policy, shards, name)
            if self.is_coordinator:
                arrays[name] = full.cpu().numpy().copy()
        for unit in self.ranks if self.is_coordinator else ():
            self.tell(unit, ("weights", publication, state.version, precision, arrays))

    def tell(self, unit: int, message: Any) -> None:
        """Send plain data to a unit."""
        if unit in self.ranks:
            self.mailbox.send(self.ranks[unit][0], message)

    def hear(self, patience: float) -> list[tuple[int, Any]]:
        """What units have said since."""
        return [(self.numbers[rank], message) for rank, message in self.mailbox.read(patience)]

    def abandon(self, unit: int) -> None:
        """Send nothing more to a unit."""
        print(f"unit {unit} is given up; its samples are issued again", file=sys.stderr, flush=True)
        del self.ranks[unit]

    def stop(self) -> None:
        """Let all units end, and hear them out: MPI does not end while a message is on its way."""
        if not self.is_coordinator:
            return
        silent = set(self.numbers)
        for rank in silent:
            self.mailbox.send(rank, STOP)
        until = time.monotonic() + FAREWELL_SECONDS
        while silent and time.monotonic() < until:
            silent -= {rank for rank, message in self.mailbox.read(LISTEN_SECONDS) if message == STOP}
        if silent:
            units = ", ".join(map(str, sorted({self.numbers[rank] for rank in silent})))
            print(f"unit {units} does not answer and is ended with the job", file=sys.stderr, flush=True)
            sys.stdout.flush()
            self.everyone.Abort(0)


def serve_unit(world: World, config: Config, backend: ScaledBackend) -> None:
    """Decode what the coordinator sends until it says to stop.

    What fails here does not end the job: the coordinator is told and issues the samples again.

    Args:
        world: This unit's processes.
        config: The run's.
        backend: The house on this unit's ranks.
    """
    mailbox = Mailbox(world.everyone)
    try:
        _Server(world, config, backend, mailbox).serve()
        leave(world)
    except Exception as failure:
        where = f"rank {world.rank} of unit {world.unit} failed {current.line()}"
        print(f"error: {where}: {type(failure).__name__}: {failure}", file=sys.stderr, flush=True)
        leave(world)  # the unit's other ranks, which wait for this one, fail as well
        mailbox.send(COORDINATOR, ("lost",))
        while not any(message == STOP for _, message in mailbox.read(LISTEN_SECONDS)):
            pass
    mailbox.send(COORDINATOR, STOP)


class _Server:
    """A unit at work."""

    def __init__(self, world: World, config: Config, backend: ScaledBackend, mailbox: Mailbox) -> None:
        self.world, self.config, self.backend, self.mailbox = world, config, backend, mailbox
        settings = config.rollout
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        self.engine: LocalEngine[State] = LocalEngine(backend, config, sampling, rules_of(config).units[-1].slots)

    def serve(self) -> None:
        """Read messages and decode blocks in turn."""
        while True:
            for message in self.letters(0.0 if self.engine.busy else LISTEN_SECONDS):
                if message == STOP:
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
        policy, nothing = build(self.config, self.backend.mesh), OptimizerState({}, {}, 0)
        fill(policy, lambda name: arrays[name])
        rollout = self.config.rollout.model_copy(update={"precision": precision})
        self.engine.config = self.config.model_copy(update={"rollout": rollout})
        self.engine.publications[publication] = State(policy, None, None, nothing, nothing, version)
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
