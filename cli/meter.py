"""How far a command is, on stderr: a bar on a terminal, plain lines in a pipe or a log file.

    RL 33/60 reward 0.71 accuracy 0.87 eta 4 min |####        |   terminal: redrawn in place
    14:02:11 RL 33/60 reward 0.71 accuracy 0.87 eta 4 min         elsewhere: one every few seconds

Figures stand before the bar, which gets what is left of the line. Where the terminal is too narrow
for all figures, whole figures are left out, the last one first. Neither form has colours or other
escape codes, and the plain one no carriage returns.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import click
from tqdm import tqdm

REFRESH_SECONDS = 0.5
"""Pause between redraws of a bar: enough for an eye."""
DELAY_SECONDS = 1.0
"""What is done sooner needs no bar."""
LINE_SECONDS = 5.0
"""Pause between plain lines at first."""
LINE_SHARE = 0.01
"""Later at most so many lines: one per this share of the time that has passed, ..."""
LONGEST_PAUSE = 60.0
"""... and at least one in so many seconds. A run of two minutes has about 30, of ten hours 800."""
PLAIN_WIDTH = 160
"""Columns of a line that is not on a terminal."""
LEAST_BAR = 8
"""Columns that a bar and its ends need to say anything; with less there is none."""


class Pace:
    """When the next plain line is due; all meters of a command share one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.began = self.last = clock()

    def due(self) -> bool:
        """Whether a line is due now; if so the next one is due a pause later."""
        now = self.clock()
        pause = min(max(LINE_SECONDS, LINE_SHARE * (now - self.began)), LONGEST_PAUSE)
        if now - self.last < pause:
            return False
        self.last = now
        return True


class Meter(Protocol):
    """Counts the steps of one piece of work."""

    def advance(self, count: int = 1, figures: Sequence[str] = (), ending: str = "") -> None:
        """So many more steps are done.

        Args:
            count: Steps.
            figures: Texts that are worth showing, the most important one first.
            ending: What stands last and is left out last, such as the time to the end.
        """
        ...

    def write(self, line: str) -> None:
        """Write a line that stays."""
        ...

    def close(self) -> None:
        """Leave the last state on the screen."""
        ...


@contextlib.contextmanager
def meter(
    name: str, total: int | None, delay: float = 0.0, pace: Pace | None = None
) -> Iterator[Meter]:
    """``open_meter``, closed at the end."""
    shown = open_meter(name, total, 0, delay, pace)
    try:
        yield shown
    finally:
        shown.close()


def open_meter(
    name: str, total: int | None, done: int = 0, delay: float = 0.0, pace: Pace | None = None
) -> Meter:
    """The meter for where stderr goes.

    Args:
        name: Of the work.
        total: Its steps, if they are known.
        done: Steps that were done before.
        delay: Nothing is shown of work that takes fewer seconds.
        pace: Of the command's plain lines.
    """
    if is_terminal():
        return TerminalMeter(name, total, done, delay)
    return PlainMeter(name, total, done, delay, pace or Pace())


def is_terminal() -> bool:
    """Whether stderr can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns of a line on stderr."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or PLAIN_WIDTH
    except (OSError, ValueError):
        return PLAIN_WIDTH


class TerminalMeter:
    """A bar that tqdm redraws."""

    def __init__(self, name: str, total: int | None, done: int, delay: float) -> None:
        self.name, self.total = name, total
        self.bar: tqdm[Any] = tqdm(
            total=total,
            initial=done,
            desc=head(name, done, total),
            delay=delay,
            mininterval=REFRESH_SECONDS,
            miniters=1,
            dynamic_ncols=True,
            bar_format="{desc}",
        )

    def advance(self, count: int = 1, figures: Sequence[str] = (), ending: str = "") -> None:
        """Move the bar."""
        columns = width()
        first = head(self.name, self.bar.n + count, self.total)
        self.bar.desc = text = fitting(first, figures, ending, columns)
        has_room = self.total and columns - len(text) >= LEAST_BAR
        self.bar.bar_format = "{desc} |{bar}|" if has_room else "{desc}"
        self.bar.update(count)

    def write(self, line: str) -> None:
        """Write the line above the bar."""
        tqdm.write(line, file=self.bar.fp)

    def close(self) -> None:
        """Redraw once more and go to the next line."""
        self.bar.close()


class PlainMeter:
    """Lines: the first step, one every few seconds, the last step."""

    def __init__(self, name: str, total: int | None, done: int, delay: float, pace: Pace) -> None:
        self.name, self.total, self.done, self.pace = name, total, done, pace
        self.shown_from = pace.clock() + delay
        self.pending = ""
        self.is_first = True

    def advance(self, count: int = 1, figures: Sequence[str] = (), ending: str = "") -> None:
        """Print a line if one is due."""
        self.done += count
        texts = (head(self.name, self.done, self.total), *figures, ending)
        self.pending = " ".join(filter(None, texts))
        if self.pace.clock() >= self.shown_from and (self.pace.due() or self.is_first):
            self._print_pending()

    def write(self, line: str) -> None:
        """Print the line."""
        click.echo(line, err=True)

    def close(self) -> None:
        """Print the last step if its line is not there yet."""
        if self.pending and self.pace.clock() >= self.shown_from:
            self._print_pending()

    def _print_pending(self) -> None:
        click.echo(f"{datetime.now():%H:%M:%S} {self.pending}", err=True)
        self.pending, self.is_first = "", False


def head(name: str, done: int, total: int | None) -> str:
    """``RL 33/60``, or ``verify 33`` where the total is not known."""
    return f"{name} {done}" if total is None else f"{name} {done}/{total}"


def fitting(first: str, figures: Sequence[str], ending: str, columns: int) -> str:
    """One line that begins and ends as given, with as many figures between as fit ``columns``.

    Nothing is cut in two but what is longer than the whole line.
    """
    last = [ending] if ending and len(first) + 1 + len(ending) <= columns else []
    shown = [first]
    for figure in figures:
        if len(" ".join([*shown, figure, *last])) > columns:
            break
        shown.append(figure)
    return " ".join(shown + last)[:columns]


def escaped(text: str) -> str:
    r"""Foreign text as one line that cannot control the terminal: a line break is ``\n``."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def cut(text: str, columns: int) -> str:
    """A text cut to a width, with a mark where it was cut."""
    return text if len(text) <= columns else text[: columns - 1] + "…"
