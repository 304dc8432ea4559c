r"""Equations and inequalities: a name and its value, an interval, or a statement about expressions.

- ``x = 3``, ``m+n = 33``: the value 33 under the name m+n; a name is a left side without digits
  that shares no unknown with the right side.
- ``p(x) = x^2``, ``f^{-1}(x) = ..``, ``P(X = 2) = 1/3``, ``[ABC] = 12``, ``n_{\min} = 12``: a value
  under a name, too.
- ``x = 6/2 = 3``: the last value; all members must be equal, so that a chain hides nothing.
- ``1/3 \approx 0.333``: what stands before the sign; ``x \approx 2.1`` is x = 2.1.
- ``1 < x \le 3``, ``x > 1``: an interval under the name x; so is ``|x| < 1``.
- ``x + y < 3``, ``2x = 6y``: a statement.
"""

import re
from collections.abc import Callable

from seed.reference.verifiers.mathematics.answers import (
    Answer,
    Collection,
    Named,
    Scalar,
    Statement,
)
from seed.reference.verifiers.mathematics.evaluation import TooLarge, equal_at, exact
from seed.reference.verifiers.mathematics.expressions import (
    INFINITY,
    Apply,
    Symbol,
    Tree,
    negative,
    symbols,
)
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression

RELATION = re.compile(r"\\(le|ge|neq|approx)(?![A-Za-z])|(?<![<>=!])([<>=])(?!=)")
INDEX = r"_ ?(?:\{[^{}=<>]*\}|[A-Za-z0-9])"
NAME = re.compile(
    rf"(?=.*[A-Za-z])(?:[A-Za-z|'+,(){{}}/ \\]|{INDEX}|\([0-9]+\))+|\[ ?[A-Z]{{3,}} ?\]"
)
FUNCTION = re.compile(
    rf"(?:\\[A-Za-z]+|[A-Za-z])(?: ?{INDEX})?(?: ?'){{0,3}}"
    r"(?: ?\^ ?\{? ?(?:-1|\\prime|\(\d+\)) ?\}?)?"
    r" ?\( ?[A-Za-z0-9_, \\]+ ?\)"
    r"|(?:\\Pr|\\mathbb\{[PE]\}|[PEV]|Var|Cov|Pr) ?[(\[][^()\[\]]*[)\]]"
)
"""The value of a function, ``p(x)``, ``f^{-1}(x)``, and of a probability, ``P(X = 2)``."""

TURNED = {">": "<", "ge": "le"}
Reading = Callable[[str], Answer]


def read_relation(text: str, rules: GradingRules, inside: Reading) -> Answer:
    """Read a text in normal form that holds a relation sign outside of brackets.

    It is a named value, a scalar, an interval or a statement; ``inside`` reads one side.

    Raises:
        Unreadable: It is none of them.
    """
    members, signs = _members(text)
    if not members[0]:
        if signs[0] not in ("=", "approx"):
            raise Unreadable("an inequality without a left side")
        members, signs = members[1:], signs[1:]
    if not all(members):
        raise Unreadable("a relation with an empty side")
    members, signs = _without_approximation(members, signs)
    if not signs:
        return inside(members[0])
    if set(signs) == {"="}:
        return _read_equation(members, rules, inside)
    trees = [read_expression(member, rules.log_base) for member in members]
    if rules.inequality_as_interval and (interval := _interval(trees, signs)):
        return interval
    if len(trees) != 2:
        raise Unreadable("a chain of inequalities that is no interval")
    (left, right), (sign,) = trees, signs
    if sign in TURNED:
        return Statement(right, TURNED[sign], left)
    return Statement(left, sign, right)


