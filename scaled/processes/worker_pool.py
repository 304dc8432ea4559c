"""Standalone units: how the coordinator reaches them, and the loop that a unit lives in.

    under mpirun      trainers   ranks 0 .. T - 1       one process group: they train, and decode while they wait
                      unit u     ranks T + (u - 1) R .. R supervisors, whose children are one process group: tp, cp and ep
                                                        inside, no FSDP
    in one process    trainer    this process
                      unit u     a child process on this machine

Rank 0 and the first supervisor of a unit exchange messages over MPI (``scaled.processes.mailbox``),
a single trainer and its children directly; the unit's work is done by the children
(``scaled.processes.worker_handle``). Weights go out by non-blocking sends, so trainers go on at
once; a unit takes them up between two blocks of tokens, reads what it holds again, and says so
(``Switched``).
"""

import pickle
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from reference.rollouts.events import Admitted, Parked, Switched
from reference.rollouts.streaming import LocalEngine, Told, rules_of
from scaled.backend import ScaledBackend
from scaled.checkpoint import State
from scaled.optimizer import OptimizerState
from scaled.parallel.collectives import gather_objects
from scaled.parallel.parallelize import build, fill, shards_of, wholes
from scaled.processes.connection import GONE, Line
from scaled.processes.launch import World
from scaled.processes.mailbox import COORDINATOR, END, LOST, STOP, STOPPED, Mailbox
from scaled.processes.worker_handle import FAREWELL_SECONDS, Child
from spec.config import Config
from spec.datatypes import Array, Rollout, Sampling

LISTEN_SECONDS = 0.02
"""How long to listen where there is nothing to decode: less than a block of tokens takes on any
real model.
"""


class MpiFleet:
    """The units as the trainers see them; fulfils ``spec.backend.Fleet``.

    Attributes:
        numbers: First rank of each unit -> the unit.
        ranks: Unit that is not given up -> its first rank.
        active: First ranks that have not said that they stopped.
        is_open: Whether units may still be told anything.
    """

    def __init__(self, world: World, config: Config) -> None:
        self.units, self.is_coordinator = config.parallel.units, world.rank == COORDINATOR
        self.ranks = {
            unit: world.size + (unit - 1) * config.parallel.unit_ranks
            for unit in range(1, self.units + 1)
        }
        self.numbers = {rank: unit for unit, rank in self.ranks.items()}
        self.active, self.is_open = set(self.numbers), True
        self.mailbox = Mailbox(world.everyone)
        # Where the trainer fails the thread that serves units is still at work while the units are
        # stopped.
        self.lock = threading.Lock()

    def publish(self, state: State, publication: int, precision: str) -> None:
        """Send the policy's weights to all units. Collective among trainer ranks."""
        letter = letter_with_weights(state, publication, precision, self.is_coordinator)
        for unit in list(self.ranks) if self.is_coordinator else []:
            self._send(unit, ("letter", letter))

    def tell(self, unit: int, message: Any) -> None:
        """Send plain data to a unit."""
        self._send(unit, ("letter", pickle.dumps(message)))

    def hear(self, patience: float) -> list[tuple[int, Any]]:
        """What units have said since.

        Raises:
            RuntimeError: If they were stopped, which ends a thread that still listens.
        """
        read = self._read(patience)
        if not self.is_open:
            raise RuntimeError("the units were stopped")
        return [(self.numbers[rank], message) for rank, message in read]

    def abandon(self, unit: int) -> None:
        """End a unit and send nothing more to it but the last word."""
        _say_given_up(unit)
        self._send(unit, END)
        del self.ranks[unit]

    def stop(self) -> None:
        """Let all units end, and hear them out: MPI does not end while a message is on its way."""
        if not self.is_coordinator:
            return
        with self.lock:
            self.is_open = False
            for rank in self.numbers:
                self.mailbox.send(rank, STOP)
        while self.active:
            self._read(LISTEN_SECONDS)
        self.mailbox.flush()

    def _send(self, unit: int, message: Any) -> None:
        with self.lock:
            if self.is_open and unit in self.ranks:
                self.mailbox.send(self.ranks[unit], message)

    def _read(self, patience: float) -> list[tuple[int, Any]]:
        read = self.mailbox.read(patience)
        self.active -= {rank for rank, message in read if message == STOPPED}
        return read


