"""The MPI rank of a standalone worker: keeps one child that does the worker's work, and outlives it.

    is_main_process  <- MPI ->  supervisor  <- line ->  child: torch, process group, watchdog, weights,
    decoding

An MPI launcher ends the whole job when one of its processes dies. So whatever can die is in the
child, which the launcher does not know and which never joins MPI. When it dies, of whatever, the
worker's other children are ended, the is_main_process is reports once and issues the worker's samples again,
and the run goes on. When a supervisor dies its child ends too.

Nothing here loads torch.
"""

import math
import pickle
import signal
import sys
import time
from typing import Any

from seed.scaled.processes.launch import World, agreed
from seed.scaled.processes.mailbox import COORDINATOR, END, LOST, STOP, STOPPED, Mailbox
from seed.scaled.processes.worker_handle import SHUTDOWN_SECONDS, Child
from seed.spec.config import Config

LOOK_SECONDS = 0.002
"""Pause between two looks at a silent job and a silent child: less than a block of tokens takes."""


def supervise(world: World, config: Config) -> None:
    """Keep a child at work until the is_main_process says to stop.

    Args:
        world: The worker's supervisors.
        config: The run's.

    Raises:
        SeedError: What the child, or any other rank of the job, refuses.
    """
    # The trainers answer an interrupt and stop the workers, or end the job.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = Child(world, config)
    try:
        agreed(child.wait_until_ready)
        Supervisor(world, child).run()
    finally:
        child.end(patience=0.0)


class Supervisor:
    """The relay between the job and one child. Its methods without underscore are named like the
    messages they answer.

    Attributes:
        superior: Whom it obeys: the is_main_process, or the first supervisor of its worker.
        others: Ranks of the worker's other supervisors, if it is the first.
        active: How many of them have not stopped.
        over: Whether the worker is lost, given up or stopped: what happens to its children is no reports
            any more.
        deadline: When a child that was asked to end is killed; none as long as it was not asked.
    """

    def __init__(self, world: World, child: Child) -> None:
        self.child, self.mailbox = child, Mailbox(world.everyone)
        first = world.everyone.rank - world.rank
        self.superior = COORDINATOR if world.rank == 0 else first
        self.others = range(first + 1, first + world.size) if world.rank == 0 else range(0)
        self.is_first = world.rank == 0
        self.active, self.over, self.deadline = len(self.others), False, math.inf

    def run(self) -> None:
        """Pass messages on until the worker has stopped."""
        while not self._has_stopped():
            for _, message in self.mailbox.read(0.0):
                getattr(self, message[0])(*message[1:])
            for message in self.child.read(LOOK_SECONDS):
                getattr(self, message[0])(*message[1:])
            if time.monotonic() > self.deadline:
                self.child.kill()
        self.mailbox.send(self.superior, STOPPED)
        self.mailbox.flush()

    def letter(self, letter: bytes) -> None:
        """For the child."""
        if not self.over:
            self.child.write(letter)

    def reports(self, *what: Any) -> None:
        """From the child: events and rollouts."""
        self.mailbox.send(COORDINATOR, ("reports", *what))

    def address(self, address: tuple[str, int]) -> None:
        """From the first child: where the worker's children meet."""
        for rank in self.others:
            self.mailbox.send(rank, ("letter", pickle.dumps(address)))

    def gone(self) -> None:
        """The child has ended."""
        self.fallen(self.child.exit_reason())

    def fallen(self, words: str) -> None:
        """A child of the worker has failed or died. The first that the first supervisor hears of is
        reports, others are echoes.
        """
        if self.over:
            return
        if self.is_first:
            sys.stderr.write(
                f"error: {words}\n"
            )  # in one piece: workers that die together would mix their lines
            self.mailbox.send(COORDINATOR, LOST)
        else:
            self.mailbox.send(self.superior, ("fallen", words))
        self.end()

    def end(self) -> None:
        """The worker is given up."""
        if not self.over:
            self._is_over(END)
            self.child.kill()

    def stop(self) -> None:
        """The run has ended."""
        if self.is_first and not self.over:
            self.child.write(pickle.dumps(STOP))  # it tells the other children
        self._is_over(STOP)
        self.deadline = time.monotonic() + SHUTDOWN_SECONDS

    def stopped(self) -> None:
        """Another supervisor of the worker sends nothing more."""
        self.active -= 1

    def _is_over(self, message: Any) -> None:
        self.over = True
        for rank in self.others:
            self.mailbox.send(rank, message)

    def _has_stopped(self) -> bool:
        return self.deadline < math.inf and self.child.ended and not self.active
