r"""From a text in normal form to an answer: lists, relations, brackets, down to expressions.

A text is tried in this order; the first shape that fits decides.

=========================================  =================================================
words only                                 ``Text``, the empty set, all reals
``a, b``  ``a or b``  ``a and b``          a list (of the parts, each read by itself);
                                           also ``a; b``
``A \cup B``                               a union
``a = b``  ``a < x \le b``  ``x \in A``    named value, interval, statement
``\begin{pmatrix} .. \end{pmatrix}``       a matrix
``(a, b)`` ``[a, b)`` ``\{a, b\}``         a tuple or interval, a set
``a \pm b``                                a list of two
``a : b``                                  a ratio
anything else                              one expression with its unit, percent sign or base
=========================================  =================================================
"""

import re
from collections.abc import Iterator

from seed.reference.verifiers.mathematics.answers import (
    INTERVALS,
    LIST,
    NOTHING,
    RATIO,
    SET,
    UNION,
    Answer,
    Collection,
    Matrix,
    Named,
    Scalar,
    Text,
)
from seed.reference.verifiers.mathematics.expressions import INFINITY, negative
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.parser import Unreadable
from seed.reference.verifiers.mathematics.relations import RELATION, Reading, read_relation
from seed.reference.verifiers.mathematics.scalars import NUMBER_WORDS, read_scalar

MOST_MEMBERS = 40
"""Members of a collection: matching is quadratic in them."""

WORDS = re.compile(r"[A-Za-z][A-Za-z\s'\",.()/:?!-]*")
REAL_WORD = re.compile(r"[A-Za-z]{3,}")
NO_SOLUTION = ("no solution", "no solutions", "empty set", "no real solution", "no real solutions")
ALL_REALS = ("all real numbers", "all reals", "all real number", "real numbers")
SYNONYMS = {"dne": "does not exist", "not defined": "undefined", "tie": "draw"}
SHORT_WORDS = ("no", "on", "up")
"""Words of two letters that are answers; any other two letters are a product."""

SEPARATORS = re.compile(r",|;|(?<![A-Za-z\\])(?:and|or)(?![A-Za-z])|&")
MATRIX = re.compile(
    r"[(\[|]? ?\\begin ?\{ ?([pbBvV]?matrix|array) ?\}(?: ?\{[lcr| ]*\})?(.*)\\end ?\{ ?\1 ?\}"
    r" ?[)\]|]?"
)
BUILDER = re.compile(r"^(?:([A-Za-z]) ?(?:\\in ?\\mathbb ?\{ ?R ?\})? ?(?:\\mid|:|\|) ?)(.*)$")
OPENING = {"(": "(", "[": "[", "\\{": "{", "{": "{", "\\langle": "("}
CLOSING = {")": ")", "]": "]", "\\}": "}", "}": "}", "\\rangle": ")"}
BOTH_SIGNS = re.compile(r"\\(p(?=m)|m(?=p))[mp](?![A-Za-z])")
MEMBERSHIP = re.compile(r"^([A-Za-z](?:_\{?\w+\}?)?|\([A-Za-z, ]+\)) ?\\in (.*)$")
EVERYTHING = Collection("()", (Scalar(negative(INFINITY)), Scalar(INFINITY)))


def read_answer(text: str, rules: GradingRules, problem: str = "") -> Answer:
    """Read a text in normal form as an answer.

    Words of the problem may stand behind a number: ``5 apples``.

    Raises:
        Unreadable: It has no shape that is known here.
    """
    if not text:
        raise Unreadable("the answer is empty")
    words = _read_words(text)
    if words is not None:
        return words

    def inside(part: str) -> Answer:
        return read_answer(part.strip(), rules, problem)

    parts = split(text, SEPARATORS)
    if len(parts) > 1:
        return _listed(LIST, [inside(part) for part in parts if part.strip()])
    parts = split(text, re.compile(r"\\cup(?![A-Za-z])"))
    if len(parts) > 1:
        return Collection(UNION, tuple(inside(part) for part in parts))
    if member := MEMBERSHIP.match(text):
        return Named(member[1], inside(member[2]))
    if len(split(text, RELATION)) > 1:
        return _spread(read_relation(text, rules, inside))
    if matrix := MATRIX.fullmatch(text):
        return _read_matrix(matrix[2], inside)
    bracketed = _read_brackets(text, inside)
    if bracketed is not None:
        return bracketed
    if BOTH_SIGNS.search(text):
        return _listed(LIST, [inside(signed) for signed in _both_signs(text)])
    parts = split(text, re.compile(":"))
    if len(parts) > 1:
        return Collection(RATIO, tuple(inside(part) for part in parts))
    return read_scalar(text, rules, problem)


def fold(text: str) -> str:
    """Fold words: lower case, no punctuation, single blanks, no article in front."""
    kept = re.sub(r"[^\w\s]", " ", text.casefold())
    return re.sub(r"^(?:the|an?) (?=\w)", "", " ".join(kept.split()))


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


def _read_words(text: str) -> Answer | None:
    if re.fullmatch(r"\\emptyset|\\\{ ?\\\}", text):
        return NOTHING
    if re.fullmatch(r"\\mathbb ?\{? ?R ?\}?", text) or fold(text) in ALL_REALS:
        return EVERYTHING
    if fold(text) in NO_SOLUTION:
        return NOTHING
    is_number = text.casefold() in NUMBER_WORDS
    are_words = WORDS.fullmatch(text) and REAL_WORD.search(text) and not is_number
    if are_words or fold(text) in SHORT_WORDS:
        return Text(SYNONYMS.get(fold(text), fold(text)))
    return None


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


def _read_matrix(text: str, inside: Reading) -> Answer:
    lines = [line for line in text.split("\\\\") if line.strip()]
    rows = tuple(tuple(inside(cell) for cell in line.split("&")) for line in lines)
    if not rows or len({len(row) for row in rows}) != 1:
        raise Unreadable("a matrix with rows of different lengths")
    if len(rows) * len(rows[0]) > MOST_MEMBERS * 2:
        raise Unreadable("a matrix that is too large")
    return Matrix(rows)


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
    members = split(content, re.compile(r",|;"))
    if opening == "{" and len(members) < 2:
        return None  # braces of LaTeX, which group and are not printed
    if brackets == SET:
        return _listed(SET, [inside(member) for member in members])
    if brackets not in INTERVALS or len(members) < 2:
        return None
    if BOTH_SIGNS.search(content):
        return Collection(LIST, tuple(inside(signed) for signed in _both_signs(text)))
    return Collection(brackets, tuple(inside(member) for member in members))


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


def _both_signs(text: str) -> tuple[str, str]:
    upper = BOTH_SIGNS.sub(lambda sign: "+" if sign[1] == "p" else "-", text)
    lower = BOTH_SIGNS.sub(lambda sign: "-" if sign[1] == "p" else "+", text)
    return upper, lower
