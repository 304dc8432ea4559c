"""A custom verifier that does everything a verifier must not do: ``problem`` names the deed."""

import ctypes
import os
import signal
import sys
import time
from typing import Any

MOST_DESCRIPTORS = 1024
"""A test run may hold many files open, and a worker's pipes then have high numbers."""
hoard: list[bytes] = []
calls = 0


def behave(item: dict[str, Any]) -> Any:
    """Do what the problem names; the response is right if it says so."""
    deed = globals().get(item["problem"])
    if deed is not None:
        returned = deed(item)
        if returned is not None:
            return returned
    return item["response"] == "right"


def sleeps(item: dict[str, Any]) -> None:
    time.sleep(3600)


def loops(item: dict[str, Any]) -> None:
    while True:
        pass


def holds_the_interpreter(item: dict[str, Any]) -> None:
    sys.set_int_max_str_digits(0)
    int("7" * 3_000_000)


def ignores_all_signals(item: dict[str, Any]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)


def stops(item: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def exits(item: dict[str, Any]) -> None:
    sys.exit(3)


def exits_hard(item: dict[str, Any]) -> None:
    os._exit(3)


def is_killed(item: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crashes(item: dict[str, Any]) -> None:
    ctypes.string_at(0)


def eats_memory(item: dict[str, Any]) -> None:
    while True:
        hoard.append(bytes(50_000_000))


def keeps_memory(item: dict[str, Any]) -> None:
    hoard.append(bytes(90_000_000))


def recurses(item: dict[str, Any]) -> None:
    recurses(item)


def raises(item: dict[str, Any]) -> None:
    raise ValueError(f"no verdict on {object()}")


def raises_what_cannot_be_told(item: dict[str, Any]) -> None:
    class Untold(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    raise Untold


def prints_megabytes(item: dict[str, Any]) -> None:
    for _ in range(100):
        print("x" * 100_000)
        print("x" * 100_000, file=sys.stderr)
    os.write(1, b"x" * 1_000_000)


def reads_stdin(item: dict[str, Any]) -> bool:
    return sys.stdin.read() == ""


def leaves_a_child_and_exits(item: dict[str, Any]) -> None:
    if os.fork() == 0:
        time.sleep(3600)
    os._exit(4)


def forks_and_both_return(item: dict[str, Any]) -> None:
    os.fork()


def leaves_a_child_in_a_session_of_its_own(item: dict[str, Any]) -> None:
    if os.fork() == 0:
        os.setsid()
    with open(item["reference"], "a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(3600)


def tells_its_process(item: dict[str, Any]) -> None:
    with open(item["reference"], "a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")


def closes_every_file(item: dict[str, Any]) -> None:
    os.closerange(3, MOST_DESCRIPTORS)
    time.sleep(3600)


def writes_garbage_everywhere(item: dict[str, Any]) -> None:
    for descriptor in range(3, MOST_DESCRIPTORS):
        try:
            os.write(descriptor, b"\xff" * 1000)
        except OSError:
            continue


def forges_a_late_reply(item: dict[str, Any]) -> None:
    text = b'{"serial": 1, "verdict": "correct", "reward": 1.0}'
    for descriptor in range(3, MOST_DESCRIPTORS):
        try:
            os.write(descriptor, len(text).to_bytes(8, "big") + text)
        except OSError:
            continue


def dies_unless_it_is_the_first(item: dict[str, Any]) -> None:
    global calls
    calls += 1
    if calls > 1:
        os._exit(5)


def tells_a_hash(item: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": "correct", "extracted": str(hash("a text"))}


def is_slow(item: dict[str, Any]) -> None:
    time.sleep(0.02)


def returns_a_list(item: dict[str, Any]) -> list[bool]:
    return [True]


def looks_at_the_fields(item: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": "correct", "extracted": " ".join(item), "why": "told", "reward": 2.5}
