"""A launch in which one rank misbehaves.

    python -m seed.conformance.misbehave WHAT WHERE RANK SECONDS

RANK does WHAT in the middle of WHERE, and every rank waits at most SECONDS for the others.

WHAT:

- raise: raise an ordinary exception
- refuse: raise a user error that no other rank has
- interrupt: get Ctrl-C
- kill: be killed
- exit: end at once with exit code 0
- hang: sleep
- stop: be suspended, with all threads

WHERE:

- start: before the common work begins
- update: between two layers of the forward pass
- generate: when the requests are distributed
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

from seed.conformance.cases import case_batch, case_config, case_requests
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.device import device_of
from seed.scaled.processes.launch import find_job, layout_of_launch, start
from seed.scaled.processes.shutdown import end_together
from seed.spec.characters import ENDS
from seed.spec.datatypes import Request, Sampling
from seed.spec.errors import Reason, SeedError


def raise_error() -> None:
    """An ordinary exception."""
    raise ZeroDivisionError("a made-up mistake")


def refuse() -> None:
    """A user error that only one rank has."""
    raise SeedError(Reason.LOSS_NOT_FINITE, "a made-up user error")


FAULTS: dict[str, Callable[[], object]] = {
    "raise": raise_error,
    "refuse": refuse,
    "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(0),
    "hang": lambda: time.sleep(600.0),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
}


class FaultyRequests(list[Request]):
    """Requests that misbehave when they are distributed."""

    fault: Callable[[], object]

    def __iter__(self) -> Iterator[Request]:
        """Misbehave, then iterate."""
        self.fault()
        return super().__iter__()


def main(what: str, where: str, rank: int, seconds: float) -> None:
    """Join the other ranks, misbehave, and print ``done``, which must not be reached."""
    config = case_config("grpo", f"parallel.collective_timeout={seconds}")
    layout = layout_of_launch(config.parallel, find_job())
    world = start(config.parallel)
    fault = FAULTS[what] if world.rank == rank else lambda: None
    if where == "start":
        fault()
    with end_together(world):
        backend = ScaledBackend(world, layout, device_of(world.local_rank, "cpu"))
        state = backend.initial_state(config)
        if where == "update":
            state.policy.layers[1].register_forward_pre_hook(lambda *_: fault() and None)
            backend.update_policy(state, config, case_batch(config))
        else:
            requests = FaultyRequests(case_requests(config))
            requests.fault = fault
            backend.generate(state, config, requests, Sampling(1.0, 1.0, 4, ENDS), "rollout")
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
