"""Properties of child processes: they import what the parent imports, and die with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from seed.spec.child_process import environment_without, start_command

CHILD = """
import time
from seed.spec.child_process import die_with_parent

def print_arguments(*arguments):
    print(*arguments, flush=True)

def sleep(parent):
    die_with_parent(int(parent))
    print("started", flush=True)
    time.sleep(60)
    print("alive", flush=True)

def start_and_sleep():
    import os, subprocess
    from seed.spec.child_process import start_command
    subprocess.Popen(start_command("child_of_test:sleep", str(os.getpid())))
    time.sleep(60)
"""


@pytest.fixture
def child_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that this process, and so its children, can import."""
    (tmp_path / "child_of_test.py").write_text(CHILD)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return "child_of_test"


def test_a_child_gets_the_path_and_the_arguments_of_its_parent(child_module: str) -> None:
    command = start_command(f"{child_module}:print_arguments", "a b", "'")
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"a b '\n"


def test_an_extra_path_comes_behind_the_interpreters_own(tmp_path: Path, child_module: str) -> None:
    root = str(Path(__file__).parents[2])
    paths, entry = [root, str(tmp_path)], f"{child_module}:print_arguments"
    command = start_command(entry, "x", options=("-S", "-P"), extra_path=paths)
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"x\n"


def test_a_child_ends_if_its_parent_is_dead_before_it_starts(child_module: str) -> None:
    done = subprocess.run(start_command(f"{child_module}:sleep", "1"), check=False, timeout=30)
    assert done.returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux sends the signal")
def test_a_child_dies_with_its_parent(child_module: str) -> None:
    parent = subprocess.Popen(
        start_command(f"{child_module}:start_and_sleep"), stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        parent.kill()
        assert parent.stdout.read() == b""  # the child shares the pipe, so it was killed


def test_variables_with_a_prefix_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_RANK", "3")
    monkeypatch.setenv("PMIX", "kept")
    environment = environment_without(("PMI_", "OMPI_"))
    assert "PMI_RANK" not in environment and environment["PMIX"] == "kept"
