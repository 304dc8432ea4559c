"""Rules on what models answered to a problem.

    too_simple         worst of N = 1: all of N answers are right
    suspect_reference  models disagree with the reference, and agree among themselves or needed
                       very few tokens: put aside for a person
    low_variance, low_difficulty, already_improved    prompts that no verifier decides, by scores

Source: Seed1.5-Thinking, section 2.1; the thresholds are ours. What "agree" means is our reading:
the share of the most frequent wrong answer among all judged ones.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, median, pstdev
from typing import Any

from seed.reference.cleaning.ours import rewritten
from seed.reference.cleaning.responses import Answers, Joined
from seed.reference.cleaning.settings import FilterSettings, SuspectReference
from seed.reference.cleaning.stage import Change, Decision, Drop, PutAside, Record
from seed.reference.data.messages import Unusable
from seed.spec.errors import Reason, SeedError
from seed.spec.text_files import read_text

ASIDE = ("suspect_reference", "suspectly_quick")
"""Rules that ask a person."""
CHOICES = ("keep", "drop", "replace")
Decisions = Mapping[str, Mapping[str, Any]]


class ModelAnswers:
    """Drops or puts aside rows by what models answered; rows without answers stay."""

    def __init__(
        self, joined: Joined, settings: FilterSettings, decisions: Decisions | None = None
    ) -> None:
        """Prepare the rules.

        Args:
            joined: Answers of the rows.
            settings: Thresholds.
            decisions: Of a person, by id; see ``read_decisions``.
        """
        self._joined, self._decisions = joined, decisions or {}
        self._rules = [
            (name, getattr(settings, name), check)
            for name, check in CHECKS.items()
            if getattr(settings, name).enabled
        ]
        self.rules = (*(name for name, _, _ in self._rules), "person_dropped", "person_replaced")

    def __call__(self, record: Record) -> Decision:
        """Decide on a row."""
        answers = self._joined.of(record)
        if answers is None:
            return None
        for name, rule, check in self._rules:
            if record.domain in rule.domains and (reason := check(answers, rule)):
                if name in ASIDE:
                    return self._aside(record, name, reason, answers)
                return Drop(name, reason, answers.as_json())
        return None

    def _aside(self, record: Record, name: str, reason: str, answers: Answers) -> Decision:
        """Put a row aside, or do what a person has decided."""
        decided = self._decisions.get(record.id)
        if decided is None:
            return PutAside(name, reason, answers.as_json())
        if decided["decision"] == "drop":
            return Drop("person_dropped", f"{name}: {reason}", answers.as_json())
        if decided["decision"] == "replace":
            try:
                new = rewritten(record, record.statement, decided["reference"])
            except Unusable as why:
                line = f"decision on id={record.id!r}: {why}"
                raise SeedError(Reason.ILLEGAL_VALUE, line) from None
            return Change("person_replaced", new)
        return None


def too_simple(answers: Answers, rule: Any) -> str:
    """Every judged answer is right."""
    if answers.judged < rule.min_samples or answers.wrong:
        return ""
    return f"all of {answers.correct} answers are right"


def too_hard(answers: Answers, rule: Any) -> str:
    """No judged answer is right."""
    if answers.judged < rule.min_samples or answers.correct:
        return ""
    return f"none of {answers.wrong} answers is right"


def suspect_reference(answers: Answers, rule: SuspectReference) -> str:
    """Models disagree with the reference, and agree or were quick."""
    judged = answers.judged
    if judged < rule.min_samples or answers.correct > rule.max_accuracy * judged:
        return ""
    found = f"{answers.correct} of {judged} answers are right"
    if answers.wrong_answers:
        answer, count = _most_frequent(answers)
        if count >= rule.majority * judged:
            return f"{found}, {count} are {answer!r}"
    quick = suspectly_few(answers, rule)
    return f"{found}, {quick}" if quick else ""


def suspectly_quick(answers: Answers, rule: SuspectReference) -> str:
    """Most answers are right, with very few tokens."""
    if answers.judged < rule.min_samples or answers.correct * 2 <= answers.judged:
        return ""
    return suspectly_few(answers, rule)


def suspectly_few(answers: Answers, rule: SuspectReference) -> str:
    """Half of the answers took fewer tokens than the threshold."""
    if len(answers.tokens) < rule.min_samples or median(answers.tokens) >= rule.few_tokens:
        return ""
    return f"the median of tokens is {median(answers.tokens):g}"


def low_variance(answers: Answers, rule: Any) -> str:
    """Scores that hardly differ: little to learn."""
    if len(answers.scores) < rule.min_samples:
        return ""
    deviation = pstdev(answers.scores)
    return f"standard deviation {deviation:.4g}" if deviation < rule.min_deviation else ""


def low_difficulty(answers: Answers, rule: Any) -> str:
    """A high mean score."""
    if len(answers.scores) < rule.min_samples or fmean(answers.scores) <= rule.max_mean:
        return ""
    return f"mean score {fmean(answers.scores):.4g}"


def already_improved(answers: Answers, rule: Any) -> str:
    """A score that an earlier run has raised."""
    if answers.before is None or answers.after is None:
        return ""
    gain = answers.after - answers.before
    return f"improved by {gain:.4g}" if gain > rule.max_improvement else ""


CHECKS: Mapping[str, Callable[[Answers, Any], str]] = {
    "too_simple": too_simple,
    "suspect_reference": suspect_reference,
    "suspectly_quick": suspectly_quick,
    "too_hard": too_hard,
    "low_variance": low_variance,
    "low_difficulty": low_difficulty,
    "already_improved": already_improved,
}
"""Rules in the order in which they are applied; ``suspectly_quick`` after ``too_simple``."""


def read_decisions(path: Path) -> dict[str, dict[str, Any]]:
    """What a person has decided: lines {"id", "decision": keep | drop | replace, "reference"?}.

    Raises:
        SeedError: UNREADABLE_FILE, ILLEGAL_VALUE.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        place = f"{path} line {number}"
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError:
            raise SeedError(Reason.UNREADABLE_FILE, f"{place} is not JSON") from None
        if not isinstance(fields, dict) or not isinstance(fields.get("id"), str):
            raise SeedError(Reason.UNREADABLE_FILE, f"{place}: id is missing")
        decision, reference = fields.get("decision"), fields.get("reference")
        if decision not in CHOICES:
            line = f"{place}: decision={decision!r} must be one of {', '.join(CHOICES)}"
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        if decision == "replace" and not (isinstance(reference, str) and reference.strip()):
            raise SeedError(Reason.ILLEGAL_VALUE, f"{place}: reference is missing")
        if found.get(fields["id"], fields) != fields:
            raise SeedError(Reason.ILLEGAL_VALUE, f"{place}: id={fields['id']!r} is decided twice")
        found[fields["id"]] = fields
    return found


def _most_frequent(answers: Answers) -> tuple[str, int]:
    """The most frequent wrong answer; of equally frequent ones the first in order of text."""
    return min(answers.wrong_answers.items(), key=lambda one: (-one[1], one[0]))
