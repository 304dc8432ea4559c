r"""Matrices and what is set like one: systems of equations, functions by cases.

=====================================================  =========================================
``\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}``       ``Matrix``; also bmatrix, array
``\frac12 \begin{pmatrix} .. \end{pmatrix}``           the matrix with every entry multiplied
``\begin{pmatrix} .. \end{pmatrix}^T``                 its transpose; ``(1, 2)^T`` is a column
``\begin{vmatrix} .. \end{vmatrix}``                   a number, the determinant, up to 4 rows
``\begin{cases} x = 3 \\ y = 4 \end{cases}``          a list of the rows; also aligned
``\begin{cases} x & x > 0 \\ ..\end{cases}``          a set of pairs of value and condition
=====================================================  =========================================
"""

import re
from collections.abc import Sequence

from seed.reference.verifiers.mathematics.answers import (
    LIST,
    POINT,
    SET,
    Answer,
    Collection,
    Matrix,
    Scalar,
    Text,
)
from seed.reference.verifiers.mathematics.cursor import Unreadable
from seed.reference.verifiers.mathematics.expressions import Apply, Tree, negative, number
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.parser import read_expression
from seed.reference.verifiers.mathematics.relations import RELATION, Reading

ENVIRONMENT = re.compile(
    r"\\begin ?\{ ?([a-zA-Z]+)\*? ?\}(?: ?\{[lcr| ]*\})?(.*)\\end ?\{ ?\1\*? ?\}", re.DOTALL
)
MATRICES = ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array")
SYSTEMS = ("cases", "dcases", "rcases", "aligned", "align", "gathered", "gather", "split", "array")
TRANSPOSED = re.compile(r"\^ ?\{? ?(?:T|t|\\top|\\intercal|\\prime) ?\}?|'")
TRANSPOSED_LIST = re.compile(
    r"[(\[]([^()\[\],]+(?:,[^()\[\],]+)+)[)\]] ?\^ ?\{? ?(?:T|\\top|\\intercal) ?\}?"
)
CONDITION = re.compile(r"^(?:,|if|for|when|where|若|当) ?", re.IGNORECASE)
PARTNERS = {"(": ")", "[": "]", "|": "|", "\\{": ""}
MOST_ENTRIES, LARGEST_DETERMINANT = 80, 4


def read_environment(text: str, rules: GradingRules, inside: Reading) -> Answer | None:
    """Read a text in normal form that holds one environment; None if it holds none.

    Raises:
        Unreadable: It holds one that cannot be read.
    """
    match = ENVIRONMENT.search(text)
    if match is None:
        return _transposed_list(text, inside)
    name, before, behind = match[1], text[: match.start()].strip(), text[match.end() :].strip()
    bracket = next((sign for sign in PARTNERS if before.endswith(sign)), "")
    if bracket and behind.startswith(PARTNERS[bracket]):
        before, behind = before.removesuffix(bracket), behind[len(PARTNERS[bracket]) :].strip()
    rows = [line.split("&") for line in match[2].split("\\\\") if line.strip()]
    if name in SYSTEMS and (name != "array" or bracket == "\\{") and not before + behind:
        return _read_system([[cell.strip() for cell in row] for row in rows], inside)
    if name not in MATRICES:
        raise Unreadable(f"the environment {name[:20]!r} is not known here")
    if sum(map(len, rows)) > MOST_ENTRIES or len({len(row) for row in rows}) != 1:
        raise Unreadable("a matrix that is too large, or with rows of different lengths")
    entries = tuple(tuple(inside(cell) for cell in row) for row in rows)
    is_number = name in ("vmatrix", "Vmatrix") or bracket == "|"
    if TRANSPOSED.fullmatch(behind):
        entries, behind = tuple(zip(*entries, strict=True)), ""
    if behind:
        raise Unreadable(f"cannot read {behind[:20]!r} behind a matrix")
    factor = _factor(before, rules)
    if is_number:
        determinant = _determinant([_trees(row) for row in entries])
        return Scalar(determinant if factor is None else Apply("*", (factor, determinant)))
    return Matrix(entries if factor is None else tuple(_multiplied(row, factor) for row in entries))


def _transposed_list(text: str, inside: Reading) -> Matrix | None:
    """Read ``(1, 2)^T`` as a column; None if it is something else."""
    column = TRANSPOSED_LIST.fullmatch(text)
    if column is None:
        return None
    return Matrix(tuple((inside(entry.strip()),) for entry in column[1].split(",")))


def _factor(text: str, rules: GradingRules) -> Tree | None:
    """What stands before a matrix; None if nothing does."""
    text = text.removesuffix("*").strip()
    if text in ("", "+"):
        return None
    return number(-1) if text == "-" else read_expression(text, rules.log_base)


def _multiplied(row: Sequence[Answer], factor: Tree) -> tuple[Answer, ...]:
    return tuple(Scalar(Apply("*", (factor, tree))) for tree in _trees(row))


def _trees(row: Sequence[Answer]) -> list[Tree]:
    trees = [entry.tree for entry in row if isinstance(entry, Scalar)]
    if len(trees) < len(row):
        raise Unreadable("a matrix whose entries are no numbers")
    return trees


def _determinant(rows: list[list[Tree]]) -> Tree:
    """By expansion along the first row."""
    if not 1 <= len(rows) <= LARGEST_DETERMINANT or any(len(row) != len(rows) for row in rows):
        raise Unreadable("a determinant that is not square, or too large")
    if len(rows) == 1:
        return rows[0][0]
    total: Tree = number(0)
    for column, entry in enumerate(rows[0]):
        minor = [row[:column] + row[column + 1 :] for row in rows[1:]]
        term: Tree = Apply("*", (entry, _determinant(minor)))
        total = Apply("+", (total, negative(term) if column % 2 else term))
    return total


def _read_system(rows: list[list[str]], inside: Reading) -> Answer:
    by_cases = [row for row in rows if len(row) == 2 and row[0] and not RELATION.match(row[1])]
    if by_cases and len(by_cases) == len(rows):
        pairs = (
            Collection(POINT, (inside(v.rstrip(" ,")), _condition(c, inside))) for v, c in rows
        )
        return Collection(SET, tuple(pairs))
    lines: list[str] = []
    for row in rows:
        line = " ".join(row).strip(" ,;")
        if lines and RELATION.match(line):  # `x &= 2 + 3 \\ &= 5` goes on
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    members = tuple(inside(line) for line in lines)
    return members[0] if len(members) == 1 else Collection(LIST, members)


def _condition(text: str, inside: Reading) -> Answer:
    text = CONDITION.sub("", text.strip())
    try:
        return inside(text)
    except Unreadable:
        return Text(text)
