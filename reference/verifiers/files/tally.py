"""Counts of judgements per domain, and the accuracy of the judged ones with its interval.

    accuracy = correct / (correct + wrong)

An ``error`` is in neither number. Several responses to one problem count as related, see
``ratio_interval``; with one response per problem the interval is Wilson's.
"""

from collections import Counter
from dataclasses import dataclass, field

from seed.reference.evaluation.intervals import ratio_interval
from seed.spec.datatypes import Outcome


@dataclass(frozen=True)
class Rate:
    """A share of cases with its 95 % interval.

    With no case the share is None and the interval all of [0, 1].
    """

    hits: int
    cases: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """hits / cases."""
        return self.hits / self.cases if self.cases else None


class RateCounter:
    """Counts hits and cases, problem by problem."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.cases: Counter[str] = Counter()

    def add(self, problem: str, hit: bool) -> None:
        """Count one case."""
        self.cases[problem] += 1
        self.hits[problem] += hit

    def rate(self) -> Rate:
        """The share over all cases, and its interval clustered by problem."""
        problems = list(self.cases)
        hits = [self.hits[name] for name in problems]
        cases = [self.cases[name] for name in problems]
        return Rate(sum(hits), sum(cases), *ratio_interval(hits, cases))


@dataclass
class Row:
    """The counts of one domain."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    accuracy: RateCounter = field(default_factory=RateCounter)

    def add(self, problem: str, outcome: Outcome) -> None:
        """Count one line."""
        self.outcomes[outcome] += 1
        if outcome is not Outcome.ERROR:
            self.accuracy.add(problem, outcome is Outcome.CORRECT)


class Tally:
    """Rows by domain in the order of their first line, the row over all, reasons of errors."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.overall = Row()
        self.reasons: Counter[str] = Counter()

    def add(self, row: str, problem: str, outcome: Outcome, why: str) -> None:
        """Count one line."""
        for counted_row in (self.rows.setdefault(row, Row()), self.overall):
            counted_row.add(problem, outcome)
        if outcome is Outcome.ERROR:
            self.reasons[why] += 1
