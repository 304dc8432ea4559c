"""What is wrong with a set of problems: every rule of this package on every row of any file."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from seed.reference.exams.answer_rules import (
    GUESS_SHARE,
    GUESSABLE,
    IN_STATEMENT,
    NOT_AN_INTEGER,
    ONE_STEP,
    SMALL,
    broken_answer_rules,
    integer_of,
    most_common,
)
from seed.reference.exams.build import TOO_OFTEN
from seed.reference.exams.candidates import baseline
from seed.reference.exams.difficulty import Difficulty, SolveRate
from seed.reference.exams.known import KnownProblems, is_known
from seed.reference.exams.overlap import NEAR_SHARE, KnownTexts, without_numbers, words_of
from seed.reference.exams.problem_sets import ProblemSet, SetRow
from seed.reference.exams.reading import ACCEPTED, REJECTED, UNREADABLE, reading_faults
from seed.reference.exams.recognition import Recognised, recognised
from seed.reference.exams.statement_rules import (
    EMPTY,
    FIGURE,
    FOREIGN,
    LINK,
    NO_QUESTION,
    PROOF,
    SEVERAL,
    UNBALANCED,
    UNFINISHED,
    statement_defects,
)
from seed.reference.exams.structures import INVERTED

UNUSABLE = "unusable-row"
WRONG_ANSWER = "solvers-disagree-with-the-answer"
DUPLICATE, RENUMBERED, NEAR = "duplicate", "renumbered", "near-duplicate"
OVERLAP = "overlap"
SAME_ID = "id-used-twice"

RULES = {
    UNUSABLE: "the row is no problem that a verifier can judge",
    WRONG_ANSWER: "a family of ours fits, and its two solvers find another answer, or none",
    DUPLICATE: "an earlier row has the same words",
    RENUMBERED: "an earlier row has the same words with other numbers",
    NEAR: "an earlier row has nearly the same words (Jaccard similarity of 8-grams >= 0.7)",
    SAME_ID: "an earlier row has the same id",
    OVERLAP: "a problem of a known set has half of the 8-grams or more",
    EMPTY: "there is no statement",
    FIGURE: "the statement points to a figure that is not there",
    NO_QUESTION: "nothing is asked",
    UNFINISHED: "the statement ends in the middle of a sentence",
    SEVERAL: "more than one question",
    PROOF: "a proof, or a question with the answer yes or no",
    LINK: "the statement needs the web",
    UNBALANCED: "a formula is broken",
    FOREIGN: "characters of another script, such as a full-width point",
    NOT_AN_INTEGER: "the answer is no integer",
    IN_STATEMENT: "the answer is a number of the statement",
    ONE_STEP: "one operation on one or two numbers of the statement gives the answer",
    SMALL: "the answer is -2 to 2",
    GUESSABLE: "more than 5 % of the family's problems have this answer",
    UNREADABLE: "our verifier cannot read the reference answer",
    REJECTED: "our verifier rejects the reference answer in a usual form",
    ACCEPTED: "our verifier accepts another integer for the reference answer",
    TOO_OFTEN: "a given model solves it too often",
}
"""Name -> meaning, in the order of the tables."""


@dataclass(frozen=True)
class Finding:
    """A rule that a row breaks."""

    rule: str
    detail: str


@dataclass(frozen=True)
class AuditedRow:
    """A row with what was found.

    Attributes:
        row: The row.
        findings: Rules that it breaks, in the order of ``RULES``.
        solved: The family that fits and its answers; None if none fits.
        closest: Closest known problem and overlap.
        rates: Solve rates of given models.
    """

    row: SetRow
    findings: tuple[Finding, ...]
    solved: Recognised | None
    closest: tuple[str, float]
    rates: tuple[SolveRate, ...]

    def as_json(self) -> dict[str, Any]:
        """All but the statement."""
        solved = self.solved
        return {
            "id": self.row.id,
            "line": self.row.line,
            "answer": self.row.answer,
            "findings": [{"rule": one.rule, "detail": one.detail} for one in self.findings],
            "family": " -> ".join(solved.families) if solved else None,
            "solvers": [solved.exact, solved.second] if solved else None,
            "closest": {"problem": self.closest[0], "overlap": round(self.closest[1], 4)},
            "solve_rates": [rate.as_json() for rate in self.rates],
        }


@dataclass
class AuditedSet:
    """A set with what was found.

    Attributes:
        problems: The set.
        rows: In its order.
    """

    problems: ProblemSet
    rows: list[AuditedRow] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Rule -> rows that break it, for rules that some row breaks."""
        counts = Counter(one.rule for row in self.rows for one in row.findings)
        return {rule: counts[rule] for rule in RULES if counts[rule]}

    @property
    def flagged(self) -> list[AuditedRow]:
        """Rows that break a rule."""
        return [row for row in self.rows if row.findings]

    @property
    def solved(self) -> list[AuditedRow]:
        """Rows that a family of ours fits."""
        return [row for row in self.rows if row.solved]

    @property
    def guess(self) -> tuple[str, float]:
        """The most common answer and the share of rows that it is right for."""
        answers = [row.row.answer for row in self.rows if row.row.answer]
        answer, count = most_common(answers)
        return answer, count / len(answers) if answers else 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything but the statements."""
        answer, share = self.guess
        confirmed = sum(is_confirmed(row) for row in self.rows)
        return {
            "name": self.problems.name,
            "sha256": self.problems.sha256,
            "problems": len(self.rows),
            "left_out": dict(self.problems.left_out),
            "with_findings": len(self.flagged),
            "counts": self.counts,
            "of_a_family": len(self.solved),
            "confirmed_by_both_solvers": confirmed,
            "most_common_answer": {"answer": answer, "share": round(share, 4)},
            "rows": [row.as_json() for row in self.rows],
        }


def is_confirmed(row: AuditedRow) -> bool:
    """Whether both solvers of a family find the reference answer."""
    value = integer_of(row.row.answer)
    solved = row.solved
    return solved is not None and value is not None and solved.exact == solved.second == value


def audit_set(
    problems: ProblemSet,
    known: KnownProblems,
    difficulty: Difficulty,
    too_often: float,
    advanced: Callable[[], None] = lambda: None,
) -> AuditedSet:
    """Apply every rule to every row.

    Args:
        problems: The set.
        known: Problems of other sets.
        difficulty: Solve rates.
        too_often: Solve rate above which a problem is too easy.
        advanced: Is called after every row.
    """
    audited, earlier = AuditedSet(problems), Earlier()
    for row in problems.rows:
        solved = recognised(row.text, row.provenance) if row.text else None
        closest = known.closest(row.text, solved.key if solved else "") if row.text else ("", 0.0)
        rates = tuple(difficulty.of(row.text, row.id))
        found = [
            *_of_row(row, solved),
            *earlier.repeated(row),
            *_of_known(closest),
            *(Finding(TOO_OFTEN, _rate_text(r)) for r in rates if r.interval[0] > too_often),
        ]
        order = list(RULES)
        found.sort(key=lambda finding: order.index(finding.rule))
        audited.rows.append(AuditedRow(row, tuple(found), solved, closest, rates))
        advanced()
    return audited


def _of_row(row: SetRow, solved: Recognised | None) -> Iterator[Finding]:
    yield from (Finding(*one) for one in statement_defects(row.text))
    if row.fault:
        yield Finding(UNUSABLE, row.fault)
        return
    yield from (Finding(*one) for one in broken_answer_rules(row.text, row.answer))
    yield from (Finding(*one) for one in reading_faults(row.text, row.answer))
    if solved is not None:
        yield from _of_solvers(row, solved)


def _of_solvers(row: SetRow, solved: Recognised) -> Iterator[Finding]:
    if solved.exact is None:
        yield Finding(WRONG_ANSWER, f"{solved.families[-1]}: {solved.fault}")
    elif integer_of(row.answer) != solved.exact or solved.exact != solved.second:
        found = f"{solved.families[-1]}: the solvers find {solved.exact} and {solved.second}"
        yield Finding(WRONG_ANSWER, found)
    if solved.structure != INVERTED and row.answer == baseline(solved.families[-1]):
        yield Finding(GUESSABLE, f"most common answer of {solved.families[-1]}")


def _of_known(closest: tuple[str, float]) -> Iterator[Finding]:
    name, share = closest
    if is_known(share):
        yield Finding(OVERLAP, f"{100 * share:.0f} % of the 8-grams with {name}")


def _rate_text(rate: SolveRate) -> str:
    low, high = rate.interval
    bounds = f"[{100 * low:.0f}, {100 * high:.0f}] %"
    return f"{rate.policy}: {rate.correct} of {rate.judged}, {bounds}"


class Earlier:
    """The rows of a set so far."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._words: dict[tuple[str, ...], str] = {}
        self._blank: dict[tuple[str, ...], str] = {}
        self._texts = KnownTexts()

    def repeated(self, row: SetRow) -> list[Finding]:
        """How a row repeats an earlier one; it then is an earlier one itself."""
        found = [Finding(SAME_ID, f"id {row.id[:60]}")] if row.id in self._ids else []
        if row.text.strip():
            found += [repeat] if (repeat := self._closest(row.text)) else []
            words = words_of(row.text)
            self._words.setdefault(words, row.id)
            self._blank.setdefault(without_numbers(words), row.id)
            self._texts.add(row.id, row.text)
        self._ids.add(row.id)
        return found

    def _closest(self, text: str) -> Finding | None:
        words = words_of(text)
        if words in self._words:
            return Finding(DUPLICATE, f"of {self._words[words]}")
        if without_numbers(words) in self._blank:
            return Finding(RENUMBERED, f"from {self._blank[without_numbers(words)]}")
        name, share = self._texts.most_alike(text)
        detail = f"of {name}, similarity {100 * share:.0f} %"
        return Finding(NEAR, detail) if share >= NEAR_SHARE else None


def total_counts(sets: Sequence[AuditedSet]) -> dict[str, int]:
    """Rule -> rows of all sets that break it."""
    counts = Counter[str]()
    for one in sets:
        counts += Counter(one.counts)
    return {rule: counts[rule] for rule in RULES if counts[rule]}


def share_guessable(audited: AuditedSet) -> bool:
    """Whether one answer is right for more rows than a guesser should get."""
    return audited.guess[1] > GUESS_SHARE
