"""The contract of a set of problems: what a run trains on and what it is evaluated on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from seed.spec.datatypes import Problem


@dataclass(frozen=True)
class Stratum:
    """The training problems of one domain at one level.

    Attributes:
        domain: The value of ``Problem.family``.
        level: The value of ``Problem.difficulty`` of what ``problem`` returns.
        share: Its share of the stream ``ProblemSource.training``, > 0; all shares add up to 1.
        returns: Whether its problems come up again, as those of a file do every epoch; drawn ones
            hardly do.
        problem: The problem at a place of its own endless stream: a pure function of the place.
    """

    domain: str
    level: int
    share: float
    returns: bool
    problem: Callable[[int], Problem]

    @property
    def name(self) -> str:
        """``maze/3``."""
        return f"{self.domain}/{self.level}"


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

    def strata(self) -> Sequence[Stratum]:
        """The same training problems by domain and level, for a distribution that adapts."""
        ...
