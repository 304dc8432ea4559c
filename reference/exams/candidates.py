"""One candidate for a place in a set: drawn, solved twice, checked by the rules, certified.

A candidate is a pure function of (seed, place, attempt), so a set does not depend on the number of
processes that search for it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

from seed.reference.exams.answer_rules import GUESS_SHARE, GUESSABLE, broken_answer_rules
from seed.reference.exams.catalogue import FAMILIES
from seed.reference.exams.family import Family, Random, Slot, integer
from seed.reference.exams.reading import reading_faults
from seed.reference.exams.statement_rules import statement_defects
from seed.reference.exams.structures import (
    COMPOSED,
    INVERTED,
    PLAIN,
    VALUE,
    NoProblem,
    Part,
    Problem,
    fitting,
    form_of,
    formed,
    letters,
    parameter_from,
    solved,
    statement,
)
from seed.spec.philox import generator

PURPOSE = "exams"
FIRST = "composed, this family first"
"""A composed problem in which the family of the place is the inner one."""
ID_PREFIX = "exam-"
ID_DIGITS = 12
TRIES = 50
"""Attempts of a place with one structure and wording before it tries others."""
BASELINE_DRAWS = 64
"""Problems of a family from which its most common answer is known."""
CHANGES = (1, -1, 2, -2, 3, -3, 5, -5, 7, 11)
"""What is added to a parameter, in this order, until the answer changes."""
HARDEST = 3

DISAGREE = "solvers-disagree"
NO_PERTURBATION = "no-perturbation"
CHECKS = (
    "both solvers agree",
    "integer answer",
    "answer not in the statement, not one step from its numbers, not small",
    "not the most common answer of its family",
    "another number in the text gives another answer",
    "no defect of the statement",
    "our verifier reads the answer in every usual form and rejects others",
)
"""What every accepted candidate has passed."""


@dataclass(frozen=True)
class Place:
    """A place of a set: what kind of problem it wants.

    Attributes:
        seed: Of the set.
        number: Of the place, from 0.
        family: Name of the family.
        kinds: Structure (of ``structures.STRUCTURES``, or ``FIRST``) and index of the wording, in
            the order in which they are tried.
    """

    seed: int
    number: int
    family: str
    kinds: tuple[tuple[str, int], ...]

    def kind(self, attempt: int) -> tuple[str, int]:
        """Structure and wording of an attempt."""
        return self.kinds[attempt // TRIES % len(self.kinds)]

    @property
    def area(self) -> str:
        """Of the family."""
        return FAMILIES[self.family].area


@dataclass(frozen=True)
class Candidate:
    """A problem that passed every rule that looks at it alone.

    Attributes:
        place: What it was made for.
        attempt: How many candidates for the place came before.
        problem: Structure and parameters.
        text: Statement.
        answer: By the exact solvers.
        certificate: What was proven.
    """

    place: Place
    attempt: int
    problem: Problem
    text: str
    answer: int
    certificate: dict[str, Any]

    @property
    def id(self) -> str:
        """Follows from the template's text: equal in every set that holds the problem."""
        return f"{ID_PREFIX}{sha256(self.text.encode()).hexdigest()[:ID_DIGITS]}"

    @property
    def level(self) -> int:
        """The family's level, one more where the structure adds a step; at most ``HARDEST``."""
        levels = (part.family.level for part in self.problem.parts)
        return min(max(levels) + (self.problem.structure != PLAIN), HARDEST)


def candidate(place: Place, attempt: int) -> Candidate | str:
    """The candidate of an attempt, or the name of the rule that rejects it."""
    random = generator(place.seed, PURPOSE, place.number, attempt)
    try:
        problem = drawn(random, FAMILIES[place.family], *place.kind(attempt))
        answer = solved(problem, lambda family: family.exact)
        text = statement(problem)
        for rule, _ in _faults(problem, text, answer):
            return rule
        certificate = certified(problem, answer, random)
    except NoProblem as reason:
        return str(reason)
    return Candidate(place, attempt, problem, text, answer, certificate)


def drawn(random: Random, family: Family, structure: str, wording: int) -> Problem:
    """A problem of a kind.

    Raises:
        NoProblem: The parameters do not suit.
    """
    own = Part(family, _parameters(random, family), wording, VALUE)
    if structure == PLAIN:
        return Problem(PLAIN, replace(own, form=form_of(family.exact(own.parameters))))
    if structure == INVERTED:
        slot = slot_of(family)
        own = own.changed(slot.name, integer(random, slot.low, slot.high))
        if not family.valid(own.parameters):
            raise NoProblem("illegal-parameters")
        return Problem(INVERTED, own)
    is_inner = structure == FIRST
    others = [one for one in FAMILIES.values() if one is not family and (one.slot or not is_inner)]
    other = others[integer(random, 0, len(others) - 1)]
    which = integer(random, 0, len(other.wordings) - 1)
    partner = Part(other, _parameters(random, other), which, VALUE)
    return _composed(own, partner) if is_inner else _composed(partner, own)


