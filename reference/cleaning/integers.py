r"""Answers to integers, as AIME asks: the answer has a form, the statement asks for a sum.

    m/n             relatively prime, n > 0                                     m + n
    (a + b√c)/d     c > 1 squarefree, d > 0, gcd(a, b, d) = 1                    a + b + c + d
    b√c/d, a + b√c, b√c   the same with a = 0 or d = 1                           what is left
    mπ/n, mπ        relatively prime, n > 0                                     m + n, m

Each form is unique, so the new question has one answer. The value is exact: our verifier's tree of
the reference, evaluated by SymPy; the form is compared with the reference by our verifier again.

Source: DAPO, arXiv 2503.14476, section 3.5 and Appendix A, where a language model rewrites;
Seed1.5-Thinking, section 2.1. Here a sentence is added, and nothing else changes.
"""

import re
from dataclasses import dataclass
from math import gcd
from typing import Any

from seed.reference.cleaning.ours import rewritten
from seed.reference.cleaning.settings import IntegerSettings
from seed.reference.cleaning.stage import Change, Decision, Drop, Record
from seed.reference.data.messages import Unusable
from seed.reference.verifiers.mathematics.answers import Named, Scalar
from seed.reference.verifiers.mathematics.cursor import Unreadable
from seed.reference.verifiers.mathematics.expressions import Apply, Constant, Number, Tree
from seed.reference.verifiers.mathematics.grading_rules import DEFAULT
from seed.reference.verifiers.mathematics.limits import broken_limit
from seed.reference.verifiers.mathematics.normal_forms import normal_form
from seed.reference.verifiers.mathematics.structures import read_answer
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

PLAIN = re.compile(r"-?\d+")
PLAIN_FORM = "{0}"
LARGEST_EXPONENT = 64
MOST_NODES = 40
LETTERS = "mnpqkabcdrstuvw"
ROUNDED = re.compile(
    r"\b(?:round|nearest|approximat\w*|decimal places?|significant|correct to)\b", re.IGNORECASE
)
ABOUT_FORM = re.compile(
    r"\s*(?:Please )?(?:Express|Give|Write|State|Enter|Leave|Simplify)\b[^.?!]{0,200}"
    r"\banswers?\b[^.?!]{0,200}\.?\s*$"
)
"""A last sentence about the form of the answer, which the new question replaces."""


class NoForm(Exception):
    """The answer has none of the forms; arguments are rule and reason."""


@dataclass(frozen=True)
class Form:
    """An exact form.

    Attributes:
        latex: With the letters of its integers in braces, for ``str.format``.
        values: The integers, in order.
        conditions: What makes them unique; ``{0}`` and so on are the letters.
    """

    latex: str
    values: tuple[int, ...]
    conditions: str


class ToInteger:
    """Rewrites rows of mathematics whose answer is exact and no integer."""

    rules = (
        "asks_for_sum",
        "integer_value",
        "other_domain",
        "rounded",
        "decimal",
        "unit",
        "not_a_number",
        "no_exact_form",
        "too_large",
    )

    def __init__(self, settings: IntegerSettings) -> None:
        self._settings = settings

    def __call__(self, record: Record) -> Decision:
        """Keep integers, rewrite exact forms, drop the rest."""
        if record.domain != "math":
            return Drop("other_domain", f"domain {record.domain}")
        reference = record.reference.strip()
        if PLAIN.fullmatch(reference):
            return None
        try:
            form = form_of(reference, self._settings.decimals)
            statement, answer = self._asked(record.statement, reference, form)
            rule = "integer_value" if form.latex == PLAIN_FORM else "asks_for_sum"
            return Change(rule, rewritten(record, statement, answer))
        except NoForm as why:
            rule, reason = why.args
            return Drop(rule, reason)
        except Unusable as why:
            return Drop("no_exact_form", str(why))

    def _asked(self, statement: str, reference: str, form: Form) -> tuple[str, str]:
        if form.latex == PLAIN_FORM:
            answer = str(form.values[0])
            self._check_size(answer)
            return statement, answer
        if ROUNDED.search(statement):
            raise NoForm("rounded", "the statement asks for a rounded answer")
        answer = str(sum(form.values))
        self._check_size(answer)
        check_form(form, reference)
        return asked(statement, form), answer

    def _check_size(self, answer: str) -> None:
        if len(answer.lstrip("-")) > self._settings.max_digits:
            raise NoForm("too_large", f"{len(answer)} digits, at most {self._settings.max_digits}")


def form_of(reference: str, decimals: bool = False) -> Form:
    """The form of a reference.

    Args:
        reference: As in the file.
        decimals: Whether a decimal is read as an exact fraction.

    Raises:
        NoForm: It has none.
    """
    if limit := broken_limit(reference):
        raise NoForm("not_a_number", f"the reference breaks a limit: {limit}")
    try:
        read = read_answer(normal_form(reference), DEFAULT, "")
    except Unreadable as why:
        raise NoForm("not_a_number", f"the reference cannot be read: {why}") from None
    if isinstance(read, Named):
        read = read.value
    if not isinstance(read, Scalar):
        raise NoForm("not_a_number", f"the reference is a {type(read).__name__.lower()}")
    if read.unit is not None or read.percent:
        what = "a percent sign" if read.percent else "a unit"
        raise NoForm("unit", f"the reference has {what}")
    if read.decimal_places is not None and not decimals:
        raise NoForm("decimal", "a decimal may be rounded")
    return _form(_exact(read.tree, [MOST_NODES]))


