"""The contract of a set of problems: what a run trains on and what it is evaluated on."""

from typing import Protocol

from seed.spec.datatypes import Problem


class ProblemSource(Protocol):
    """Problems of two splits that have none in common.

    Attributes:
        groups: Names that accuracy is reported by, the values of ``Problem.family``.
    """

    @property
    def groups(self) -> tuple[str, ...]:
        """Names that accuracy is reported by, in order."""
        ...

    def training(self, index: int) -> Problem:
        """One problem of the endless stream of training problems.

        It is a pure function of the index, so a resumed run goes on exactly where it stood.

        Args:
            index: Place in the stream, >= 0.
        """
        ...

    def held_out(self) -> list[Problem]:
        """The held-out problems, all distinct, ordered by group."""
        ...

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """What SFT teaches: training problems, each with the text of a correct response."""
        ...
