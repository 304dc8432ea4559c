"""Who watches a run. The trainer reports here and imports neither terminal nor logger."""

import warnings
from collections.abc import Mapping
from typing import Any, Protocol


class Observer(Protocol):
    """Is told what happens, and changes nothing."""

    def phase(self, name: str, total: int, done: int) -> None:
        """A phase of ``total`` steps begins, ``done`` of which were taken before a resume."""
        ...

    def advance(self, **figures: float) -> None:
        """One step of the phase is done; ``figures`` are worth showing beside the bar."""
        ...

    def metrics(self, line: Mapping[str, Any]) -> None:
        """A training step is recorded; ``line`` is its line of ``metrics.jsonl``."""
        ...

    def event(self, name: str, line: str) -> None:
        """Something happened that must not pass silently."""
        ...

    def sample(self, line: Mapping[str, Any]) -> None:
        """A response of an RL step, as in ``samples.jsonl``; one every ``run.show`` RL steps."""
        ...

    def scores(self, moment: str, step: int, scores: Mapping[str, Any]) -> None:
        """The policy is evaluated ``before`` or ``after`` RL, after ``step`` steps of all phases.

        ``scores`` are those of ``reference.evaluation.evaluate.evaluate_held_out``.
        """
        ...


class SilentObserver:
    """Ignores everything; for tests, library use, and as a base of observers of a part."""

    def phase(self, name: str, total: int, done: int) -> None:
        """Ignore."""

    def advance(self, **figures: float) -> None:
        """Ignore."""

    def metrics(self, line: Mapping[str, Any]) -> None:
        """Ignore."""

    def event(self, name: str, line: str) -> None:
        """Ignore."""

    def sample(self, line: Mapping[str, Any]) -> None:
        """Ignore."""

    def scores(self, moment: str, step: int, scores: Mapping[str, Any]) -> None:
        """Ignore."""


class WarningObserver(SilentObserver):
    """Turns what happens around a run into Python warnings: for library use without an observer.

    Events of its training are in ``metrics.jsonl``.
    """

    EVENTS = ("checkpoint_damaged", "software_differs", "run_not_locked")

    def event(self, name: str, line: str) -> None:
        """Warn."""
        if name in self.EVENTS:
            warnings.warn(line, stacklevel=2)


class SeveralObservers:
    """Tells everything to each of several observers, in their order."""

    def __init__(self, *observers: Observer) -> None:
        self.observers = observers

    def phase(self, name: str, total: int, done: int) -> None:
        """Pass on."""
        for observer in self.observers:
            observer.phase(name, total, done)

    def advance(self, **figures: float) -> None:
        """Pass on."""
        for observer in self.observers:
            observer.advance(**figures)

    def metrics(self, line: Mapping[str, Any]) -> None:
        """Pass on."""
        for observer in self.observers:
            observer.metrics(line)

    def event(self, name: str, line: str) -> None:
        """Pass on."""
        for observer in self.observers:
            observer.event(name, line)

    def sample(self, line: Mapping[str, Any]) -> None:
        """Pass on."""
        for observer in self.observers:
            observer.sample(line)

    def scores(self, moment: str, step: int, scores: Mapping[str, Any]) -> None:
        """Pass on."""
        for observer in self.observers:
            observer.scores(moment, step, scores)
