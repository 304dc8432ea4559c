"""tqdm bars on stderr: one per phase of a run, with its most useful figures and its events."""

from typing import Any

from tqdm import tqdm

REFRESH_SECONDS = 0.5
"""Pause between redraws: enough for an eye, and a log file does not fill up."""
DELAY_SECONDS = 1.0
"""What is done sooner needs no bar."""


def bar(total: int | None, text: str, **options: Any) -> "tqdm[Any]":
    """A bar as all commands show it."""
    return tqdm(total=total, desc=text, mininterval=REFRESH_SECONDS, dynamic_ncols=True, **options)


class ProgressBars:
    """Implements ``spec.observer.Observer``."""

    def __init__(self) -> None:
        self.bar: tqdm[Any] | None = None

    def phase(self, name: str, total: int, done: int) -> None:
        """Close the bar of the phase before and open one for this."""
        self.close()
        self.bar = bar(total, f"{name:22}", initial=done)

    def advance(self, **figures: float) -> None:
        """Move the bar by one step."""
        if self.bar is not None:
            text = ", ".join(f"{name} {value:.3g}" for name, value in figures.items())
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(1)

    def event(self, name: str, line: str) -> None:
        """Write a line above the bar."""
        tqdm.write(f"event {name}: {line}", file=None if self.bar is None else self.bar.fp)

    def close(self) -> None:
        """Leave the bar in its last state on the screen."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
