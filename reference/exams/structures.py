r"""The three structures of a problem: plain, inverted, composed.

The answer is a function of the parameters alone, computed by both solvers of every family in it:

    plain     form(value)
    inverted  the one t in the slot's range with value(t) = V
    composed  N = form(value of the inner family); K = low + N mod (high - low + 1);
              form(value of the outer family with K in its slot)

``form`` makes an integer of a value: a count as it is, a fraction m/n in lowest terms as m + n, a
large count as its remainder modulo 1000.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from seed.reference.exams.family import MARK, Family, Parameters, Slot, Solver, Value, Wording

PLAIN, INVERTED, COMPOSED = "plain", "inverted", "composed"
STRUCTURES = (PLAIN, INVERTED, COMPOSED)
VALUE, SUM, REMAINDER = "value", "numerator plus denominator", "remainder"
MODULUS = 1000
LARGE = 10**8
"""A count from here on is asked for modulo ``MODULUS``."""
COUNTED, RATIO, UNKNOWN = "$N$", "$K$", "t"
FRACTION = "$\\frac{p}{q}$, where $p$ and $q$ are relatively prime positive integers"


FORMULA = re.compile(r"\$([^$]*)\$")
LETTER = re.compile(r"(?<![\\A-Za-z])[A-Za-z](?![A-Za-z])")
LONGEST_TARGET = 10**12
"""An inverted problem names no larger value."""


class NoProblem(Exception):
    """Parameters that make no problem; the text is the name of a rule."""


@dataclass(frozen=True)
class Part:
    """A family with its parameters, one of its wordings, and the form of its value.

    Attributes:
        family: Of the problem.
        parameters: All of them; one that a structure replaces is what it stands for.
        wording: Index of the family's wording.
        form: ``VALUE``, ``SUM`` or ``REMAINDER``.
    """

    family: Family
    parameters: Parameters
    wording: int
    form: str

    def answer(self, solver: Solver) -> int:
        """What is asked for, by one of the family's solvers."""
        return formed(solver(self.parameters), self.form)

    def changed(self, name: str, value: int) -> "Part":
        """The same text with another number."""
        return replace(self, parameters={**self.parameters, name: value})

    def told(self, symbol: str = "", letter: str = "") -> Wording:
        """The wording with its numbers; the parameter ``symbol`` is a letter."""
        texts = {name: str(value) for name, value in self.parameters.items()}
        return self.family.wordings[self.wording].filled(
            texts | ({symbol: letter} if symbol else {})
        )

    def record(self) -> dict[str, Any]:
        """All that is needed to make it again."""
        return {
            "family": self.family.name,
            "parameters": dict(self.parameters),
            "wording": self.wording,
            "form": self.form,
        }


