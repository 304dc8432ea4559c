"""Properties of the lock: one holder, named; it ends with its process; its absence is said."""

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.training.run_directory import RunDirectory
from seed.reference.training.run_lock import locked
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.kill_points import content_of

BACKEND, SILENT = ReferenceBackend(), SilentObserver()

HOLDER = """
import sys, time
from pathlib import Path
from seed.reference.backend import ReferenceBackend
from seed.reference.training.run_lock import locked
from seed.spec.observer import SilentObserver
with locked(Path(sys.argv[1]), ReferenceBackend(), SilentObserver()):
    print("held", flush=True)
    time.sleep(1000)
"""


def test_a_second_process_is_refused_with_the_name_of_the_first_until_that_is_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        before = content_of(path)
        with pytest.raises(SeedError) as raised, locked(path, BACKEND, SILENT):
            pass
        holder.kill()
    assert raised.value.reason == Reason.RUN_DIRECTORY_IN_USE
    assert f"process {holder.pid} on {socket.gethostname()};" in raised.value.line
    assert content_of(path) == before
    RunDirectory.require_free(path)
    with locked(path, BACKEND, SILENT):
        assert (path / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}"
    with locked(path, BACKEND, SILENT):
        pass


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    class Recorder(SilentObserver):
        def event(self, name: str, line: str) -> None:
            events.append((name, line))

    events: list[tuple[str, str]] = []
    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path, BACKEND, Recorder()):
        pass
    ((name, line),) = events
    assert name == "run_not_locked" and "has no locks (No locks available)" in line


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SeedError) as raised, locked(tmp_path / "file" / "run", BACKEND, SILENT):
        pass
    assert raised.value.reason == Reason.UNWRITABLE_FILE
