r"""From a text in normal form to an answer: lists, relations, brackets, down to expressions.

A text is tried in this order; the first shape that fits decides.

=========================================  =================================================
words only                                 ``Text``, the empty set, all reals: ``words``
``a, b``  ``a or b``  ``a and b``          a list (of the parts, each read by itself);
                                           also ``a; b``
``A \cup B``  ``A \setminus B``             a union, a difference
``a = b``  ``a < x \le b``  ``x \in A``      named value, interval, statement
``\begin{pmatrix} .. \end{pmatrix}``        a matrix, a system, cases: ``matrices``
``(a, b)`` ``[a, b)`` ``\{a, b\}``         a tuple or interval, a set
``a \pm b``  ``\pm (a, b)``                 a list of two; in ``(\pm a, \pm b)`` the signs
                                           are independent, so that there are four
``a : b``                                  a ratio
anything else                              one expression with its unit, percent sign or base
=========================================  =================================================
"""

import re
from collections.abc import Iterator
from itertools import product
from math import prod

from seed.reference.verifiers.mathematics.answers import (
    DIFFERENCE,
    INTERSECTION,
    INTERVALS,
    LIST,
    POINT,
    RATIO,
    SET,
    UNION,
    Answer,
    Collection,
    Matrix,
    Named,
    Scalar,
)
from seed.reference.verifiers.mathematics.expressions import negative
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.matrices import read_environment
from seed.reference.verifiers.mathematics.parser import Unreadable
from seed.reference.verifiers.mathematics.real_sets import as_answer, intersection, real_set
from seed.reference.verifiers.mathematics.relations import RELATION, Reading, read_relation
from seed.reference.verifiers.mathematics.scalars import NUMBER_WORDS, read_scalar
from seed.reference.verifiers.mathematics.units import compound
from seed.reference.verifiers.mathematics.words import foreign_words, read_words

MOST_MEMBERS = 40
"""Members of a collection: matching is quadratic in them."""

SEPARATORS = re.compile(r",|;|(?<![A-Za-z\\])(?:and|or)(?![A-Za-z])|&")
OPERATORS = (
    (UNION, re.compile(r"\\cup(?![A-Za-z])")),
    (DIFFERENCE, re.compile(r"\\setminus(?![A-Za-z])|-(?= ?\\?\{.*\}$)(?<=\} -|R\}-)")),
    (INTERSECTION, re.compile(r"\\cap(?![A-Za-z])")),
)
BUILDER = re.compile(r"^(?:([A-Za-z]) ?(?:\\in ?\\mathbb\{R\})? ?(?:\\mid|:|\|) ?)(.*)$")
OPENING = {"(": "(", "[": "[", "\\{": "{", "{": "{", "\\langle": "("}
CLOSING = {")": ")", "]": "]", "\\}": "}", "}": "}", "\\rangle": ")"}
BOTH_SIGNS = re.compile(r"\\(p(?=m)|m(?=p))[mp](?![A-Za-z])")
MEMBERSHIP = re.compile(r"^([A-Za-z](?:_\{?\w+\}?)?|\([A-Za-z, ]+\)) ?\\in(?![A-Za-z]) ?(.*)$")
IN_WORDS = re.compile(r" and an? (?:half|third|quarter)\b")


def read_answer(text: str, rules: GradingRules, problem: str = "") -> Answer:
    """Read a text in normal form as an answer.

    Words of the problem may stand behind a number: ``5 apples``.

    Raises:
        Unreadable: It has no shape that is known here.
    """
    if not text:
        raise Unreadable("the answer is empty")
    try:
        return _read(text, rules, problem)
    except Unreadable:
        words = foreign_words(text)
        if words is None:
            raise
        return words


def _read(text: str, rules: GradingRules, problem: str) -> Answer:
    words = read_words(text) if text.casefold() not in NUMBER_WORDS else None
    if words is not None:
        return words
    if IN_WORDS.search(text):
        raise Unreadable("a mixed number in words")

    def inside(part: str) -> Answer:
        return read_answer(part.strip(), rules, problem)

    if compound(text):
        return read_scalar(text, rules, problem)
    parts = split(text, SEPARATORS)
    if len(parts) > 1:
        return _read_list(parts, inside)
    for kind, operator in OPERATORS:
        parts = split(text, operator)
        if len(parts) > 1:
            return Collection(kind, tuple(inside(part) for part in parts))
    if member := MEMBERSHIP.match(text):
        return Named(member[1], inside(member[2]))
    if len(split(text, RELATION)) > 1:
        return _spread(read_relation(text, rules, inside))
    environment = read_environment(text, rules, inside)
    if environment is not None:
        return environment
    bracketed = _read_brackets(text, inside)
    if bracketed is not None:
        return bracketed
    if BOTH_SIGNS.search(text):
        return _read_both_signs(text, inside)
    parts = split(text, re.compile(":"))
    if len(parts) > 1:
        return Collection(RATIO, tuple(inside(part) for part in parts))
    return read_scalar(text, rules, problem)


def split(text: str, separator: re.Pattern[str]) -> list[str]:
    """Cut a text at the separators that stand in no brackets, into one part or more.

    Any closing bracket closes any opening one, as in ``[0, 1)``.
    """
    parts, start, index = [], 0, 0
    for index in _top_level(text):
        match = separator.match(text, index) if index >= start else None
        if match:
            parts.append(text[start:index])
            start = match.end()
    return [*parts, text[start:]]


def _top_level(text: str) -> Iterator[int]:
    depth = 0
    for index, character in enumerate(text):
        if character in ")]}" or text.startswith(("\\rangle", "\\end"), index):
            depth -= 1
        if depth == 0 and not character.isspace():
            yield index
        if character in "([{" or text.startswith(("\\langle", "\\begin"), index):
            depth += 1


