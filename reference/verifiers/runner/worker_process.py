"""What runs inside a worker: read a request, find its verifier, judge, reply, until the pool ends.

    request  {"serial": 7, "verifier": "" | "path.py:function", "item": {…} | null,
              "call": {…} | null, "announce": true | false}
    reply    {"serial": 7, "loaded": true}    if to be announced: the time limit begins
             {"serial": 7, "verdict": …, "reward": …, …}
             {"serial": 7, "scores": […], …}  of a reward function, where there is a call

Whatever a verifier prints is dropped; whatever it raises is an ``error``. Running out of memory
ends the process, since nothing is known about the state that it leaves behind.
"""

import fcntl
import os
import resource
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

from seed.reference.rewards.function import answer
from seed.reference.verifiers.custom import custom_function, custom_verifier
from seed.reference.verifiers.domains import domain_verifier
from seed.reference.verifiers.frames import Channel, Closed
from seed.reference.verifiers.verdict import Judgement, error, judgement_of
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item

OUT_OF_MEMORY = 71
"""Exit status after a ``MemoryError``; 71 is EX_OSERR of sysexits.h."""

MAX_REQUEST_BYTES = 1 << 32
"""Longest request: no line of a file is longer, and the memory limit comes first."""


def main(requests: str, replies: str, lifeline: str, memory: str, isolation: str) -> None:
    """Serve until the pool closes the pipe; the arguments are those of a command line.

    Args:
        requests: Descriptor to read from.
        replies: Descriptor to write to.
        lifeline: Read end of a pipe whose other end closes when the pool dies.
        memory: Limit of the address space in bytes.
        isolation: Where programs are run.
    """
    for descriptor in (requests, replies, lifeline):
        os.set_inheritable(int(descriptor), False)
    limit_memory(int(memory))
    die_with_the_pool(int(lifeline))
    channel = Channel(int(requests), int(replies), MAX_REQUEST_BYTES)
    try:
        while True:
            channel.send(serve(channel.receive(), channel, isolation))
    except Closed:
        return
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def serve(request: dict[str, Any], channel: Channel, isolation: str) -> dict[str, Any]:
    """Handle one request and return the reply; the announcement goes to the channel."""
    process, serial = os.getpid(), request["serial"]
    try:
        judge = prepared(request, isolation)
        if request["announce"]:
            channel.send({"serial": serial, "loaded": True})
        reply = judge()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as failure:  # sys.exit and KeyboardInterrupt too: each gets a reply
        reply = failed(failure).as_json()
    if os.getpid() != process:
        # The verifier forked, and its child has returned here: it must not serve any request.
        os._exit(0)
    return {"serial": serial, **reply}


def prepared(request: dict[str, Any], isolation: str) -> Callable[[], dict[str, Any]]:
    """Load what judges; calling the result judges and returns the reply."""
    address, call = request["verifier"], request["call"]
    if call is not None:
        custom_function(address)
        return partial(answer, address, call)
    item = None if request["item"] is None else Item(**request["item"])
    verifier = find_verifier(address, item, isolation)
    loads = Verdict(Outcome.CORRECT, "", "it loads")
    return lambda: judgement_of(verifier(item) if item else loads).as_json()


def find_verifier(address: str, item: Item | None, isolation: str) -> Callable[[Item], Any]:
    """The custom verifier if one is named, else that of the item's domain."""
    if address or item is None:
        return custom_verifier(address)
    return domain_verifier(item.domain, isolation)


def failed(failure: BaseException) -> Judgement:
    """The ``error`` for an exception, even for one whose text cannot be read."""
    try:
        return error(f"{type(failure).__name__}: {failure}")
    except Exception:
        return error(type(failure).__name__)


def limit_memory(memory: int) -> None:
    """Bound the address space and write no core dumps.

    The limit is a soft one: it is there against accidents, and a sandbox that a verifier starts
    sets limits of its own.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    with suppress(ValueError, OSError):  # macOS refuses to limit an address space
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def die_with_the_pool(lifeline: int) -> None:
    """Have this process and all of its group killed when the pool ends, however busy they are.

    On Linux the kernel does it: closing the far end of the pipe raises a signal, and that signal is
    SIGKILL. (A parent's death signal would not do: it reaches one process only, and already comes
    when the thread ends that started it.) Elsewhere a thread waits for the end of the pipe; it is
    late if the verifier never lets other threads run.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        if select.select([lifeline], [], [], 0)[0]:
            os._exit(0)  # it had died before the signal was armed
    else:
        Thread(target=_wait_for_the_end_of, args=(lifeline,), daemon=True).start()


def _wait_for_the_end_of(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)
