"""``seed data clean``: the rules on statements and reference answers as one stage."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from seed.reference.cleaning import statements
from seed.reference.cleaning.settings import CleanSettings, Rule
from seed.reference.cleaning.stage import Decision, Drop, Record
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

Check = Callable[[Record], str]

PROBE = r"\boxed{-7919.5}"
"""An answer that no reference has: to judge it, a reference must be read."""
NO_ANSWER = ("reference is empty", "solution has no final answer, such as a box")
"""What the schemas say of a row without a reference."""
PLAIN_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?")
FIGURE_CODE = re.compile(r"\[asy\].{0,9000}?\[/asy\]", re.DOTALL)
TOLD = re.compile(
    r"\b(?:answer|ans|solution)\s*(?::|=|\bis\b)\s*\$?(?:\\boxed\{)?([^\s$}]+)"
    r"|\\boxed\{([^}]*)\}",
    re.IGNORECASE,
)


class Clean:
    """Rules on statements and references, the first that finds something drops the row.

    Attributes:
        rules: Their names, as in ``CleanSettings``; ``unreadable`` besides.
    """

    def __init__(self, settings: CleanSettings) -> None:
        self._settings = settings
        self._checks = [(name, rule, check) for name, rule, check in self._all() if rule.enabled]
        self.rules = ("unreadable", *(name for name, _, _ in self._checks))

    def __call__(self, record: Record) -> Decision:
        """Drop a row that breaks a rule."""
        if record.read is None:
            return Drop(*self._unread(record.fault))
        domain = record.domain
        for name, rule, check in self._checks:
            if domain in rule.domains and (reason := check(record)):
                return Drop(name, reason)
        return None

    def _unread(self, fault: str) -> tuple[str, str]:
        """The rule of a row that no schema reads."""
        if fault == "the problem is empty" and "empty" in self.rules:
            return "empty", fault
        is_missing = fault in NO_ANSWER and "answer_missing" in self.rules
        return (
            "answer_missing" if is_missing and "answer_missing" in self.rules else "unreadable"
        ), fault

    def _all(self) -> Iterator[tuple[str, Rule, Check]]:
        s = self._settings
        shortest, longest = s.empty.min_characters, s.too_long.max_characters
        language, figure, parts = s.foreign_language, s.missing_figure, s.several_questions
        letters = s.answer_unreadable.max_characters
        copied = s.answer_in_statement.min_characters
        checks: dict[str, Check] = {
            "empty": lambda record: too_short(record.statement, shortest),
            "too_long": lambda record: too_long(record.statement, longest),
            "link": lambda record: statements.link(record.statement),
            "foreign_language": lambda record: statements.foreign_language(
                record.statement, language.max_share, language.min_words, language.margin
            ),
            "missing_figure": lambda record: statements.missing_figure(
                record.statement, figure.code_is_figure
            ),
            "incomplete": lambda record: statements.incomplete(record.statement),
            "broken_notation": lambda record: statements.broken_notation(record.statement),
            "proof": lambda record: statements.proof(record.statement),
            "yes_no": lambda record: statements.yes_no(record.statement, record.reference),
            "multiple_choice": lambda record: statements.multiple_choice(record.statement),
            "several_questions": lambda record: statements.several_questions(
                record.statement, parts.max_questions
            ),
            "no_question": lambda record: statements.no_question(record.statement),
            "answer_missing": answer_missing,
            "answer_unreadable": lambda record: answer_unreadable(record.reference, letters),
            "answer_in_statement": lambda record: answer_in_statement(
                record.statement, record.reference, copied
            ),
        }
        for name in CleanSettings.model_fields:
            yield name, getattr(s, name), checks[name]


def too_short(text: str, least: int) -> str:
    """Fewer characters than a statement needs."""
    length = len(text.strip())
    return f"{length} characters, at least {least}" if length < least else ""


def too_long(text: str, most: int) -> str:
    """More characters than a statement may have."""
    return f"{len(text)} characters, at most {most}" if len(text) > most else ""


def answer_missing(record: Record) -> str:
    """No reference, and no domain that does without one."""
    return "" if record.fields.get("domain") == "custom" else "there is nothing to compare with"


@lru_cache(1 << 16)
def answer_unreadable(reference: str, most: int) -> str:
    """What our verifier of mathematics says of a reference that it cannot compare with."""
    if PLAIN_NUMBER.fullmatch(reference):
        return ""
    if len(reference) > most:
        return f"{len(reference)} characters, at most {most}"
    verdict = verify(Item(id="", domain="math", problem="", response=PROBE, reference=reference))
    if verdict.outcome is not Outcome.ERROR:
        return ""
    return verdict.why.partition(": ")[2] if verdict.why.startswith("last box: ") else verdict.why


def answer_in_statement(statement: str, reference: str, least: int) -> str:
    """The answer stands in the statement: as ``answer: …``, or as a number or text of its own."""
    answer = reference.strip().strip("$").strip()
    if not answer:
        return ""
    if answer not in statement:
        return ""
    for found in TOLD.finditer(statement):
        if (found[1] or found[2] or "").strip(".,;\\)") == answer:
            return f"{found[0].strip()!r}"
    statement = FIGURE_CODE.sub(" ", statement) if "[asy]" in statement else statement
    if len(answer) < least or statements.options_of(statement):
        return ""
    if re.search(rf"(?<![\w.^\\]){re.escape(answer)}(?![\w^]|[.,]\d)", statement):
        return f"the answer {answer[:40]!r} is in the statement"
    return ""