def _members(text: str) -> tuple[list[str], list[str]]:
    """The sides of the relations and the signs between them, brackets left whole."""
    members, signs, start, depth = [], [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        match = RELATION.match(text, index) if depth == 0 else None
        if match:
            members.append(text[start:index].strip())
            signs.append(match[1] or match[2])
            start = match.end()
    return [*members, text[start:].strip()], signs


def _without_approximation(members: list[str], signs: list[str]) -> tuple[list[str], list[str]]:
    if "approx" not in signs:
        return members, signs
    first = signs.index("approx")
    if first == 0 and NAME.fullmatch(members[0]):
        return members[:2], ["="]
    return members[: first + 1], signs[:first]


def _read_equation(members: list[str], rules: GradingRules, inside: Reading) -> Answer:
    if len(members) == 2 and NAME.fullmatch(members[1]) and not _is_name(members[0]):
        members = members[::-1]  # 3 = x
    if FUNCTION.fullmatch(members[0]) and not FUNCTION.search(" ".join(members[1:])):
        if len(members) > 2:
            _check_chain(members[1:], rules)
        return Named(" ".join(members[0].split()), inside(members[-1]))
    if NAME.fullmatch(members[0]) and not members[0].startswith("\\pi"):
        value = inside(members[-1])
        if not _shares_unknowns(members[0], members[1:], rules):
            if len(members) > 2:
                _check_chain(members[1:], rules)
            return Named(" ".join(members[0].split()), value)
    trees = [read_expression(member, rules.log_base) for member in members]
    if not any(symbols(tree) for tree in trees):
        _check_chain(members, rules)
        return inside(members[-1])
    if len(trees) != 2:
        raise Unreadable("a chain of equations")
    return Statement(trees[0], "=", trees[1])


def _is_name(text: str) -> bool:
    return bool(NAME.fullmatch(text) or FUNCTION.fullmatch(text))


def _shares_unknowns(name: str, members: list[str], rules: GradingRules) -> bool:
    try:
        unknowns = symbols(read_expression(name, rules.log_base))
        return any(unknowns & symbols(read_expression(side, rules.log_base)) for side in members)
    except Unreadable:
        return False


def _check_chain(members: list[str], rules: GradingRules) -> None:
    """Refuse a chain whose members differ: ``x = 3 = 5``."""
    trees = [read_expression(member, rules.log_base) for member in members]
    for tree in trees[:-1]:
        if tree == trees[-1]:
            continue
        if symbols(tree) | symbols(trees[-1]):
            raise Unreadable("a chain of equations")
        try:
            values = exact(tree), exact(trees[-1])
            equal = values[0] == values[1]
            if None in values:
                equal = bool(equal_at(tree, trees[-1], {}))
        except TooLarge as large:
            raise Unreadable(str(large)) from large
        if not equal:
            raise Unreadable("the members of a chain of equations differ")


def _interval(trees: list[Tree], signs: list[str]) -> Answer | None:
    """The interval of one unknown between constants, or beyond one."""
    if any(sign in ("=", "neq") for sign in signs) or len({sign in TURNED for sign in signs}) != 1:
        return None
    if signs[0] in TURNED:  # a > x > b is b < x < a
        trees, signs = trees[::-1], [TURNED[sign] for sign in signs[::-1]]
    if len(trees) == 2:
        if isinstance(trees[0], Apply) and trees[0].operation == "abs":  # |x| < c is -c < x < c
            trees, signs = [negative(trees[1]), trees[0].parts[0], trees[1]], [signs[0], signs[0]]
        elif isinstance(trees[0], Symbol):
            trees, signs = [negative(INFINITY), *trees], ["<", *signs]
        else:
            trees, signs = [*trees, INFINITY], [*signs, "<"]
    low, unknown, high = trees if len(trees) == 3 else (trees[0], trees[0], trees[0])
    if not isinstance(unknown, Symbol) or symbols(low) or symbols(high):
        return None
    brackets = ("[" if signs[0] == "le" else "(") + ("]" if signs[1] == "le" else ")")
    return Named(unknown.name, Collection(brackets, (Scalar(low), Scalar(high))))