def asked(statement: str, form: Form) -> str:
    """The statement with a sentence that asks for the sum."""
    letters = unused_letters(statement, len(form.values))
    written = form.latex.format(*letters)
    conditions = form.conditions.format(*(f"${letter}$" for letter in letters))
    total = " + ".join(letters)
    stem = ABOUT_FORM.sub("", statement).rstrip()
    return f"{stem} The answer can be written as ${written}$, where {conditions}. Find ${total}$."


def unused_letters(statement: str, count: int) -> list[str]:
    """Letters that do not stand alone in the statement."""
    used = set(re.findall(r"(?<![A-Za-z\\])([a-z])(?![A-Za-z])", statement))
    free = [letter for letter in LETTERS if letter not in used]
    if len(free) < count:
        raise NoForm("no_exact_form", "the statement uses nearly all letters")
    return free[:count]


def check_form(form: Form, reference: str) -> None:
    """Compare the form with the reference by our verifier.

    Raises:
        NoForm: It does not accept it.
    """
    text = form.latex.format(*form.values)
    item = Item("", "math", "", f"\\boxed{{{text}}}", reference)
    verdict = verify(item)
    if verdict.outcome is not Outcome.CORRECT:
        raise NoForm("no_exact_form", f"{text} is not confirmed: {verdict.why}")


def _exact(tree: Tree, budget: list[int]) -> Any:
    """The tree as a number of SymPy: rationals, square roots, pi."""
    import sympy

    budget[0] -= 1
    if budget[0] < 0:
        raise NoForm("no_exact_form", f"more than {MOST_NODES} parts")
    match tree:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Constant("pi"):
            return sympy.pi
        case Apply("+", (left, right)):
            return _exact(left, budget) + _exact(right, budget)
        case Apply("-", (part,)):
            return -_exact(part, budget)
        case Apply("*", (left, right)):
            return _exact(left, budget) * _exact(right, budget)
        case Apply("/", (left, right)):
            below = _exact(right, budget)
            if below == 0:
                raise NoForm("not_a_number", "a division by zero")
            return _exact(left, budget) / below
        case Apply("root", (Number(index), part)) if index == 2:
            return _root(_exact(part, budget))
        case Apply("^", (base, Number(exponent))):
            return _power(_exact(base, budget), exponent)
    raise NoForm("no_exact_form", "more than sums, products, square roots and pi")


def _root(value: Any) -> Any:
    import sympy

    if not value.is_Rational or value < 0 or value.p.bit_length() + value.q.bit_length() > 80:
        raise NoForm("no_exact_form", "a root of what is no moderate positive fraction")
    return sympy.sqrt(value)


def _power(base: Any, exponent: Any) -> Any:
    import sympy

    if exponent == sympy.Rational(1, 2):
        return _root(base)
    if exponent.denominator != 1 or abs(exponent) > LARGEST_EXPONENT or base == 0:
        raise NoForm("no_exact_form", "a large or fractional exponent")
    return base ** int(exponent)


def _form(value: Any) -> Form:
    """The form of an exact value."""
    import sympy

    terms = sympy.Add.make_args(sympy.expand(sympy.radsimp(value)))
    parts = dict(term.as_coeff_Mul()[::-1] for term in terms)
    rational = parts.pop(sympy.Integer(1), sympy.Integer(0))
    if not rational.is_Rational or not all(one.is_Rational for one in parts.values()):
        raise NoForm("no_exact_form", "no rational coefficients")
    if not parts:
        return _fraction(int(rational.p), int(rational.q))
    if len(parts) > 1:
        raise NoForm("no_exact_form", "more than one root or constant")
    ((factor, coefficient),) = parts.items()
    if factor == sympy.pi and rational == 0:
        return _fraction(int(coefficient.p), int(coefficient.q), r"\pi")
    is_root = factor.is_Pow and factor.exp == sympy.Rational(1, 2) and factor.base.is_Integer
    if not is_root:
        raise NoForm("no_exact_form", "neither a square root nor pi")
    return _surd(rational, coefficient, int(factor.base))


def _fraction(above: int, below: int, factor: str = "") -> Form:
    if below == 1:
        conditions = "{0} is an integer" if factor else ""
        return Form(f"{{0}}{factor}", (above,), conditions)
    kind = "positive integers" if above > 0 else "integers and {1} is positive"
    latex = rf"\frac{{{{{{0}}{factor}}}}}{{{{{{1}}}}}}"
    return Form(latex, (above, below), f"{{0}} and {{1}} are relatively prime {kind}")


def _surd(rational: Any, coefficient: Any, radicand: int) -> Form:
    """(a + b√c)/d in lowest terms, without an a of 0 and a d of 1."""
    below = int(rational.q) * int(coefficient.q) // gcd(int(rational.q), int(coefficient.q))
    first, second = int(rational * below), int(coefficient * below)
    values = [*([first] if first else []), second, radicand, *([below] if below > 1 else [])]
    start = "{0} + " if first else ""
    place = 1 if first else 0
    top = rf"{start}{{{place}}}\sqrt{{{{{{{place + 1}}}}}}}"
    latex = rf"\frac{{{{{top}}}}}{{{{{{{place + 2}}}}}}}" if below > 1 else top
    names = [f"{{{number}}}" for number in range(len(values))]
    conditions = f"{', '.join(names[:-1])} and {names[-1]} are integers"
    conditions += f", {names[place + 1]} is greater than 1 and divisible by no square of a prime"
    if below > 1:
        shared = f"{', '.join([*names[: place + 1]])} and {names[-1]}"
        conditions += f", {names[-1]} is positive, and no prime divides all of {shared}"
    return Form(latex, tuple(values), conditions)
