"""Properties of commands that a full disk or a signal ends: one line, its exit code, a way on."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import BADLY_BEHAVED, assert_user_error, chess_line, run
from tests.support.full_disk import largest_file


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell has what it starts in the background ignore SIGINT, and so would these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A file of labelled responses."""
    path = tmp_path / "in"
    answers = [chess_line(f"{number}", label="wrong") for number in range(9)]
    path.write_bytes(b"\n".join(answers))
    return path


def test_verify_keeps_whole_lines_on_a_full_disk_and_goes_on(tmp_path: Path, lines: Path) -> None:
    command = ("verify", lines, "--out", tmp_path / "out", *BADLY_BEHAVED)
    with largest_file(500):
        result = run(*command)
    assert_user_error(result, "out cannot be written: ", "it needs", "--resume")
    kept = (tmp_path / "out").read_bytes()
    assert kept.endswith(b"\n") and 0 < len(kept) <= 500
    assert run(*command, "--resume").exit_code == 0
    whole = (tmp_path / "out").read_bytes()
    assert whole.startswith(kept) and whole.count(b"\n") == 9


def test_an_output_that_appears_at_once_does_not_appear_on_a_full_disk(
    tmp_path: Path, lines: Path, finished: Path
) -> None:
    commands: list[tuple[Any, ...]] = [
        ("audit", lines, *BADLY_BEHAVED),
        ("eval", finished, "evaluation.problems=2", "evaluation.samples=1"),
        ("puzzles", "generate", "maze", "--count", 3),
        ("report", finished),
    ]
    for number, command in enumerate(commands):
        out = tmp_path / f"out{number}"
        with largest_file(200):
            result = run(*command, "--out", out)
        assert_user_error(result, f"{out} cannot be written: File too large; 200 bytes are free")
        assert not out.exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--out", "/proc/here"),
        ("verify", "FILE", "--out", "/proc/here"),
        ("audit", "FILE", "--out", "/proc/here"),
        ("puzzles", "generate", "maze", "--out", "/proc/here"),
        ("srs", "simulate", "--steps", "3", "--out", "/proc/here"),
        ("exercise", "start", "gae", "--to", "/proc/here"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_one_line(
    lines: Path, command: tuple[str, ...]
) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("this system has no folder that refuses even the superuser")
    words = [str(lines) if word == "FILE" else word for word in command]
    assert_user_error(run(*words), "unwritable-file: /proc/here")


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_ends_a_run_with_the_command_that_continues(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int, words: str
) -> None:
    monkeypatch.setattr(
        "seed.reference.training.trainer.train", lambda run: signal.raise_signal(number)
    )
    before = signal.getsignal(number)
    result = run("run", "--out", tmp_path / "here")
    assert result.exit_code == code, result.output
    line = f"Error: {words}; continue with: seed run --resume {tmp_path / 'here'}"
    assert result.stderr.splitlines()[-1] == line
    assert signal.getsignal(number) is before


def test_a_first_signal_asks_and_a_second_one_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def train(run: Any) -> None:
        signal.raise_signal(signal.SIGHUP)
        asked.append(run.asked_to_end())
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("seed.reference.training.trainer.train", train)
    result = run("run", "--out", tmp_path / "here", "run.save_on_signal=true")
    assert asked == [signal.SIGHUP]
    assert result.exit_code == 143
    assert (
        "\nSIGHUP: the run ends at its next step with a checkpoint; once" in capfd.readouterr().err
    )


def test_an_ignored_signal_stays_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def train(run: Any) -> None:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr("seed.reference.training.trainer.train", train)
        assert run("run", "--out", tmp_path / "here").exit_code == 143
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("limit", ["nan", "inf", "-inf", "1e308", "0", "86401"])
@pytest.mark.parametrize("command", ["verify", "audit"])
def test_a_time_limit_that_is_none_is_refused(
    tmp_path: Path, lines: Path, command: str, limit: str
) -> None:
    result = run(command, lines, "--out", tmp_path / "out", "--time-limit", limit)
    assert_user_error(result, f"--time-limit={limit} must be a number above 0.0 and at most 86400")
    assert not (tmp_path / "out").exists()


def test_puzzles_read_counts_a_bad_line_and_reads_the_rest(tmp_path: Path) -> None:
    good = {"id": "a", "task": "kakurasu", "problem": "?", "answer": [[1, 1]], "source": "Enigmata"}
    questions = ["Row sums: [1]\nColumn sums: [1]", "Row sums: [1,,2]\nColumn sums: [1]"]
    texts = [json.dumps(good | {"meta": {"question": text}}) for text in questions * 2]
    (tmp_path / "in").write_text("\n".join(texts))
    result = run("puzzles", "read", tmp_path / "in", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out").read_text().count("\n") == 2
    assert "line 2: meta.question must hold" in result.output