class ChildFleet:
    """The units of a single trainer, each a child process beside it; fulfils
    ``spec.backend.Fleet``.

    Attributes:
        children: Unit that is not given up -> its process.
        is_open: Whether units may still be heard.
    """

    def __init__(self, config: Config) -> None:
        """Start them.

        Raises:
            SeedError: What one of them refuses.
        """
        self.units, self.is_open = config.parallel.units, True
        self.children: dict[int, Child] = {}
        try:
            for unit in range(1, self.units + 1):
                self.children[unit] = Child(World(local_rank=unit, unit=unit), config)
            for child in self.children.values():
                child.wait_until_ready()
        except BaseException:
            self._end(patience=0.0)
            raise

    def publish(self, state: State, publication: int, precision: str) -> None:
        """Send the policy's weights to all units."""
        letter = letter_with_weights(state, publication, precision, is_coordinator=True)
        for child in self.children.values():
            child.write(letter)

    def tell(self, unit: int, message: Any) -> None:
        """Send plain data to a unit."""
        if unit in self.children:
            self.children[unit].write(pickle.dumps(message))

    def hear(self, patience: float) -> list[tuple[int, Any]]:
        """What units have said since.

        Raises:
            RuntimeError: If they were stopped, which ends a thread that still listens.
        """
        if not self.is_open:
            raise RuntimeError("the units were stopped")
        if not self.children:
            time.sleep(patience)
        heard: list[tuple[int, Any]] = []
        for unit, child in list(self.children.items()):
            for message in child.read(0.0 if heard else patience / len(self.children)):
                if message[0] == "told":
                    heard.append((unit, message))
                    continue
                words = child.last_words() if message == GONE else message[1]
                print(f"error: {words}", file=sys.stderr, flush=True)
                heard.append((unit, LOST))
                break
        return heard

    def abandon(self, unit: int) -> None:
        """End a unit."""
        _say_given_up(unit)
        self.children.pop(unit).end(0.0)

    def stop(self) -> None:
        """Let all units end."""
        self.is_open = False
        for child in self.children.values():
            child.write(pickle.dumps(STOP))
        self._end(FAREWELL_SECONDS)

    def _end(self, patience: float) -> None:
        while self.children:
            self.children.popitem()[1].end(patience)


def letter_with_weights(
    state: State, publication: int, precision: str, is_coordinator: bool
) -> bytes:
    """The policy's weights as units take them; empty at the trainers that send nothing. Collective
    among trainer ranks.
    """
    arrays: dict[str, Array] = {}
    for name, full in wholes(state.policy, shards_of(state.policy)):
        if is_coordinator:
            arrays[name] = full.cpu().numpy()
    message = ("weights", publication, state.version, precision, arrays)
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL) if is_coordinator else b""


def _say_given_up(unit: int) -> None:
    print(f"unit {unit} is given up; its samples are issued again", file=sys.stderr, flush=True)


class Server:
    """A unit at work, on each of its children."""

    def __init__(self, world: World, config: Config, backend: ScaledBackend, line: Line) -> None:
        self.world, self.config, self.backend, self.line = world, config, backend, line
        settings = config.rollout
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        self.engine: LocalEngine[State] = LocalEngine(
            backend, config, sampling, rules_of(config).units[-1].slots
        )

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
        mine = self.line.read(patience) if self.world.rank == 0 else []
        return list(gather_objects(mine, self.backend.mesh.world)[0])

    def say(self, told: list[Told], steps: int) -> None:
        """Tell the coordinator, from one rank."""
        if self.world.rank == 0:
            self.line.send(("told", told, steps))

    def weights(
        self, publication: int, version: int, precision: str, arrays: Mapping[str, Array]
    ) -> None:
        """Take up new weights; where samples go on with the newest, read them again."""
        policy, nothing = build(self.config, self.backend.mesh), OptimizerState({}, {}, 0)
        fill(policy, lambda name: arrays[name])
        rollout = self.config.rollout.model_copy(update={"precision": precision})
        self.engine.config = self.config.model_copy(update={"rollout": rollout})
        self.engine.publications[publication] = State(policy, None, None, nothing, nothing, version)
        if self.config.rollout.continue_with == "snapshot":
            oldest = publication - self.config.rollout.max_staleness - 1
            self.engine.publications = {
                n: kept for n, kept in self.engine.publications.items() if n >= oldest
            }
            return
        partial = {
            event.sample: rollouts[0]
            for event, rollouts in self.engine.pause()
            if isinstance(event, Parked)
        }
        self.engine.publications = {publication: self.engine.publications[publication]}
        self.admit([Admitted(number, 0, publication) for number in partial], partial)
        self.say([(Switched(self.world.unit or 0, publication), [])], 0)

    def admit(self, decisions: list[Admitted], pool: dict[int, Rollout]) -> None:
        """Put samples into slots."""
        self.engine.admit(decisions, pool)

    def recall(self, numbers: list[int]) -> None:
        """Give samples back at the next look, those that are still here."""
        self.engine.recall(numbers)
