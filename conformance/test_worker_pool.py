"""Remote rollout workers as real processes: their log replays, also when a worker fails."""

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
from seed.reference.rollouts.rules import rules_of
from seed.reference.rollouts.scheduler import replay
from seed.reference.training.rollout_files import rollout_files
from seed.reference.training.run_directory import RunDirectory

STREAMING = (
    "rollout.srs_alpha=0.85",
    "rollout.max_staleness=1",
    "rollout.block_tokens=2",
    "parallel.rollout_slots=8",
)
"""20 samples are in flight, 8 of them on a worker, so a batch of 16 has to wait for the worker."""

MARK = "SEED_TEST_LAUNCH"
"""Environment variable that identifies all processes of a launch."""

PROCESSES = Path("/proc")

RAISED = "error: rank 0 of worker 1 failed between two phases, not in a collective"


def log_of(path: Path) -> list[Event]:
    """The events of a run, after a replay."""
    directory, config = RunDirectory.resume(path)
    lines = directory.read("schedule.jsonl")
    log = [event_of({key: line[key] for key in line if key != "step"}) for line in lines]
    assert replay(rules_of(config), log) == [
        event.samples for event in log if isinstance(event, Consumed)
    ]
    return log


def assert_nothing_is_lost_or_doubled(log: list[Event]) -> None:
    """Every submitted sample is consumed or dropped, once."""
    submitted = [n for event in log if isinstance(event, Submitted) for n in event.samples]
    consumed = [n for event in log if isinstance(event, Consumed) for n in event.samples]
    dropped = [event.sample for event in log if isinstance(event, Dropped)]
    assert sorted(consumed + dropped) == submitted


def finished_by_remote_workers(log: list[Event]) -> int:
    """Samples that ended on a remote worker."""
    workers: dict[int, int] = {}
    count = 0
    for event in log:
        if isinstance(event, Scheduled):
            workers[event.sample] = event.worker
        elif isinstance(event, Finished):
            count += workers[event.sample] > 0
    return count


def run_command(out: Path, *settings: str) -> list[str]:
    """Arguments of ``seed`` for a run of the torch backend."""
    return ["run", "--backend", "scaled", "--out", str(out), *settings]


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
def test_the_log_of_a_run_with_remote_workers_replays(
    tmp_path: Path, ranks: int, layout: tuple[str, ...]
) -> None:
    arguments = run_command(tmp_path / "run", *SMALL, *STREAMING, *layout)
    done = run_ranks(ranks, ["-m", "seed.cli.main", *arguments], SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    log = log_of(tmp_path / "run")
    assert_nothing_is_lost_or_doubled(log)
    assert finished_by_remote_workers(log) > 0
    for path in rollout_files(tmp_path / "run"):
        with h5py.File(path) as file:
            for step in file.values():
                versions, start = step["weight_versions"][()].tolist(), 0
                for length in step["response_lengths"][()].tolist():
                    stretch = versions[start : start + length]
                    assert all(one <= two for one, two in pairwise(stretch))
                    start += length


@pytest.mark.parametrize(
    ("ranks", "what", "worker_tp", "rank", "line"),
    [
        (3, "raise", 1, 0, RAISED),
        (3, "hang", 1, 0, "worker 1 is given up"),
        (3, "kill", 1, 0, "error: rank 0 of worker 1 was killed by SIGKILL"),
        (3, "kill", 2, 1, "error: rank 1 of worker 1 was killed by SIGKILL"),
        (1, "raise", 1, 0, RAISED),
        (1, "kill", 1, 0, "error: rank 0 of worker 1 was killed by SIGKILL"),
        (1, "exit", 1, 0, "error: rank 0 of worker 1 ended by itself, exit code 0"),
    ],
)
def test_the_samples_of_a_worker_that_fails_or_dies_are_scheduled_again_once(
    tmp_path: Path, ranks: int, what: str, worker_tp: int, rank: int, line: str
) -> None:
    out = tmp_path / "run"
    timeout = 12 if what == "hang" else 10 * SECONDS  # only a hang is detected by silence
    settings = (
        f"parallel.rollout_workers={2 // worker_tp}",
        f"parallel.worker_tp={worker_tp}",
        f"parallel.worker_timeout={timeout}",
    )
    arguments = run_command(out, *SMALL, *STREAMING, *settings)
    command = ["-m", "seed.conformance.faulty_worker", what, "3", str(rank), *arguments]
    done = run_ranks(ranks, command, SECONDS, {MARK: str(out)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_of(out) == {}
    assert (out / "summary.json").exists()
    assert done.stderr.count(line) == 1 and done.stderr.count("worker 1 is given up") == 1
    # Failures of the worker's other ranks, which follow from the first, are not printed.
    assert done.stderr.count("error: ") == (what != "hang"), done.stderr
    log = log_of(out)
    assert [event for event in log if isinstance(event, WorkerLost)] == [WorkerLost(1)]
    assert_nothing_is_lost_or_doubled(log)
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["phase_step"] == 3


def test_a_worker_without_torch_is_one_user_error_of_all_ranks(tmp_path: Path) -> None:
    # Only the launcher's own processes load torch: a worker process has none of the launcher's
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
    arguments = run_command(tmp_path / "run", *STREAMING, "parallel.rollout_workers=1")
    done = run_ranks(2, ["-m", "seed.cli.main", *arguments], SECONDS, environment)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert (
        line.startswith("Error: backend-missing: backend=scaled needs torch")
        and "a made-up lack" in line
    )
    assert processes_of(tmp_path) == {}


@pytest.mark.skipif(not PROCESSES.exists(), reason="reads the processes that Linux lists")
def test_a_supervisor_has_no_torch_and_its_death_ends_the_job_and_its_worker_process(
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    settings = (*SMALL, *STREAMING, "rollout.steps=1000", "parallel.rollout_workers=1")
    program = [sys.executable, "-m", "seed.cli.main", *run_command(out, *settings)]
    command = [mpirun(), "-n", "2", *program]
    job = subprocess.Popen(
        command,
        env={**os.environ, MARK: str(out)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: (out / "schedule.jsonl").exists())
        ranks = {
            environment.get("PMI_RANK", "worker"): number
            for number, environment in processes_of(out).items()
        }
        assert [rank for rank in ("0", "1", "worker") if "libtorch" in maps_of(ranks[rank])] == [
            "0",
            "worker",
        ]
        os.kill(ranks["1"], signal.SIGKILL)
        assert job.wait(SECONDS) != 0
        wait_until(lambda: processes_of(out) == {})
    finally:
        job.kill()
        for number in processes_of(out):
            os.kill(number, signal.SIGKILL)


def processes_of(mark: Path) -> dict[int, dict[str, str]]:
    """Environments of the running processes of a launch; empty where the system lists none."""
    processes = {}
    for folder in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            entries = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            pairs = [entry.partition("=") for entry in entries]
            environment = {name: value for name, _, value in pairs}
            if environment.get(MARK) == str(mark):
                processes[int(folder.name)] = environment
    return processes


def maps_of(process: int) -> str:
    """Memory map of a process, with the files it has loaded."""
    return (PROCESSES / str(process) / "maps").read_text()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds, at most a minute."""
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
