r"""Problems of our families in any text: found by wording, solved again by both solvers.

A text is one of ours if a wording fits it from end to end, blanks aside; numbers are read from the
text and never from what a file says about itself. A text that a model has rewritten is one of ours
if its record leads to the template's text and the checks of ``rewriting`` hold. Some well-known
questions in other people's words are in ``elsewhere``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from seed.reference.exams.catalogue import FAMILIES
from seed.reference.exams.elsewhere import elsewhere
from seed.reference.exams.family import MARK, Family, Wording
from seed.reference.exams.rewriting import failed_checks
from seed.reference.exams.structures import (
    COMPOSED,
    INVERTED,
    PLAIN,
    REMAINDER,
    SUM,
    UNKNOWN,
    VALUE,
    NoProblem,
    Part,
    Problem,
    defined,
    parameter_from,
    problem_of,
    question,
    solved,
    statement,
)

LINK = re.compile(
    r"Let \$K\$ be \$(\d+)\$ more than the remainder when \$N\$ is divided by \$(\d+)\$\."
)
RANGE = re.compile(r"There is exactly one integer \$t\$ with \$(\d+) \\le t \\le (\d+)\$ for which")
TARGET = re.compile(r" is equal to \$(?:\d+|\\frac\{\d+\}\{\d+\})\$\. Find \$t\$\.$")
FORMS = (VALUE, SUM, REMAINDER)
LONGEST = 8000
"""Characters of a statement that is compared with wordings."""


@dataclass(frozen=True)
class Recognised:
    """A text of a family, with the answers of both solvers.

    Attributes:
        families: Names, inner family first.
        structure: Of ``structures.STRUCTURES``.
        key: ``Problem.key``.
        exact, second: Answers; None where the solver finds none.
        fault: Why there is none.
    """

    families: tuple[str, ...]
    structure: str
    key: str
    exact: int | None
    second: int | None
    fault: str = ""


def recognised(text: str, provenance: Mapping[str, Any] | None = None) -> Recognised | None:
    """Find the family of a text and solve it; None if no wording fits.

    Args:
        text: A statement.
        provenance: What the file says of a rewritten text.
    """
    if len(text) > LONGEST:
        return None
    plain = " ".join(text.split())
    problem = problem_in(plain) or _rewritten(plain, provenance)
    in_range = problem is not None
    problem = problem or elsewhere(plain)
    if problem is None:
        return None
    names = tuple(part.family.name for part in problem.parts)
    if in_range and not all(part.family.valid(part.parameters) for part in problem.parts):
        why = "the numbers are outside of what the solvers are made for"
        return Recognised(names, problem.structure, problem.key(), None, None, why)
    try:
        exact, second = (
            solved(problem, which)
            for which in (lambda family: family.exact, lambda family: family.second)
        )
    except NoProblem as reason:
        return Recognised(names, problem.structure, problem.key(), None, None, str(reason))
    return Recognised(names, problem.structure, problem.key(), exact, second)


def problem_in(text: str) -> Problem | None:
    """The problem that a text with single blanks tells; None if no wording fits."""
    if link := LINK.search(text):
        return _composed(text[: link.start()].strip(), text[link.end() :].strip(), link)
    if TARGET.search(text) and (limits := RANGE.search(text)):
        return _inverted(text, int(limits[1]), int(limits[2]))
    for form in FORMS:
        if part := _matched(text, form, _plain_patterns):
            return Problem(PLAIN, part)
    return None


def _composed(before: str, after: str, link: re.Match[str]) -> Problem | None:
    inner = next((p for form in FORMS if (p := _matched(before, form, _inner_patterns))), None)
    outer = next((p for form in FORMS if (p := _matched(after, form, _outer_patterns))), None)
    if inner is None or outer is None:
        return None
    slot = outer.family.slot
    low, width = int(link[1]), int(link[2])
    if slot is None or (slot.low, slot.high) != (low, low + width - 1):
        return None
    if not inner.family.valid(inner.parameters):
        return None
    try:
        value = parameter_from(inner.answer(inner.family.exact), slot)
    except NoProblem:
        return None
    return Problem(COMPOSED, outer.changed(slot.name, value), inner)


def _inverted(text: str, low: int, high: int) -> Problem | None:
    for family in FAMILIES.values():
        slot = family.slot
        if slot is None or (slot.low, slot.high) != (low, high):
            continue
        for index, pattern in enumerate(_inverted_patterns(family)):
            if match := pattern.fullmatch(text):
                numbers = {name: int(number) for name, number in match.groupdict().items()}
                return _with_target(family, index, numbers, text)
    return None


def _with_target(
    family: Family, wording: int, numbers: dict[str, int], text: str
) -> Problem | None:
    """The inverted problem whose own text this is: the slot's value follows from the target."""
    assert family.slot is not None
    for value in range(family.slot.low, family.slot.high + 1):
        part = Part(family, numbers | {family.slot.name: value}, wording, VALUE)
        if family.valid(part.parameters) and statement(Problem(INVERTED, part)) == text:
            return Problem(INVERTED, part)
    return None


