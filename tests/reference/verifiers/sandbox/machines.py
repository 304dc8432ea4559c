"""The mechanisms that can be tested on this machine, and ways to see what a run leaves behind."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seed.reference.verifiers.sandbox.descendants import descendants
from seed.reference.verifiers.sandbox.host import Ended, start
from seed.reference.verifiers.sandbox.limits import Limits
from seed.reference.verifiers.sandbox.probe import PREFERRED, soundness

TIGHT = replace(
    Limits(),
    cpu_seconds=2,
    wall_seconds=6.0,
    call_seconds=1.5,
    memory_bytes=256 << 20,
    file_bytes=1 << 20,
)
"""Limits for hostile programs: time for a slow machine to start them, and little more."""


def sound(mechanism: str) -> str:
    """Skip, with the probe's reason, where a mechanism cannot work."""
    found = soundness(mechanism)
    if not found.sound:
        pytest.skip(f"{mechanism}: {found.why}")
    return mechanism


def first_sound() -> str:
    """The mechanism that verdicts are tested with: one of them must work for this test to mean
    anything.
    """
    for mechanism in reversed(PREFERRED):  # the quickest first
        if soundness(mechanism).sound:
            return mechanism
    pytest.skip("; ".join(f"{mechanism}: {soundness(mechanism).why}" for mechanism in PREFERRED))


def script(program: str, mechanism: str, limits: Limits = TIGHT, stdin: bytes = b"") -> Ended:
    """Run a script and wait for its end."""
    job = {"program": program, "site": False}
    with start(
        "seed.reference.verifiers.programs.solution:program", job, mechanism, limits, stdin=stdin
    ) as guest:
        return guest.wait()


def leftovers() -> list[int]:
    """All processes below this one other than the keeper, after they had two seconds to go."""
    deadline = time.monotonic() + 2.0
    while (found := _below()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def _below() -> list[int]:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    keepers = {int(child) for child in children.read_text().split()} if children.exists() else set()
    return [process for process in descendants(os.getpid()) if process not in keepers]


def words(ended: Ended) -> list[str]:
    """What a script printed as a JSON list."""
    assert not ended.fault(), ended
    printed: list[str] = json.loads(ended.stdout)
    return printed
