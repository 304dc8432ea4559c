"""The process that does the work of one rank of a standalone worker. A keeper starts it and hears
what it says.

The keeper is the rank's supervisor, or the trainer itself where there is no MPI.
"""

import ctypes
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

from seed.scaled.processes.connection import Line
from seed.scaled.processes.launch import ECHO_SECONDS, World, join, leave, loaded_device
from seed.scaled.processes.watchdog import current
from seed.scaled.processes.worker_handle import READY
from seed.spec.config import Config
from seed.spec.errors import SeedError
from seed.spec.layout import worker_layout

SET_DEATH_SIGNAL = 1


def serve(descriptor: str) -> None:
    """Decode what comes over the line until it says to stop.

    A failure is reports to the keeper, in words; of what kills this process the keeper finds out by
    itself.

    Args:
        descriptor: Number of this end of the line.
    """
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the trainer answers an interrupt, and ends this process
    _die_with_the_keeper()
    line = Line(Connection(int(descriptor)), lambda: os._exit(1))
    keeper, world, settings = line.next()
    if os.getppid() != keeper:  # it died before its death could be a signal
        os._exit(1)
    config = Config.model_validate(settings)
    try:
        device = loaded_device(world, config.parallel)
    except SeedError as refusal:
        line.send(("refused", refusal.reason, refusal.line))
        return
    line.send(READY)
    try:
        _work(world, config, device, line)
    except Exception as failure:
        if (
            current.waiting
        ):  # mostly the echo of another child's end, and then its supervisor ends this one too
            time.sleep(ECHO_SECONDS)
        what = f"{type(failure).__name__}: {failure}"
        line.send(
            (
                "fallen",
                f"rank {world.rank} of worker {world.worker} failed {current.line()}: {what}",
            )
        )
        os._exit(1)


def _work(world: World, config: Config, device: Any, line: Line) -> None:
    from seed.scaled.backend import ScaledBackend
    from seed.scaled.processes.worker_pool import Server

    def agree(address: tuple[str, int] | None) -> Any:
        """Tell the other children through the supervisors, or receive from the first."""
        if address is None:
            return line.next()
        line.send(("address", address))
        return address

    world = join(world, config.parallel, agree)
    Server(
        world, config, ScaledBackend(world, worker_layout(config.parallel), device), line
    ).serve()
    leave(world)


def _die_with_the_keeper() -> None:
    """Where the kernel can do it; elsewhere the end of the line does, at the latest when this
    process lets threads run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
