"""Properties of suspended processes: every wait is bounded, and a line names who is waited for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seed.conformance import suspend
from seed.conformance.half_message import LONG
from seed.conformance.launch import run_ranks
from seed.conformance.test_environment_job import free_port
from seed.conformance.test_run import SECONDS, SMALL
from seed.conformance.test_worker_pool import MARK, STREAMING, processes_of, run_command, wait_until


def launch(
    out: Path, ranks: int, who: str, rank: int, *settings: str
) -> "subprocess.CompletedProcess[str]":
    """A run with a suspended process; nothing of it is left."""
    command = ["-m", "seed.conformance.suspend", who, str(rank), *run_command(out, *settings)]
    done = run_ranks(ranks, command, SECONDS, {MARK: str(out)})
    wait_until(lambda: processes_of(out) == {})
    assert "Traceback" not in done.stderr, done.stderr
    return done


def error_lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Lines that say what went wrong."""
    return [line for line in done.stderr.splitlines() if line.lower().startswith("error")]


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_suspended_before_it_has_joined_is_waited_for_in_bounds(
    tmp_path: Path, rank: int
) -> None:
    done = launch(tmp_path / "run", 2, "rank", rank, "parallel.collective_timeout=2")
    assert done.returncode != 0
    waited = f"error: rank {1 - rank} of 2 has waited 2 s (parallel.collective_timeout)"
    assert [line.startswith(waited) for line in error_lines(done)] == [True], done.stderr


def test_a_suspended_rank_0_as_torchrun_starts_it_is_waited_for_in_bounds(tmp_path: Path) -> None:
    # It holds the store. torchrun itself would wait half a minute for its end.
    settings = run_command(tmp_path / "run", "parallel.collective_timeout=2")
    command = [sys.executable, "-m", "seed.conformance.suspend", "rank", "0", *settings]
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    ranks = [
        subprocess.Popen(
            command,
            env={**os.environ, **address, "RANK": name, "LOCAL_RANK": name},
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "01"
    ]
    try:
        _, errors = ranks[1].communicate(timeout=SECONDS)
    finally:
        ranks[0].kill()
        ranks[0].communicate()
    assert ranks[1].returncode == 1
    waited = "error: rank 1 of 2 has waited 2 s (parallel.collective_timeout)"
    assert [line.startswith(waited) for line in errors.splitlines()] == [True], errors


def test_a_worker_process_that_is_suspended_before_it_is_ready_is_given_up(tmp_path: Path) -> None:
    settings = (*SMALL, *STREAMING, "parallel.rollout_workers=1", "parallel.collective_timeout=4")
    done = launch(tmp_path / "run", 1, "child", 0, *settings)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = error_lines(done)
    assert line.startswith("error: rank 0 of worker 1 was not ready within 2 s")
    assert done.stderr.count("worker 1 is given up") == 1
    assert (tmp_path / "run" / "summary.json").exists()


def test_a_job_ends_though_the_mpi_rank_of_a_worker_is_suspended(tmp_path: Path) -> None:
    settings = (*SMALL, *STREAMING, "parallel.rollout_workers=1", "parallel.worker_timeout=3")
    done = launch(tmp_path / "run", 2, "supervisor", 1, *settings)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = error_lines(done)
    assert f"no answer within {suspend.STOP_SECONDS:g} s" in line
    assert "worker 1 (MPI rank 1)" in line
    assert (tmp_path / "run" / "report.html").exists()


def test_a_message_that_stays_a_part_holds_up_no_other_rank() -> None:
    step_by_step = {"MPIR_CVAR_CH4_CMA_ENABLE": "0"}
    done = run_ranks(3, ["-m", "seed.conformance.half_message"], SECONDS, step_by_step)
    assert done.returncode == 0, done.stderr
    meanwhile, later = done.stdout.splitlines()
    assert sorted(meanwhile.split()) == ["1:1", "2:1", f"2:{LONG}", "2:2"]
    assert later.split() == [f"1:{LONG}", "1:2"]
