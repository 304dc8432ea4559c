"""A tqdm bar per phase on stderr, with the figures worth watching and the events that must not pass
silently.
"""

from typing import Any

from tqdm import tqdm

REFRESH_SECONDS = 0.5
"""Pause between redraws: enough for an eye, and a log file does not fill up."""


class ProgressBars:
    """Fulfils ``spec.observer.Observer``."""

    def __init__(self) -> None:
        self.bar: tqdm[Any] | None = None

    def phase(self, name: str, total: int, done: int) -> None:
        """Close the bar of the phase before and open one for this."""
        self.close()
        self.bar = tqdm(
            total=total,
            initial=done,
            desc=f"{name:22}",
            mininterval=REFRESH_SECONDS,
            dynamic_ncols=True,
        )

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
        """Leave the last state of the bar standing."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