def _rewritten(text: str, provenance: Mapping[str, Any] | None) -> Problem | None:
    rewriting = (provenance or {}).get("rewriting")
    if provenance is None or not isinstance(rewriting, Mapping) or not rewriting.get("used"):
        return None
    try:
        problem = problem_of(provenance, FAMILIES)
        template = statement(problem)
        answer = solved(problem, lambda family: family.exact)
    except (KeyError, TypeError, IndexError, NoProblem):
        return None
    return None if any(failed_checks(template, text, answer)) else problem


Patterns = Callable[[Family, str], tuple[re.Pattern[str], ...]]


def _matched(text: str, form: str, patterns: Patterns) -> Part | None:
    """The part whose wording fits a text; a parameter that is a letter there is not yet known."""
    for family in FAMILIES.values():
        for index, pattern in enumerate(patterns(family, form)):
            if match := pattern.fullmatch(text):
                numbers = {name: int(number) for name, number in match.groupdict().items()}
                return Part(family, numbers, index, form)
    return None


@lru_cache(512)
def _plain_patterns(family: Family, form: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(one.setting, question(one.quantity, form)) for one in family.wordings)


@lru_cache(512)
def _inner_patterns(family: Family, form: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(one.setting, defined(one.quantity, form)) for one in family.wordings)


@lru_cache(512)
def _outer_patterns(family: Family, form: str) -> tuple[re.Pattern[str], ...]:
    told = _with_letter(family, "K")
    return tuple(_pattern(one.setting, question(one.quantity, form)) for one in told)


@lru_cache(256)
def _inverted_patterns(family: Family) -> tuple[re.Pattern[str], ...]:
    rest = re.compile(re.escape("\N{BULLET}"))
    patterns = []
    for one in _with_letter(family, UNKNOWN):
        start = _pattern(one.setting, f"\N{BULLET} {one.quantity} \N{BULLET}").pattern
        patterns.append(re.compile(rest.sub(".+?", start)))
    return tuple(patterns)


def _with_letter(family: Family, letter: str) -> Iterator[Wording]:
    """The wordings with a letter for the slot's parameter, other marks as they are."""
    if family.slot is None:
        return
    names = {name: f"<{name}>" for one in family.wordings for name in _marks(one)}
    for one in family.wordings:
        yield one.filled(names | {family.slot.name: letter})


def _marks(wording: Wording) -> list[str]:
    return MARK.findall(f"{wording.setting} {wording.quantity}")


def _pattern(*sentences: str) -> re.Pattern[str]:
    """What matches a text with any integers in place of its marks, equal ones for equal marks."""
    seen: set[str] = set()

    def group(mark: re.Match[str]) -> str:
        name = mark[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>\\d{{1,12}})"

    text = " ".join(filter(None, sentences))
    return re.compile(MARK.sub(group, re.escape(text).replace("\\<", "<").replace("\\>", ">")))
