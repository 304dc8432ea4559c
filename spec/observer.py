"""Who watches a run. The trainer reports here and imports neither terminal nor logger."""

from typing import Protocol


class Observer(Protocol):
    """Is told what happens, and changes nothing."""

    def phase(self, name: str, total: int, done: int) -> None:
        """A phase of ``total`` steps begins, ``done`` of which were taken before a resume."""
        ...

    def advance(self, **figures: float) -> None:
        """One step of the phase is done; ``figures`` are worth showing beside the bar."""
        ...

    def event(self, name: str, line: str) -> None:
        """Something happened that must not pass silently."""
        ...


class SilentObserver:
    """Ignores everything; for tests and library use."""

    def phase(self, name: str, total: int, done: int) -> None:
        """Ignore."""

    def advance(self, **figures: float) -> None:
        """Ignore."""

    def event(self, name: str, line: str) -> None:
        """Ignore."""