@dataclass(frozen=True)
class Problem:
    """A problem of one structure: ``inner`` is there in composed ones only."""

    structure: str
    part: Part
    inner: Part | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Inner and outer part, in the order of the text."""
        return (self.inner, self.part) if self.inner else (self.part,)

    def key(self) -> str:
        """Structure, families and numbers: two problems of one key differ in words only."""
        parts = ((part.family.name, sorted(part.parameters.items())) for part in self.parts)
        return repr((self.structure, *parts))

    def record(self) -> dict[str, Any]:
        """Structure and parts."""
        return {"structure": self.structure, "parts": [part.record() for part in self.parts]}


def form_of(value: Value) -> str:
    """The form in which a value is asked for."""
    if isinstance(value, Fraction):
        return SUM
    return REMAINDER if value >= LARGE else VALUE


def formed(value: Value, form: str) -> int:
    """A value as the integer that is asked for.

    Raises:
        NoProblem: It is no integer in this form, or not positive where a form needs that.
    """
    if form == SUM:
        fraction = Fraction(value)
        if fraction <= 0 or fraction.denominator == 1:
            raise NoProblem("no-positive-fraction")
        return fraction.numerator + fraction.denominator
    if Fraction(value).denominator != 1:
        raise NoProblem("not-an-integer")
    if form == REMAINDER and value < MODULUS:
        raise NoProblem("not-reduced")
    return int(value) % MODULUS if form == REMAINDER else int(value)


def solved(problem: Problem, which: Callable[[Family], Solver]) -> int:
    """The answer by one solver of each family.

    Raises:
        NoProblem: The statement has no answer, or not one alone.
    """
    part, slot = problem.part, problem.part.family.slot
    if problem.structure == PLAIN:
        return part.answer(which(part.family))
    assert slot is not None
    if problem.structure == INVERTED:
        found = fitting(part, slot, which(part.family))
        if len(found) != 1:
            raise NoProblem("not-unique")
        return found[0]
    assert problem.inner is not None
    count = problem.inner.answer(which(problem.inner.family))
    outer = part.changed(slot.name, parameter_from(count, slot))
    if not part.family.valid(outer.parameters):
        raise NoProblem("illegal-parameters")
    return outer.answer(which(part.family))


def letters(wording: Wording) -> set[str]:
    """The letters that stand alone in the formulas of a wording."""
    formulas = FORMULA.findall(f"{wording.setting} {wording.quantity}")
    return {letter for formula in formulas for letter in LETTER.findall(MARK.sub("", formula))}


def fitting(part: Part, slot: Slot, solver: Solver) -> list[int]:
    """The values of a slot for which the family's value is that of the part.

    Raises:
        NoProblem: The solvers are not made for some value of the slot.
    """
    target = solver(part.parameters)
    if Fraction(target).numerator >= LONGEST_TARGET:
        raise NoProblem("too-long-a-value")
    tried = [{**part.parameters, slot.name: t} for t in range(slot.low, slot.high + 1)]
    if not all(map(part.family.valid, tried)):
        raise NoProblem("illegal-parameters")
    return [p[slot.name] for p in tried if solver(p) == target]


def parameter_from(count: int, slot: Slot) -> int:
    """``K`` of a composed problem."""
    return slot.low + count % (slot.high - slot.low + 1)


# Text.


def statement(problem: Problem) -> str:
    """The problem as one reads it."""
    part = problem.part
    if problem.structure == PLAIN:
        wording = part.told()
        return _joined(wording.setting, question(wording.quantity, part.form))
    slot = part.family.slot
    assert slot is not None
    if problem.structure == INVERTED:
        wording = part.told(slot.name, UNKNOWN)
        target = shown(part.family.exact(part.parameters))
        asked = (
            f"There is exactly one integer $t$ with ${slot.low} \\le t \\le {slot.high}$ for which"
            f" {wording.quantity} is equal to {target}. Find $t$."
        )
        return _joined(wording.setting, asked)
    assert problem.inner is not None
    inner, outer = problem.inner.told(), part.told(slot.name, "K")
    return _joined(
        inner.setting,
        defined(inner.quantity, problem.inner.form),
        linked(slot),
        outer.setting,
        question(outer.quantity, part.form),
    )


def question(quantity: str, form: str) -> str:
    """The last sentence of a plain or composed problem."""
    if form == SUM:
        return f"It is known that {quantity} is equal to {FRACTION}. Find $p + q$."
    if form == REMAINDER:
        return f"Let $r$ be {quantity}. Find the remainder when $r$ is divided by ${MODULUS}$."
    return f"Find {quantity}."


def defined(quantity: str, form: str) -> str:
    """The sentence that gives the inner value of a composed problem its name."""
    if form == SUM:
        return f"It is known that {quantity} is equal to {FRACTION}; let $N = p + q$."
    if form == REMAINDER:
        return (
            f"Let $N$ be the remainder when $r$ is divided by ${MODULUS}$, where $r$ is {quantity}."
        )
    return f"Let $N$ be {quantity}."


def linked(slot: Slot) -> str:
    """The sentence that makes a parameter of the inner value."""
    width = slot.high - slot.low + 1
    return f"Let $K$ be ${slot.low}$ more than the remainder when $N$ is divided by ${width}$."


def shown(value: Value) -> str:
    """A value in a formula."""
    fraction = Fraction(value)
    if fraction.denominator == 1:
        return f"${fraction.numerator}$"
    return f"$\\frac{{{fraction.numerator}}}{{{fraction.denominator}}}$"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def problem_of(record: Mapping[str, Any], families: Mapping[str, Family]) -> Problem:
    """The problem of a ``Problem.record``.

    Raises:
        KeyError, TypeError: It is no record of these families.
    """
    parts: Sequence[Part] = [
        Part(families[one["family"]], dict(one["parameters"]), one["wording"], one["form"])
        for one in record["parts"]
    ]
    return Problem(record["structure"], parts[-1], parts[0] if len(parts) > 1 else None)
