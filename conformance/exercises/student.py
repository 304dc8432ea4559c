"""Check a student's file in a child process, which may loop, exit or crash without doing harm."""

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from seed.conformance.exercises import feedback
from seed.conformance.exercises.catalogue import Exercise, exercise_named
from seed.conformance.exercises.check import first_failure
from seed.reference.verifiers.frames import Channel, Closed, Late
from seed.spec.child_process import die_with_parent, start_command

SECONDS = 20.0
"""Time limit of loading the file and of each property; a right function takes well under one."""

STARTING_SECONDS = 120.0
"""Time limit of starting Python, which may take long on a busy machine."""

MAX_BYTES = 1 << 20
"""Longest message: far above any text of feedback."""


def check_file(exercise: Exercise, file: Path, seconds: float = SECONDS) -> tuple[bool, str]:
    """Check the function of a file.

    Args:
        exercise: What the file should hold.
        file: Python file.
        seconds: Time limit of loading it and of each property.

    Returns:
        Whether all properties hold, and the text for the student.
    """
    receiving, sending = os.pipe()
    process = subprocess.Popen(
        start_command(
            "seed.conformance.exercises.student:serve",
            *(exercise.name, str(file), str(sending), str(os.getpid())),
        ),
        pass_fds=[sending],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(sending)
    try:
        return listen(exercise, Channel(receiving, -1, MAX_BYTES), seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(receiving)


def listen(exercise: Exercise, channel: Channel, seconds: float) -> tuple[bool, str]:
    """Wait for the child's verdict; before each property it says which one it begins."""
    number, limit = -1, STARTING_SECONDS
    try:
        while True:
            message = channel.receive(limit)
            if "text" in message:
                return message["passed"], message["text"]
            number, limit = message["property"], seconds
    except Late:
        return False, feedback.endless_text(exercise, max(number, 0), limit)
    except Closed:
        return False, f"{exercise.name}: the process ended without a verdict: does the file exit?"


def serve(name: str, file: str, sending: str, parent: str) -> None:
    """The child process; arguments are those of a command line.

    Args:
        name: Of the exercise.
        file: Of the student.
        sending: Descriptor to write to.
        parent: Process that waits.
    """
    die_with_parent(int(parent))
    exercise, channel = exercise_named(name), Channel(-1, int(sending), MAX_BYTES)
    passed, text = verdict(exercise, file, lambda number: channel.send({"property": number}))
    channel.send({"passed": passed, "text": text})


def verdict(exercise: Exercise, file: str, begin: Callable[[int], None]) -> tuple[bool, str]:
    """Load a file and check its function.

    Args:
        exercise: What it should hold.
        file: Python file.
        begin: Is called with 0 before the file is loaded, and with the number of each property.
    """
    begin(0)
    try:
        function = loaded(exercise.function, file)
    except BaseException as why:  # sys.exit too: whatever the file does, the student gets a line
        return False, f"{exercise.name}: {feedback.raised(why, file)}"
    for number, made in enumerate(exercise.properties, start=1):
        begin(number)
        failure = first_failure(made, function, exercise.solution)
        if failure is not None:
            return False, feedback.failed_text(exercise, number, failure, file)
    return True, feedback.passed_text(exercise)


def loaded(name: str, file: str) -> Callable[..., Any]:
    """The function of a file, which may import its neighbours.

    Raises:
        LookupError: The file has no such function.
        Exception: Whatever the file raises.
    """
    sys.path.insert(0, str(Path(file).resolve().parent))
    function = runpy.run_path(file).get(name)
    if not callable(function):
        raise LookupError(f"{file} has no function {name}")
    made: Callable[..., Any] = function
    return made
