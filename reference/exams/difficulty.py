"""Difficulty as models have it: the share of correct responses to a problem, with its interval.

Source: the folders of ``seed eval``. A problem is found by its statement, spelling aside; a built
one also by its id, which it keeps when a model rewrites it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed.reference.evaluation.folder import Folder
from seed.reference.evaluation.intervals import clustered_interval
from seed.reference.exams.candidates import ID_PREFIX
from seed.reference.exams.overlap import words_of
from seed.spec.datatypes import Outcome


@dataclass(frozen=True)
class SolveRate:
    """How often one policy solves one problem.

    Attributes:
        policy: Its name.
        correct, judged: Responses.
    """

    policy: str
    correct: int
    judged: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the probability that a response is correct."""
        outcomes = [1.0] * self.correct + [0.0] * (self.judged - self.correct)
        return clustered_interval(outcomes, 1)

    def as_json(self) -> dict[str, Any]:
        """Counts, rate and interval."""
        low, high = self.interval
        return {
            "policy": self.policy,
            "correct": self.correct,
            "judged": self.judged,
            "rate": self.correct / self.judged,
            "low": low,
            "high": high,
        }


class Difficulty:
    """Solve rates of problems."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read evaluations.

        Raises:
            SeedError: UNREADABLE_FILE.
        """
        self.policies: list[str] = []
        self._rates: dict[tuple[str, ...], list[SolveRate]] = {}
        self._by_id: dict[str, list[SolveRate]] = {}
        for path in folders:
            self._read(Folder.read(path))

    def of(self, text: str, identity: str) -> list[SolveRate]:
        """The solve rates of a problem, one for each policy that answered it."""
        by_id = self._by_id.get(identity, []) if identity.startswith(ID_PREFIX) else []
        return self._rates.get(words_of(text), by_id)

    def solved_too_often(self, text: str, identity: str, share: float) -> bool:
        """Whether some policy solves it more often than a share, with 95 % confidence."""
        return any(rate.interval[0] > share for rate in self.of(text, identity))

    def _read(self, folder: Folder) -> None:
        policy = policy_name(folder)
        self.policies.append(policy)
        outcomes: dict[str, list[bool]] = {}
        for (key, _), verdict in sorted(folder.verdicts.items()):
            if verdict["verdict"] in (Outcome.CORRECT, Outcome.WRONG):
                outcomes.setdefault(key, []).append(verdict["verdict"] == Outcome.CORRECT)
        for key, marks in outcomes.items():
            rate = SolveRate(policy, sum(marks), len(marks))
            question = folder.questions[key]
            self._rates.setdefault(words_of(question.problem), []).append(rate)
            self._by_id.setdefault(question.id, []).append(rate)


def policy_name(folder: Folder) -> str:
    """What a person calls the policy of an evaluation."""
    policy = folder.record["policy"]
    if policy["kind"] == "server":
        return str(policy["model"])
    return Path(str(policy.get("file") or policy.get("path"))).name
