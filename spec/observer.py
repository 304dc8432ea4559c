"""Who watches a run. The trainer reports here and knows neither terminal nor logger."""

from typing import Protocol


class Observer(Protocol):
    """Hears what happens, changes nothing."""

    def phase(self, name: str, total: int, done: int) -> None:
        """A phase of ``total`` steps begins, ``done`` of which were taken before (resume)."""
        ...

    def advance(self, **figures: float) -> None:
        """One step of the phase is done; ``figures`` are worth showing beside the bar."""
        ...

    def event(self, name: str, line: str) -> None:
        """Something that must not pass silently."""
        ...


class SilentObserver:
    """Hears nothing; for tests and library use."""

    def phase(self, name: str, total: int, done: int) -> None:
        """Ignore."""

    def advance(self, **figures: float) -> None:
        """Ignore."""

    def event(self, name: str, line: str) -> None:
        """Ignore."""
