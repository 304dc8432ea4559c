"""Launches by torchrun: one run, the same as under mpirun; a failure ends all ranks."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from seed.conformance.launch import run_ranks, run_torchrun

SMALL = (
    *("precision=float64", "supervised.steps=2", "supervised.batch=8", "data.demonstrations=64"),
    *("value_pretraining.steps=1", "rollout.steps=1", "rollout.prompts=4"),
    *("rollout.samples_per_prompt=4", "rollout.max_response_tokens=8", "algorithm.mini_batch=8"),
    *("algorithm.micro_batch=4", "evaluation.problems=2", "evaluation.samples=2"),
    *("model.layers=1", "parallel.tp=2", "rollout.needs_contrast=false"),
)
"""One RL step of the tiny preset made smaller, with every phase."""

SECONDS = 300.0

TALK = """
import sys
from seed.scaled.processes.launch import find_job
job = find_job()
assert job.allgather(job.rank + 10) == [10, 11] and job.allgather([job.rank]) == [[0], [1]]
assert job.broadcast(f"from {job.rank}") == "from 0"
if sys.argv[1] == "abort" and job.rank == 1:
    job.abort(7)
if sys.argv[1] == "abort":
    job.store.get("never")
print("done", flush=True)
"""
"""What two processes tell each other; then they end, or the second ends both."""


def run_arguments(out: Path, *settings: str) -> list[str]:
    command = ["-m", "seed.cli.main", "run", "--backend", "scaled", "--out", str(out)]
    return [*command, *SMALL, *settings]


def error_lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Our lines; torchrun prints a report of its own after them."""
    lines = done.stderr.splitlines()
    return [line for line in lines if line.startswith(("Error:", "error:"))]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def talk(what: str) -> list[tuple[int, str]]:
    """Exit code and output of two processes without torchrun, so that rank 0 holds the store."""
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TALK, what],
            env={**os.environ, **address, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    outputs = [process.communicate(timeout=SECONDS)[0] for process in processes]
    return [
        (process.returncode, out.strip()) for process, out in zip(processes, outputs, strict=True)
    ]


def test_a_run_has_the_metrics_of_the_same_run_under_mpirun(tmp_path: Path) -> None:
    torchrun, mpirun = tmp_path / "torchrun", tmp_path / "mpirun"
    done = run_torchrun(2, run_arguments(torchrun), SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("held-out accuracy") == 1
    done = run_ranks(2, run_arguments(mpirun), SECONDS)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mpirun", "torchrun"]
    for name in ("metrics.jsonl", "samples.jsonl"):
        assert (torchrun / name).read_bytes() == (mpirun / name).read_bytes()
    assert len((torchrun / "metrics.jsonl").read_text().splitlines()) == 4


def test_a_user_error_of_one_rank_ends_all_and_is_printed_once() -> None:
    arguments = ["-m", "seed.conformance.misbehave", "refuse", "update", "1", "60"]
    done = run_torchrun(2, arguments, SECONDS, {"TORCH_CPP_LOG_LEVEL": "ERROR"})
    (line,) = error_lines(done)
    assert line == "Error: loss-not-finite: a made-up user error" and "done" not in done.stdout
    assert "(exitcode: 2)" in done.stderr


def test_processes_without_torchrun_find_each_other_and_end_together() -> None:
    assert talk("end") == [(0, "done"), (0, "done")]


def test_one_process_ends_all() -> None:
    assert talk("abort") == [(7, ""), (7, "")]