def _composed(inner: Part, outer: Part) -> Problem:
    """The two parts as one problem, with the forms that their values need."""
    wordings = [part.family.wordings[part.wording] for part in (inner, outer)]
    if letters(wordings[0]) & letters(wordings[1]):
        raise NoProblem("same-letter-twice")
    value = inner.family.exact(inner.parameters)
    inner = replace(inner, form=form_of(value))
    slot = slot_of(outer.family)
    outer = outer.changed(slot.name, parameter_from(formed(value, inner.form), slot))
    if not outer.family.valid(outer.parameters):
        raise NoProblem("illegal-parameters")
    outer = replace(outer, form=form_of(outer.family.exact(outer.parameters)))
    return Problem(COMPOSED, outer, inner)


def slot_of(family: Family) -> Slot:
    """The slot of a family that has one."""
    assert family.slot is not None, family.name
    return family.slot


def _parameters(random: Random, family: Family) -> dict[str, int]:
    parameters = family.draw(random)
    if not family.valid(parameters):
        raise NoProblem("illegal-parameters")
    return parameters


def _faults(problem: Problem, text: str, answer: int) -> Iterator[tuple[str, str]]:
    yield from broken_answer_rules(text, str(answer))
    if problem.structure != INVERTED and str(answer) == baseline(problem.part.family.name):
        yield GUESSABLE, f"{answer} is the most common answer of {problem.part.family.name}"
    yield from statement_defects(text)
    yield from reading_faults(text, str(answer))


@lru_cache(256)
def baseline(name: str) -> str:
    """The answer that a guesser gives to a family; empty if it is rarely right.

    It is the most common answer of ``BASELINE_DRAWS`` problems if more than ``GUESS_SHARE`` of them
    have it.
    """
    family, counts = FAMILIES[name], Counter[int]()
    for number in range(BASELINE_DRAWS):
        parameters = family.draw(generator(0, PURPOSE, "baseline", name, number))
        if family.valid(parameters):
            value = family.exact(parameters)
            try:
                counts[formed(value, form_of(value))] += 1
            except NoProblem:
                continue
    answer, count = max(counts.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
    return str(answer) if count > GUESS_SHARE * BASELINE_DRAWS else ""


def certified(problem: Problem, answer: int, random: Random) -> dict[str, Any]:
    """The certificate of an answer.

    Raises:
        NoProblem: The second solvers do not agree, or no change of a number changes the answer.
    """
    second = solved(problem, lambda family: family.second)
    if second != answer:
        raise NoProblem(DISAGREE)
    return {
        "exact": {"answer": answer, "method": methods(problem, 0)},
        "second": {"answer": second, "method": methods(problem, 1)},
        "uniqueness": uniqueness(problem),
        "perturbation": perturbation(problem, answer, random),
        "checks": list(CHECKS),
    }


def methods(problem: Problem, which: int) -> str:
    """What the exact (0) or second (1) solvers of a problem do."""
    texts = [part.family.methods[which] for part in problem.parts]
    if problem.structure == INVERTED:
        return f"{texts[0]}, for every t"
    return ", then ".join(texts)


def uniqueness(problem: Problem) -> dict[str, Any] | None:
    """How many objects fit where the statement asks for the one that does; None elsewhere.

    Raises:
        NoProblem: Not exactly one.
    """
    part = problem.part
    if problem.structure == INVERTED:
        slot = slot_of(part.family)
        counts = [
            len(fitting(part, slot, solver)) for solver in (part.family.exact, part.family.second)
        ]
        what = f"integers t from {slot.low} to {slot.high} that fit, by both solvers"
    else:
        counts = [count(part.parameters) for part in problem.parts if (count := part.family.count)]
        what = "objects that fit"
        if not counts:
            return None
    if set(counts) != {1}:
        raise NoProblem("not-unique")
    return {"asked": what, "count": 1}


def perturbation(problem: Problem, answer: int, random: Random) -> dict[str, Any]:
    """The same text with one number changed, whose answer both solvers find to be another one.

    Raises:
        NoProblem: There is none.
    """
    for index, name in _changeable(problem, random):
        for change in CHANGES:
            other = _changed(problem, index, name, change)
            if not all(part.family.valid(part.parameters) for part in other.parts):
                continue
            try:
                answers = {
                    solved(other, which)
                    for which in (lambda family: family.exact, lambda family: family.second)
                }
            except NoProblem:
                continue
            if len(answers) == 1 and answer not in answers:
                part = problem.parts[index]
                before = part.parameters[name]
                return {
                    "family": part.family.name,
                    "parameter": name,
                    "from": before,
                    "to": before + change,
                    "answer": answers.pop(),
                    "problem": statement(other),
                }
    raise NoProblem(NO_PERTURBATION)


def _changeable(problem: Problem, random: Random) -> list[tuple[int, str]]:
    """Part and name of each parameter that stands in the text, in random order."""
    last = len(problem.parts) - 1
    slot = problem.part.family.slot
    replaced = slot.name if slot and problem.structure == COMPOSED else ""
    names = [
        (index, name)
        for index, part in enumerate(problem.parts)
        for name in sorted(part.parameters)
        if not (index == last and name == replaced)
    ]
    return [names[place] for place in random.permutation(len(names))]


def _changed(problem: Problem, index: int, name: str, change: int) -> Problem:
    part = problem.parts[index]
    part = part.changed(name, part.parameters[name] + change)
    if index == len(problem.parts) - 1:
        return Problem(problem.structure, part, problem.inner)
    return Problem(problem.structure, problem.part, part)
