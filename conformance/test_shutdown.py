"""Properties of failures: a failure of one rank ends all of them soon and is printed once."""

import subprocess
import time
from pathlib import Path

import pytest

from seed.conformance.launch import run_ranks
from seed.scaled.processes.watchdog import RankStatus, stall_report

PATIENCE = 8.0
"""Seconds without progress that these launches allow: ranks that share two cores need some."""

SECONDS = 120.0
"""Time limit of a launch; far below the 600 s that the ranks would wait by default."""

WITHOUT_TORCH = (
    "import sys; sys.modules['torch'] = None; from seed.cli.main import seed; seed(sys.argv[1:])"
)
"""The command line where importing torch fails: an error it reports precedes the load of torch."""


def seed(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """``seed`` on two ranks that cannot load torch."""
    return run_ranks(2, ["-c", WITHOUT_TORCH, *arguments], SECONDS)


def misbehave(
    what: str, where: str, rank: int, seconds: float = 60.0, ranks: int = 2
) -> "subprocess.CompletedProcess[str]":
    """A launch in which one rank misbehaves: no rank finishes, and all end before ``seconds``."""
    command = ["-m", "seed.conformance.misbehave", what, where, str(rank), str(seconds)]
    began = time.monotonic()
    done = run_ranks(ranks, command, SECONDS, {"TORCH_CPP_LOG_LEVEL": "ERROR"})
    assert "done" not in done.stdout
    assert time.monotonic() - began < 55.0, done.stderr
    return done


def error_line(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line that says why a launch ended."""
    (line,) = [line for line in done.stderr.splitlines() if line.lower().startswith("error")]
    return line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--backend", "scaled", "parallel.cp=3"),
            ("parallel.cp=3", "must be the number of ranks, 2", "cp and tp among 1, 2"),
        ),
        (
            ("--backend", "scaled", "parallel.ep=4"),
            ("parallel.ep=4", "must divide the number of ranks, 2", "legal: 1, 2"),
        ),
        (
            ("--backend", "scaled", "parallel.tp=4"),
            ("parallel.tp=4 must divide model.key_value_heads=2",),
        ),
        (
            ("--backend", "scaled", "parallel.pp=2"),
            ("unknown-key: parallel.pp", "legal keys of section parallel"),
        ),
        (
            ("--backend", "reference"),
            ("backend='reference' runs in one process", "legal backend is scaled"),
        ),
        (("--no-such-option",), ("unknown-name", "--no-such-option")),
    ],
    ids=["cp", "ep", "tp", "unknown key", "reference", "option"],
)
def test_a_user_error_is_printed_once_before_torch_loads(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = seed("run", *arguments)
    assert done.returncode == 2, done.stderr
    assert all(word in error_line(done) for word in words)
    assert "Traceback" not in done.stderr


def test_without_torch_the_error_says_once_what_to_install() -> None:
    done = seed("run", "--backend", "scaled")
    assert done.returncode == 2
    assert "needs torch: pip install" in error_line(done)


def test_a_directory_in_use_is_one_user_error_of_all_ranks_and_stays_as_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "note.txt").write_text("mine")
    done = run_ranks(
        2, ["-m", "seed.cli.main", "run", "--backend", "scaled", "--out", str(tmp_path)], SECONDS
    )
    assert done.returncode == 2, done.stderr
    assert "run-directory-in-use" in error_line(done)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
    assert (tmp_path / "note.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("where", "phase", "rank"),
    [("update", "update policy", 1), ("generate", "generate (rollout)", 0)],
)
def test_an_exception_of_one_rank_ends_all_and_is_printed_once_with_phase_and_error(
    where: str, phase: str, rank: int
) -> None:
    done = misbehave("raise", where, rank)
    assert done.returncode == 1, done.stderr
    assert error_line(done).startswith(f"error: rank {rank} of 2 failed in {phase}")
    assert error_line(done).endswith("ZeroDivisionError: a made-up mistake")
    assert done.stderr.count("Traceback") == 1


def test_an_exception_outside_of_the_common_work_ends_all_ranks() -> None:
    done = misbehave("raise", "start", 1)
    assert done.returncode == 1, done.stderr
    assert "ZeroDivisionError: a made-up mistake" in done.stderr


def test_a_user_error_of_one_rank_ends_all() -> None:
    done = misbehave("refuse", "update", 1)
    assert done.returncode == 2, done.stderr
    assert error_line(done) == "Error: loss-not-finite: a made-up user error"


def test_a_killed_rank_ends_all() -> None:
    done = misbehave("kill", "update", 1)
    assert done.returncode == 9, done.stderr
    assert "Traceback" not in done.stderr and "error:" not in done.stderr


def test_an_interrupt_of_one_rank_ends_all() -> None:
    done = misbehave("interrupt", "update", 1)
    assert done.returncode == 130, done.stderr
    assert error_line(done) == "Error: interrupted"


def test_a_rank_that_hangs_is_named_with_its_phase_and_last_collective() -> None:
    line = error_line(misbehave("hang", "update", 1, seconds=PATIENCE))
    assert (
        f"after {PATIENCE:g} s without progress (parallel.collective_timeout); behind: rank 1 of 2,"
        " in update policy" in line
    )
    assert (
        "not in a collective; the last one was number 4, all_gather of weights over world" in line
    )
    assert (
        "rank 0 is in update policy, waiting in collective number 5, all_gather of weights over"
        " attention shards" in line
    )


def test_a_suspended_rank_0_which_holds_the_common_store_is_named_too() -> None:
    assert "rank 0 of 2 does not answer" in error_line(
        misbehave("stop", "update", 0, seconds=PATIENCE)
    )


def ranks(*statuses: tuple[int, bool, int, float]) -> list[RankStatus]:
    """Ranks by checks, whether they wait, collectives begun, seconds without progress."""
    return [
        RankStatus(rank, checks, waiting, count, stalled, f"at {count}")
        for rank, (checks, waiting, count, stalled) in enumerate(statuses)
    ]


def behind(before: list[RankStatus], now: list[RankStatus]) -> str:
    """Ranks that a stall report names as behind."""
    return stall_report(before, now, 0, 5.0).partition("behind: ")[2]


def test_a_rank_that_publishes_nothing_is_behind_all_others() -> None:
    before = ranks((4, True, 9, 5.0), (2, False, 9, 0.1), (4, False, 9, 5.0))
    now = ranks((5, True, 9, 6.0), (2, False, 9, 0.1), (5, False, 9, 6.0))
    assert behind(before, now).startswith("rank 1 of 3, silent, last seen at 9; rank 0 is at 9")


def test_a_rank_that_does_not_wait_is_behind_even_if_it_began_more_collectives() -> None:
    now = ranks((1, True, 3, 9.0), (1, False, 8, 7.0), (1, True, 8, 6.0))
    assert behind(ranks((0, True, 3, 9.0), (0, False, 8, 7.0), (0, True, 8, 6.0)), now).startswith(
        "rank 1 of 3, at 8; "
    )


def test_if_no_rank_waits_the_one_that_stalled_first_is_named_first() -> None:
    now = ranks((1, False, 8, 6.0), (1, False, 5, 9.0), (1, False, 8, 5.5))
    assert behind(ranks(*((0, False, 0, 0.0),) * 3), now).startswith(
        "rank 1 of 3, at 5; rank 0 of 3"
    )


def test_if_all_wait_for_each_other_those_with_the_fewest_collectives_are_behind() -> None:
    now = ranks((1, True, 8, 6.0), (1, True, 7, 6.0), (1, True, 8, 6.0))
    assert behind(ranks(*((0, True, 0, 0.0),) * 3), now) == "rank 1 of 3, at 7; rank 0 is at 8"


def test_of_many_ranks_a_few_are_named_and_the_others_counted() -> None:
    now = ranks(*((1, False, 1, 6.0),) * 64)
    assert behind(ranks(*((0, False, 1, 6.0),) * 64), now).endswith(
        "rank 3 of 64, at 1 (and 60 more)"
    )
