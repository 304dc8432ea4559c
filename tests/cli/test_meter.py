"""Properties of meters: what fits is whole, and what is no terminal gets plain lines."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.cli import meter as module
from seed.cli.meter import (
    LONGEST_PAUSE,
    Pace,
    cut,
    escaped,
    fitting,
    is_terminal,
    meter,
    open_meter,
    width,
)

TIME = r"\d\d:\d\d:\d\d "
WORDS = st.text("abc", min_size=1, max_size=12)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(WORDS, st.lists(WORDS, max_size=6), st.one_of(st.just(""), WORDS), st.integers(12, 60))
@settings(max_examples=200)
def test_a_line_fits_and_holds_whole_figures_the_first_ones(
    first: str, figures: list[str], ending: str, columns: int
) -> None:
    line = fitting(first, figures, ending, columns)
    assert len(line) <= columns
    shown = line.split(" ")
    assert shown[0] == first
    inner = shown[1:-1] if ending and len(first) + 1 + len(ending) <= columns else shown[1:]
    assert inner == figures[: len(inner)]
    if len(" ".join(filter(None, [first, *figures, ending]))) <= columns:
        assert inner == figures


def plain_lines(text: str) -> list[str]:
    """The lines without their times, each of which must have one."""
    assert "\r" not in text and "\x1b" not in text
    assert all(re.match(TIME, line) for line in text.splitlines())
    return [re.sub(TIME, "", line, count=1) for line in text.splitlines()]


def test_without_a_terminal_first_and_last_step_are_lines_whatever_the_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with meter("RL", 60, pace=Pace(Clock())) as shown:
        for step in range(1, 61):
            shown.advance(1, [f"reward {step}"], "eta 4 min")
    assert plain_lines(capsys.readouterr().err) == [
        "RL 1/60 reward 1 eta 4 min",
        "RL 60/60 reward 60 eta 4 min",
    ]


def test_without_a_terminal_a_step_that_is_shown_is_shown_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with meter("SFT", 1, pace=Pace(Clock())) as shown:
        shown.advance()
    assert plain_lines(capsys.readouterr().err) == ["SFT 1/1"]


def test_plain_lines_are_seconds_apart_at_first_and_a_minute_at_most_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    times: list[float] = []
    with meter("RL", None, pace=Pace(clock)) as shown:
        for _ in range(10_000):
            clock.now += 1.0
            shown.advance()
            if capsys.readouterr().err:
                times.append(clock.now)
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[1] == 5.0 and pauses == sorted(pauses) and pauses[-1] == LONGEST_PAUSE
    assert len(times) < 500


def test_work_that_is_done_sooner_than_the_delay_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    for seconds in (0.0, 2.0):
        with meter("verify line", 2, delay=1.0, pace=Pace(clock)) as shown:
            shown.advance(figures=["1 correct"])
            clock.now += seconds
            shown.advance(figures=["2 correct"])
    assert plain_lines(capsys.readouterr().err) == ["verify line 2/2 2 correct"]


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, kind: str = "xterm") -> Iterator[Callable[[], str]]:
    """Stderr is a terminal of 40 columns; the value reads what was drawn."""
    outer, inner = pty.openpty()
    os.set_blocking(outer, False)
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with monkeypatch.context() as patch, os.fdopen(inner, "w", encoding="utf-8") as stream:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("TERM", kind)
        patch.setattr(module, "REFRESH_SECONDS", 0.0)
        yield lambda: b"".join(chunks(outer)).decode()
    os.close(outer)


def chunks(descriptor: int) -> Iterator[bytes]:
    """All that can be read now."""
    with suppress(BlockingIOError):
        while chunk := os.read(descriptor, 100_000):
            yield chunk


def test_on_a_terminal_every_redraw_fits_and_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as drawn:
        assert is_terminal() and width() == 40
        shown = open_meter("RL", 9, 3)
        for _ in range(6):
            figures = ["reward 0.7123456", "accuracy 0.5123456", "entropy 0.1234567"]
            shown.advance(1, figures, "eta 4 min")
        shown.write("a line")
        shown.close()
        text = drawn()
    lines = [line.strip() for line in re.split("[\r\n]+", text)]
    assert max(map(len, lines)) <= 40
    assert "\x1b" not in text
    assert lines[-2] == "RL 9/9 reward 0.7123456 eta 4 min"
    assert "a line" in lines


def test_a_bar_gets_what_the_figures_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as drawn, meter("SFT", 2) as shown:
        shown.advance(2, ["loss 0.5"])
        last = re.split("[\r\n]+", drawn())[-1]
    assert re.fullmatch(r"SFT 2/2 loss 0\.5 \|[^|]{20,21}\|", last)


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, "dumb") as drawn:
        with meter("SFT", 2) as shown:
            shown.advance(2, ["loss 0.5"])
        text = drawn().replace("\r\n", "\n")
    assert plain_lines(text) == ["SFT 2/2 loss 0.5"]


@given(st.text())
def test_foreign_text_cannot_leave_its_line_or_control_the_terminal(text: str) -> None:
    assert escaped(text).isprintable()
    assert len(cut(escaped(text), 20)) <= 20


def test_control_characters_are_escaped_and_all_else_stays() -> None:
    assert escaped("a\nb\x1b[31m\\é\u202e") == "a\\nb\\x1b[31m\\é\\u202e"