def _read_list(parts: list[str], inside: Reading) -> Answer:
    """A list; inequalities in one unknown that can hold together are their intersection."""
    if not all(part.strip() for part in parts):
        # `5,` and `5;` may have lost a member; only `a, and b` has two separators for one.
        parts = [part for part in parts if part.strip()] if parts[-1].strip() else parts
    members = [inside(part) for part in parts]
    names = {member.name for member in members if isinstance(member, Named)}
    sets = [real_set(member) for member in members if isinstance(member, Named)]
    pieces = [one for one in sets if one is not None]
    are_intervals = all(RELATION.search(part) and "=" not in part for part in parts)
    if are_intervals and len(names) == 1 and len(pieces) == len(members) == 2:
        both = intersection(*pieces)
        if both:
            return Named(next(iter(names)), as_answer(both))
    return _listed(LIST, members)


def _listed(brackets: str, members: list[Answer]) -> Answer:
    r"""A collection; members that are lists themselves (``1 \pm x``) are spread out.

    A list of one is its member.
    """
    flat: list[Answer] = []
    for member in members:
        inner = _members(member)
        flat += (member,) if inner is None else inner
    if len(flat) > MOST_MEMBERS:
        raise Unreadable(f"more than {MOST_MEMBERS} members")
    return flat[0] if len(flat) == 1 and brackets == LIST else Collection(brackets, tuple(flat))


def _members(answer: Answer) -> tuple[Answer, ...] | None:
    """The members of a list; None if it is none."""
    if isinstance(answer, Collection) and answer.brackets == LIST:
        return answer.members
    return None


def _spread(answer: Answer) -> Answer:
    """``x = (list)`` as a list of named values."""
    if not isinstance(answer, Named) or (members := _members(answer.value)) is None:
        return answer
    return Collection(LIST, tuple(Named(answer.name, member) for member in members))


def _read_brackets(text: str, inside: Reading) -> Answer | None:
    """A tuple, interval or set, if one pair of brackets holds the whole text.

    None if there is no such pair, or if it holds a single expression.
    """
    opening = next((sign for sign in OPENING if text.startswith(sign)), None)
    closing = next((sign for sign in CLOSING if text.endswith(sign)), None)
    if opening is None or closing is None:
        return None
    brackets = OPENING[opening] + CLOSING[closing]
    content = text[len(opening) : len(text) - len(closing)].strip()
    if _closes_early(text):
        return None
    if brackets == SET and (built := BUILDER.match(content)):
        return inside(built[2])
    parts = split(content, re.compile(r",|;"))
    if opening == "{" and len(parts) < 2:
        return None  # braces of LaTeX, which group and are not printed
    if brackets == SET:
        return _listed(SET, [inside(part) for part in parts])
    if brackets not in INTERVALS or (len(parts) < 2 and brackets != "[]"):
        return None
    if BOTH_SIGNS.search(content):
        return _signed_tuples(brackets, parts, inside)
    members = tuple(inside(part) for part in parts)
    rows = [member.members for member in members if isinstance(member, Collection)]
    if any(isinstance(member, Collection) and member.brackets != "[]" for member in members):
        rows = []
    if brackets == "[]" and len(rows) == len(members) and len(set(map(len, rows))) == 1:
        return Matrix(tuple(rows))  # [[1,2],[3,4]]
    return Collection(brackets, members)


def _closes_early(text: str) -> bool:
    """Whether the first bracket is closed before the end: ``(x+1)(x+2)`` is no tuple."""
    depth = 0
    for index, character in enumerate(text):
        opens = character in "([{" or text.startswith("\\langle", index)
        closes = character in ")]}" or text.startswith("\\rangle", index)
        depth += opens - closes
        length = len("\\rangle") if character == "\\" else 1
        if closes and depth == 0 and index < len(text) - length:
            return True
    return depth != 0


def _read_both_signs(text: str, inside: Reading) -> Answer:
    r"""``1 \pm \sqrt 5`` as a list of two, ``\pm (a, b)`` as the tuple and its negative."""
    plus, minus = _both_signs(text)
    if text.startswith("\\pm"):
        tuple_ = inside(plus.removeprefix("+"))
        if isinstance(tuple_, Collection) and tuple_.brackets == POINT:
            members = [member for member in tuple_.members if isinstance(member, Scalar)]
            if len(members) == len(tuple_.members):
                negated = tuple(Scalar(negative(member.tree)) for member in members)
                return Collection(LIST, (tuple_, Collection(POINT, negated)))
    return _listed(LIST, [inside(plus), inside(minus)])


def _signed_tuples(brackets: str, parts: list[str], inside: Reading) -> Answer:
    r"""A tuple with both signs: one tuple for each choice; ``\mp`` ties the choices together."""
    readings = [_both_signs(part) if BOTH_SIGNS.search(part) else (part,) for part in parts]
    if any("\\mp" in part for part in parts):
        both = (
            tuple(reading[min(side, len(reading) - 1)] for reading in readings) for side in (0, 1)
        )
        choices = list(both)
    else:
        if prod(map(len, readings)) > MOST_MEMBERS:
            raise Unreadable(f"more than {MOST_MEMBERS} members")
        choices = list(product(*readings))
    tuples = (Collection(brackets, tuple(map(inside, choice))) for choice in choices)
    return Collection(LIST, tuple(tuples))


def _both_signs(text: str) -> tuple[str, str]:
    upper = BOTH_SIGNS.sub(lambda sign: "+" if sign[1] == "p" else "-", text)
    lower = BOTH_SIGNS.sub(lambda sign: "-" if sign[1] == "p" else "+", text)
    return upper, lower
