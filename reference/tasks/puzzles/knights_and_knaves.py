"""Knights and knaves: find out who always tells the truth and who always lies.

- Instance: ``{"statements": "!B&C/!B&!C/A^B"}``: statements separated by ``/``; A makes the first,
  B the second, and so on. ``B``: B is a knight. ``!B``: B is a knave. ``&`` and, ``|`` or (or
  both), ``~`` alike, ``^`` unlike. ``#2``: exactly two of all the inhabitants are knights.
- Prompt: ``F!B&C/!B&!C/A^B=``.
- Response: ``KKK1 KKN1 KNK=KNK``: as reasoning, all assignments in the order of counting, each with
  the number of the first statement that contradicts it, up to the one that none contradicts; then
  ``=`` and the roles of all inhabitants in order, ``K`` knight and ``N`` knave.
- Bare answer: ``KNK``: the roles alone.
- Levels 1..4: 3, 4, 5, 6 inhabitants.

A knight's statement is true and a knave's is false. Only the text after the last ``=`` is judged,
all of it if there is none. Exactly one assignment fits, which the generator proves by trying all of
them.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

INHABITANTS = {1: 3, 2: 4, 3: 5, 4: 6}
LEVELS = range(1, len(INHABITANTS) + 1)
NAMES = "ABCDEF"
CHARACTERS = NAMES + "0123456!&|~^#/ =KN"
RULES = (
    "Every inhabitant is a knight, whose statement is true, or a knave, whose statement is false."
    " Statements are separated by /: the first is made by A, the second by B, and so on. B means"
    " that B is a knight, !B that B is a knave. Two such claims are joined by & (both hold) or |"
    " (at least one holds); A~B means that A and B are of the same kind, A^B that they are of"
    " different kinds; #2 means that exactly two of all the inhabitants are knights. Exactly one"
    " assignment fits. Write the roles in the order A, B, C ... as one word of the letters K"
    " (knight) and N (knave), such as KNK. Reasoning may precede it, followed by =; only what"
    " follows the last = is judged."
)
KNIGHT, KNAVE = "K", "N"
CLAIM = re.compile(r"(!?)([A-F])")
JOINTS = re.compile(r"[&|~^]")


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw everyone's statement uniformly until exactly one assignment fits."""
    names = NAMES[: INHABITANTS[difficulty]]
    possible = [_statements(names, speaker) for speaker in names]
    while True:
        statements = [choices[random.integers(len(choices))] for choices in possible]
        fitting = [
            roles for roles in _assignments(len(names)) if not _contradicted(statements, roles)
        ]
        if len(fitting) == 1:
            return {"statements": "/".join(statements)}


def identity(instance: Mapping[str, Any]) -> str:
    """The statements under the names that put them first in the order of the characters.

    Instances share it exactly if they differ only by the names of the inhabitants and by the order
    of two joined claims.
    """
    statements = instance["statements"].split("/")
    return min(
        "/".join(_renamed(statements, order)) for order in permutations(range(len(statements)))
    )


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``F!B&C/!B&!C/A^B=``."""
    return f"F{instance['statements']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The assignments in order, each with the statement that refutes it, until one fits."""
    statements = instance["statements"].split("/")
    *refuted, fitting = _tried(statements)
    tried = [f"{roles}{_contradicted(statements, roles)}" for roles in refuted]
    return " ".join([*tried, f"{fitting}={fitting}"])


def answer(instance: Mapping[str, Any]) -> str:
    """The roles, e.g. ``KNK``."""
    return _tried(instance["statements"].split("/"))[-1]


def work(instance: Mapping[str, Any]) -> int:
    """The number of assignments that ``solve`` tries, 1 to 64."""
    return len(_tried(instance["statements"].split("/")))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Check every statement against the roles after the last ``=``, or in the whole response.

    ``correct`` exactly if that text gives every inhabitant one role, and exactly the knights'
    statements are true.
    """
    roles = response.rpartition("=")[2]
    fault = unreadable(response) or _fault(instance["statements"].split("/"), roles)
    return judge(fault, roles, "the knights and only the knights tell the truth")


def _fault(statements: list[str], roles: str) -> str:
    if len(roles) != len(statements) or not set(roles) <= {KNIGHT, KNAVE}:
        return f"the answer is not {len(statements)} letters K or N"
    number = _contradicted(statements, roles)
    return f"statement {number} contradicts the role of its speaker" if number else ""


def _statements(names: str, speaker: str) -> list[str]:
    """List what one inhabitant may state.

    Nobody makes a claim about themselves alone: everyone can call themselves a knight, and no one
    can call themselves a knave.
    """
    claims = [sign + name for name in names if name != speaker for sign in ("", "!")]
    pairs = list(combinations(names, 2))
    signs = list(product(("", "!"), repeat=2))
    joined = [f"{one}{a}{joint}{two}{b}" for a, b in pairs for joint in "&|" for one, two in signs]
    compared = [f"{a}{joint}{b}" for a, b in pairs for joint in "~^"]
    counted = [f"#{count}" for count in range(len(names) + 1)]
    return claims + joined + compared + counted


def _assignments(count: int) -> Iterator[str]:
    return map("".join, product(KNIGHT + KNAVE, repeat=count))


def _tried(statements: list[str]) -> list[str]:
    """List the assignments up to the one that fits."""
    tried = []
    for roles in _assignments(len(statements)):
        tried.append(roles)
        if not _contradicted(statements, roles):
            return tried
    raise ValueError(f"no assignment fits {'/'.join(statements)}")


def _contradicted(statements: list[str], roles: str) -> int:
    """The number of the first statement, from 1, whose truth differs from its speaker's.

    0 if there is none.
    """
    speakers = enumerate(zip(statements, roles, strict=True), start=1)
    contradicted = (
        number
        for number, (statement, role) in speakers
        if _holds(statement, roles) != (role == KNIGHT)
    )
    return next(contradicted, 0)


def _holds(statement: str, roles: str) -> bool:
    if statement[0] == "#":
        return roles.count(KNIGHT) == int(statement[1:])
    claims = [
        (roles[NAMES.index(name)] == KNIGHT) != bool(sign)
        for sign, name in CLAIM.findall(statement)
    ]
    joint = JOINTS.search(statement)
    match joint and joint[0]:
        case "|":
            return any(claims)
        case "~":
            return claims[0] == claims[1]
        case "^":
            return claims[0] != claims[1]
    return all(claims)


def _renamed(statements: list[str], order: tuple[int, ...]) -> Iterator[str]:
    """Let the inhabitant at ``order[0]`` be A, the one at ``order[1]`` be B, and so on."""
    names = str.maketrans("".join(NAMES[old] for old in order), NAMES[: len(order)])
    for old in order:
        statement = statements[old].translate(names)
        joint = JOINTS.search(statement)
        # Every joint is commutative.
        yield joint[0].join(sorted(statement.split(joint[0]))) if joint else statement
