"""The process that decodes for one rank of a remote worker.

Its parent is the rank's supervisor, or the trainer itself where there is no MPI.
"""

import os
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from seed.scaled.processes.channel import Channel
from seed.scaled.processes.device import device_of, torch_required
from seed.scaled.processes.launch import Address, join_process_group
from seed.scaled.processes.messages import Identity, ProcessFailed, Ready, Refused, StoreAddress
from seed.scaled.processes.shutdown import (
    describe_failure,
    leave_process_group,
    leave_signals_to_trainer,
)
from seed.scaled.processes.world import World
from seed.spec.child_process import die_with_parent
from seed.spec.config import Config
from seed.spec.errors import SeedError
from seed.spec.layout import worker_layout

if TYPE_CHECKING:
    import torch


def serve(parent: str, descriptor: str) -> None:
    """Execute commands from the channel until Stop.

    An exception is sent to the parent; a signal that kills this process the parent sees itself.

    Args:
        parent: Process id of the parent.
        descriptor: File descriptor of this end of the channel.
    """
    leave_signals_to_trainer()
    die_with_parent(int(parent))
    channel = Channel(Connection(int(descriptor)), lambda: os._exit(1))
    identity: Identity = channel.next()
    world, config = identity.world, Config.model_validate(identity.settings)
    try:
        with torch_required():
            import seed.scaled.backend  # noqa: F401  # torch loads, or its absence is said, here
        device = device_of(world.local_rank, config.parallel.device)
    except SeedError as error:
        channel.send(Refused(error.reason, error.line))
        return
    channel.send(Ready())
    try:
        _work(world, config, device, channel)
    except Exception as failure:
        what = describe_failure(failure)
        channel.send(ProcessFailed(f"rank {world.rank} of worker {world.worker} {what}"))
        os._exit(1)


def _work(world: World, config: Config, device: "torch.device", channel: Channel) -> None:
    from seed.scaled.backend import ScaledBackend
    from seed.scaled.processes.worker_loop import WorkerLoop

    def share_address(address: Address | None) -> Address:
        """The first process sends the address to the others, through the supervisors."""
        if address is None:
            received: StoreAddress = channel.next()
            return received.host, received.port
        channel.send(StoreAddress(*address))
        return address

    world = join_process_group(world, config.parallel, share_address)
    backend = ScaledBackend(world, worker_layout(config.parallel), device)
    WorkerLoop(world, config, backend, channel).run()
    leave_process_group(world)
