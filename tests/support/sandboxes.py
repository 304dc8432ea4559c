"""The isolation that can be tested on this machine, and what a run leaves behind."""

import json
import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from seed.reference.verifiers.sandbox.descendants import descendants
from seed.reference.verifiers.sandbox.host import Ended, Guest, SandboxError, start
from seed.reference.verifiers.sandbox.limits import Limits
from seed.reference.verifiers.sandbox.probe import PREFERRED, soundness

TIGHT = replace(
    Limits(),
    cpu_seconds=2,
    wall_seconds=120.0,
    call_seconds=1.5,
    memory_bytes=256 << 20,
    file_bytes=1 << 20,
)
"""Limits for hostile programs: little processor time, and much time by the clock.

A busy machine may take long to start a program. A test of a program that waits sets its own limit.
"""

LEFTOVER_SECONDS = 60.0


def sound(mechanism: str) -> str:
    """Skip, with the probe's reason, where a mechanism cannot work."""
    checked = soundness(mechanism)
    if not checked.sound:
        pytest.skip(f"{mechanism}: {checked.why}")
    return mechanism


def first_sound() -> str:
    """The mechanism that verdicts are tested with.

    Skips where none works: the test would mean nothing.
    """
    for mechanism in reversed(PREFERRED):  # the quickest first
        if soundness(mechanism).sound:
            return mechanism
    pytest.skip("; ".join(f"{mechanism}: {soundness(mechanism).why}" for mechanism in PREFERRED))


def started(program: str, mechanism: str, limits: Limits = TIGHT, stdin: bytes = b"") -> Guest:
    """A script that runs."""
    job, entry = (
        {"program": program, "site": False},
        "seed.reference.verifiers.programs.solution:program",
    )
    return start(entry, job, mechanism, limits, stdin=stdin)


def script(program: str, mechanism: str, limits: Limits = TIGHT, stdin: bytes = b"") -> Ended:
    """Run a script and wait for its end."""
    with started(program, mechanism, limits, stdin) as guest:
        return guest.wait()


def leftovers() -> list[int]:
    """All processes below this one other than its children, the fork servers.

    They get ample time to end, since a busy machine may delay them.
    """
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while (processes := _grandchildren()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return processes


def _grandchildren() -> list[int]:
    file = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    children = {int(child) for child in file.read_text().split()} if file.exists() else set()
    return [process for process in descendants(os.getpid()) if process not in children]


def timed_out(program: str, mechanism: str, limits: Limits = TIGHT) -> Ended:
    """Run a script that never ends until its time by the clock is up.

    On a busy machine the time may be up before the program is confined and begins: then it gets
    four times as much.
    """
    for seconds in (1.0, 4.0, 16.0):
        with suppress(SandboxError):
            return script(program, mechanism, replace(limits, wall_seconds=seconds))
    return script(program, mechanism, replace(limits, wall_seconds=64.0))


def printed_list(ended: Ended) -> list[str]:
    """What a script printed as a JSON list."""
    assert not ended.fault(), ended
    printed: list[str] = json.loads(ended.stdout)
    return printed
