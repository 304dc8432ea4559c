"""The MPI rank of a remote worker: it keeps one worker process at work and outlives it.

    main process <- MPI -> supervisor <- channel -> worker process: torch, process group, decoding

An MPI launcher ends the whole job when one of its processes dies. So everything that may fail runs
in the worker process, which the launcher does not know and which never joins MPI. When it dies, the
worker's other processes are ended, the main process is informed once and schedules the worker's
samples again, and the run goes on. When a supervisor dies, its worker process dies too.

Nothing here loads torch.
"""

import math
import pickle
import time
from typing import assert_never

from seed.reference.rollouts.messages import WorkerFailed, WorkerReport
from seed.scaled.processes.error_lines import print_error
from seed.scaled.processes.launch import agree_on, joining
from seed.scaled.processes.messages import (
    Deliver,
    Disconnected,
    GiveUp,
    ProcessFailed,
    Stop,
    Stopped,
    StoreAddress,
    SupervisorMessage,
    WorkerProcessMessage,
)
from seed.scaled.processes.mpi_mailbox import MAIN_RANK, Mailbox
from seed.scaled.processes.shutdown import leave_signals_to_trainer
from seed.scaled.processes.worker_handle import SHUTDOWN_SECONDS, WorkerHandle
from seed.scaled.processes.world import World
from seed.spec.config import Config

POLL_SECONDS = 0.002
"""Pause between two checks of silent connections: less than a block of tokens takes."""


def supervise(world: World, config: Config) -> None:
    """Keep a worker process at work until the main process sends Stop.

    Args:
        world: The worker's supervisors.
        config: The run's.

    Raises:
        SeedError: A user error of the worker process or of any other rank of the job.
    """
    leave_signals_to_trainer()
    process = WorkerHandle(world, config)
    try:
        with joining(config.parallel.collective_timeout):
            agree_on(world.job, process.wait_until_ready)
        Supervisor(world, process).run()
    finally:
        process.end(patience=0.0)


class Supervisor:
    """Passes messages between the job and one worker process.

    Attributes:
        is_first: Whether it is the first supervisor of its worker, which the main process knows.
        superior: Rank that it reports to: the main process, or the first supervisor.
        others: Ranks of the worker's other supervisors, if it is the first.
        active: How many of them have not stopped.
        is_over: Whether the worker has failed, is given up or is stopped: later failures of its
            processes are not reported.
        deadline: When the worker process is killed; infinite before Stop.
    """

    def __init__(self, world: World, process: WorkerHandle) -> None:
        self.process, self.mailbox = process, Mailbox(world.everyone)
        first = world.everyone.rank - world.rank
        self.is_first = world.rank == 0
        self.superior = MAIN_RANK if self.is_first else first
        self.others = range(first + 1, first + world.size) if self.is_first else range(0)
        self.active, self.is_over, self.deadline = len(self.others), False, math.inf

    def run(self) -> None:
        """Pass messages on until the worker has stopped."""
        while not self._has_stopped():
            for _, message in self.mailbox.read(0.0):
                self.handle_rank(message)
            for message in self.process.read(POLL_SECONDS):
                self.handle_process(message)
            if time.monotonic() > self.deadline:
                self.process.kill()
        self.mailbox.send(self.superior, Stopped())
        self.mailbox.flush()

    def handle_rank(self, message: SupervisorMessage) -> None:
        """Handle a message of another rank."""
        match message:
            case Deliver(pickled):
                if not self.is_over:
                    self.process.send_pickled(pickled)
            case ProcessFailed():
                self.fail(message)
            case GiveUp():
                self.give_up()
            case Stop():
                self.stop()
            case Stopped():
                self.active -= 1
            case _:
                assert_never(message)

    def handle_process(self, message: WorkerProcessMessage) -> None:
        """Handle a message of the worker process."""
        match message:
            case WorkerReport():
                self.mailbox.send(MAIN_RANK, message)
            case StoreAddress():
                delivery = Deliver(pickle.dumps(message))
                for rank in self.others:
                    self.mailbox.send(rank, delivery)
            case ProcessFailed():
                self.fail(message)
            case Disconnected():
                self.fail(ProcessFailed(self.process.exit_reason()))
            case _:
                assert_never(message)

    def fail(self, failure: ProcessFailed) -> None:
        """Report the first failure of the worker's processes; later ones follow from it."""
        if self.is_over:
            return
        if self.is_first:
            # One write call: lines of workers that die at the same time must not mix.
            print_error(f"error: {failure.reason}")
            self.mailbox.send(MAIN_RANK, WorkerFailed())
        else:
            self.mailbox.send(self.superior, failure)
        self.give_up()

    def give_up(self) -> None:
        """Kill the worker's processes."""
        if not self.is_over:
            self._end_with(GiveUp())
            self.process.kill()

    def stop(self) -> None:
        """Let the worker's processes end."""
        if self.is_first and not self.is_over:
            self.process.send(Stop())  # it shares its commands with the worker's other processes
        self._end_with(Stop())
        self.deadline = time.monotonic() + SHUTDOWN_SECONDS

    def _end_with(self, message: GiveUp | Stop) -> None:
        self.is_over = True
        for rank in self.others:
            self.mailbox.send(rank, message)

    def _has_stopped(self) -> bool:
        return self.deadline < math.inf and self.process.has_ended and not self.active
