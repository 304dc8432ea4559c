"""Standalone streaming workers as real processes: what they decide and deliver replays in the
reference, also when one fails.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import h5py
import pytest

from seed.conformance.launch import mpirun, run_ranks
from seed.conformance.test_run import SECONDS, SMALL
from seed.reference.rollouts.events import (
    Consumed,
    Dropped,
    Event,
    Finished,
    Scheduled,
    Submitted,
    WorkerLost,
    event_of,
)
from seed.reference.rollouts.scheduler import replay
from seed.reference.rollouts.streaming import rules_of
from seed.reference.training.run_directory import RunDirectory

STREAMING = (
    "rollout.srs_alpha=0.85",
    "rollout.max_staleness=1",
    "rollout.block_tokens=2",
    "parallel.rollout_slots=8",
)
"""20 samples are under way and 8 of them on a worker, so a batch of 16 waits for the worker, however
late it is.
"""

MARK = "SEED_TEST_LAUNCH"
"""Variable by which all processes of a launch are found again."""

PROCESSES = Path("/proc")


def log_of(path: Path) -> list[Event]:
    """The events of a run, after they were replayed."""
    directory, config = RunDirectory.resume(path)
    log = [
        event_of({key: value for key, value in line.items() if key != "step"})
        for line in directory.read("schedule.jsonl")
    ]
    assert replay(rules_of(config), log) == [
        event.samples for event in log if isinstance(event, Consumed)
    ]
    return log


def assert_nothing_is_lost_or_doubled(log: list[Event]) -> None:
    """Every opened sample is taken or dropped, once."""
    opened = [number for event in log if isinstance(event, Submitted) for number in event.samples]
    taken = [number for event in log if isinstance(event, Consumed) for number in event.samples]
    assert sorted(taken + [event.sample for event in log if isinstance(event, Dropped)]) == opened


def finished_by_units(log: list[Event]) -> int:
    """Samples that a standalone worker brought to an end."""
    place: dict[int, int] = {}
    count = 0
    for event in log:
        if isinstance(event, Scheduled):
            place[event.sample] = event.worker
        elif isinstance(event, Finished):
            count += place[event.sample] > 0
    return count


@pytest.mark.parametrize(
    ("ranks", "layout"),
    [
        (
            4,
            (
                "parallel.tp=2",
                "parallel.rollout_workers=1",
                "parallel.worker_tp=2",
                "parallel.worker_ep=2",
            ),
        ),
        (1, ("parallel.rollout_workers=1",)),
    ],
    ids=["mpi", "one process"],
)
def test_the_log_of_a_concurrent_unit_replays_in_the_reference(
    tmp_path: Path, ranks: int, layout: tuple[str, ...]
) -> None:
    arguments = [
        "run",
        "--backend",
        "scaled",
        "--out",
        str(tmp_path / "run"),
        *SMALL,
        *STREAMING,
        *layout,
    ]
    done = run_ranks(ranks, ["-m", "seed.cli.main", *arguments], SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    log = log_of(tmp_path / "run")
    assert_nothing_is_lost_or_doubled(log)
    assert finished_by_units(log) > 0
    with h5py.File(tmp_path / "run" / "rollouts.h5") as file:
        for step in file.values():
            versions, start = step["weight_versions"][()].tolist(), 0
            for length in step["response_lengths"][()].tolist():
                assert all(one <= two for one, two in pairwise(versions[start : start + length]))
                start += length


@pytest.mark.parametrize(
    ("ranks", "what", "worker_tp", "rank", "said"),
    [
        (
            3,
            "raise",
            1,
            0,
            "error: rank 0 of worker 1 failed between two phases, not in a collective",
        ),
        (3, "hang", 1, 0, "worker 1 is given up"),
        (3, "kill", 1, 0, "error: rank 0 of worker 1 was killed by SIGKILL"),
        (3, "kill", 2, 1, "error: rank 1 of worker 1 was killed by SIGKILL"),
        (
            1,
            "raise",
            1,
            0,
            "error: rank 0 of worker 1 failed between two phases, not in a collective",
        ),
        (1, "kill", 1, 0, "error: rank 0 of worker 1 was killed by SIGKILL"),
        (1, "exit", 1, 0, "error: rank 0 of worker 1 ended by itself, exit code 0"),
    ],
)
def test_the_samples_of_a_unit_that_fails_or_dies_are_issued_again_once(
    tmp_path: Path, ranks: int, what: str, worker_tp: int, rank: int, said: str
) -> None:
    out = tmp_path / "run"
    settings = [
        *SMALL,
        *STREAMING,
        f"parallel.rollout_workers={2 // worker_tp}",
        f"parallel.worker_tp={worker_tp}",
    ]
    settings += [
        f"parallel.worker_timeout={12 if what == 'hang' else 10 * SECONDS}"
    ]  # only a hang is found by its silence
    arguments = ["run", "--backend", "scaled", "--out", str(out), *settings]
    command = ["-m", "seed.conformance.faulty_worker", what, "3", str(rank), *arguments]
    done = run_ranks(ranks, command, SECONDS, {MARK: str(out)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_of(out) == {}
    assert (out / "summary.json").exists()
    assert done.stderr.count(said) == 1 and done.stderr.count("worker 1 is given up") == 1
    assert done.stderr.count("error: ") == (what != "hang"), (
        done.stderr
    )  # what a death does to the other ranks is not reports
    log = log_of(out)
    assert [event for event in log if isinstance(event, WorkerLost)] == [WorkerLost(1)]
    assert_nothing_is_lost_or_doubled(log)
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["phase_step"] == 3


def test_a_unit_that_cannot_load_torch_refuses_for_all_in_one_line(tmp_path: Path) -> None:
    # Only the launcher's own processes find torch: the child of a worker has none of the launcher's
    # variables.
    (tmp_path / "torch.py").write_text(
        "import os, sys\nif not any(name.startswith(('PMI_', 'PMIX_', 'OMPI_')) for name in"
        f" os.environ): raise ImportError('a made-up lack')\nsys.path.remove({str(tmp_path)!r});"
        " del sys.modules['torch']; import torch"
    )
    environment = {
        MARK: str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    arguments = [
        "run",
        "--backend",
        "scaled",
        "--out",
        str(tmp_path / "run"),
        *STREAMING,
        "parallel.rollout_workers=1",
    ]
    done = run_ranks(2, ["-m", "seed.cli.main", *arguments], SECONDS, environment)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert (
        line.startswith("Error: backend-missing: backend=scaled needs torch")
        and "a made-up lack" in line
    )
    assert processes_of(tmp_path) == {}


@pytest.mark.skipif(not PROCESSES.exists(), reason="looks for processes where Linux lists them")
def test_a_supervisor_has_no_torch_and_when_it_is_killed_the_whole_job_ends_its_child_too(
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    settings = [*SMALL, *STREAMING, "rollout.steps=1000", "parallel.rollout_workers=1"]
    command = [
        mpirun(),
        "-n",
        "2",
        sys.executable,
        "-m",
        "seed.cli.main",
        "run",
        "--backend",
        "scaled",
        "--out",
        str(out),
        *settings,
    ]
    job = subprocess.Popen(
        command,
        env={**os.environ, MARK: str(out)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: (out / "schedule.jsonl").exists())
        ranks = {
            environment.get("PMI_RANK", "child"): number
            for number, environment in processes_of(out).items()
        }
        assert [rank for rank in ("0", "1", "child") if "libtorch" in maps_of(ranks[rank])] == [
            "0",
            "child",
        ]
        os.kill(ranks["1"], signal.SIGKILL)
        assert job.wait(SECONDS) != 0
        wait_until(lambda: processes_of(out) == {})
    finally:
        job.kill()
        for number in processes_of(out):
            os.kill(number, signal.SIGKILL)


def processes_of(mark: Path) -> dict[int, dict[str, str]]:
    """Living processes of a launch that was marked, with their environments; none where the system
    does not list them.
    """
    found = {}
    for folder in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            pairs = [
                entry.partition("=")
                for entry in (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            ]
            environment = {name: value for name, _, value in pairs}
            if environment.get(MARK) == str(mark):
                found[int(folder.name)] = environment
    return found


def maps_of(process: int) -> str:
    """The files that a process has in its memory."""
    return (PROCESSES / str(process) / "maps").read_text()


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until it holds."""
    until = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
