"""reasoning-gym (open-thought/reasoning-gym, 0.1.25, Apache-2.0): tasks with the rules of a family.

Fields of ``meta`` and form of ``answer`` of each task:

- countdown, puzzle24: numbers, target. An expression.
- cryptarithm: words_letters, result_letters. "A=1,B=2".
- kakurasu: row_sums, col_sums. Lines of 0 and 1.
- knights_knaves: statements, names, and what knights and knaves are called. "Ann is a knight, and
  Bob is a knave."
- maze: grid, and what its signs mean. The length of a shortest walk: a claim.
- mini_sudoku, sudoku: puzzle (matrix, 0 blank). Lines of digits.
- shortest_path: matrix (of * # O X). "up up left", or "infeasible".
- zebra_puzzles: nothing, the clues are in the text. Who lives in house 1: a claim.

One of our prompts differs a little: a maze wants any walk, not a shortest one. A response is judged
by the prompt that we give.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seed.reference.importers.reading import (
    NO_STEP,
    Converted,
    Line,
    Reader,
    Unreadable,
    Unsuited,
    answer_rows,
    answer_text,
    answered,
    claimed,
    matrix,
    typed,
    written,
)
from seed.reference.importers.zebra_prose import zebra_puzzles
from seed.reference.tasks.puzzles.cryptarithm import LETTERS
from seed.reference.tasks.puzzles.knights_and_knaves import KNAVE, KNIGHT, NAMES

DIRECTIONS = {"up": "U", "down": "D", "left": "L", "right": "R"}
LITERALS = {"telling-truth": True, "lying": False}
MAX_NESTING = 20
"""Depth of a statement that is read; the collection's are two deep."""


def countdown(line: Line) -> Converted:
    """Read numbers and a target; any rational number may be given on the way, and any sign."""
    numbers = line.listed("numbers", int)
    instance = {"numbers": numbers, "target": line.number("target"), "any_rationals": True}
    return Converted("countdown", instance, answer_text(line.answer))


def puzzle24(line: Line) -> Converted:
    """Read numbers that are to make 24, with any sign."""
    instance = {"numbers": line.listed("numbers", int), "signs": True}
    return Converted("twentyfour", instance, answer_text(line.answer))


def sudoku(line: Line) -> Converted:
    """Read a Sudoku of either size."""
    instance = {"grid": written(line.matrix("puzzle"), {0: "."})}
    return Converted("sudoku", instance, answer_rows(line.answer))


def kakurasu(line: Line) -> Converted:
    """Read a Kakurasu."""
    instance = {"rows": line.listed("row_sums", int), "columns": line.listed("col_sums", int)}
    response = answer_rows(line.answer).translate(str.maketrans("01", ".#"))
    return Converted("kakurasu", instance, response)


def cryptarithm(line: Line) -> Converted:
    """Read a sum of words."""
    equation = f"{'+'.join(line.listed('words_letters', str))}={line.text('result_letters')}"
    if not re.fullmatch(r"[A-Z]+(\+[A-Z]+)+=[A-Z]+", equation):
        names = "meta.words_letters and meta.result_letters"
        raise Unreadable(f"{names} must be words of capital letters")
    if line.meta.get("allow_leading_zero"):
        raise Unsuited("numbers that begin with 0, which cryptarithm forbids")
    letters = list(dict.fromkeys(re.sub(r"[^A-Z]", "", equation)))
    if len(letters) > len(LETTERS):
        raise Unreadable(f"meta.words_letters must not hold more than {len(LETTERS)} letters")
    digits = dict(re.findall(r"([A-Z]) ?= ?([0-9])", answer_text(line.answer)))
    response = "".join(digits.get(sign, NO_STEP if sign.isalpha() else sign) for sign in equation)
    renamed = str.maketrans(dict(zip(letters, LETTERS, strict=False)))
    return Converted("cryptarithm", {"sum": equation.translate(renamed)}, response)


def maze(line: Line) -> Converted:
    """Read a maze.

    The answer claims how long a shortest walk is; the family's own walk is a shortest one.
    """
    names = {"start": "S", "goal": "G", "wall": "#", "path": "."}
    signs = {line.text(name): sign for name, sign in names.items()}
    rows = matrix(list(map(list, line.listed("grid", str))), "meta.grid", str)
    if len(signs) != 4 or not {cell for row in rows for cell in row} <= set(signs):
        raise Unreadable("meta.grid must hold the signs of meta.start, goal, wall and path")
    grid = written(rows, signs)
    if not grid.count("S") == grid.count("G") == 1:
        raise Unreadable("meta.grid must hold one start and one goal")
    return claimed("maze", {"grid": grid}, lambda own: str(len(own)) == answer_text(line.answer))


def shortest_path(line: Line) -> Converted:
    """Read a grid to walk through."""
    grid = written(line.matrix("matrix", str), {"*": "S", "#": "G", "O": ".", "X": "#"})
    if not (grid.count("S") == grid.count("G") == 1 and set(grid) <= set("SG.#/")):
        raise Unreadable("meta.matrix must hold one *, one #, and otherwise O and X")
    return answered(line, "maze", {"grid": grid}, _walk)


def knights_knaves(line: Line) -> Converted:
    """Read the statements of inhabitants about each other."""
    statements, people = line.listed("statements", list), line.listed("names", str)
    terms = line.meta.get("knight_knave_terms")
    if len(people) != len(statements) or not isinstance(terms, Mapping):
        raise Unreadable("meta must hold as many names as statements, and knight_knave_terms")
    if len(people) > len(NAMES):
        raise Unsuited(f"{len(people)} inhabitants, and knights_and_knaves names {len(NAMES)}")
    formulas = [_formula(statement, True, len(people), MAX_NESTING) for statement in statements]
    kind_names = {"knight": KNIGHT, "knave": KNAVE}
    kinds = {typed(terms, name, str, "text"): kind for name, kind in kind_names.items()}
    terms_of = dict(re.findall(r"(\w+) is an? (\w+)", answer_text(line.answer)))
    response = "".join(kinds.get(terms_of.get(name, ""), NO_STEP) for name in people)
    return Converted("knights_and_knaves", {"statements": "/".join(formulas)}, response)


TASKS: Mapping[str, Reader] = {
    "countdown": countdown,
    "cryptarithm": cryptarithm,
    "kakurasu": kakurasu,
    "knights_knaves": knights_knaves,
    "maze": maze,
    "mini_sudoku": sudoku,
    "puzzle24": puzzle24,
    "shortest_path": shortest_path,
    "sudoku": sudoku,
    "zebra_puzzles": zebra_puzzles,
}


def _walk(answer: Any) -> str:
    return "".join(DIRECTIONS.get(word, NO_STEP) for word in answer_text(answer).split())


def _formula(statement: Any, true: bool, people: int, nesting: int) -> str:
    """Write a statement, or its negation, with one joint at most.

    De Morgan's rules move negations inside.
    """
    kind, *operands = _members(statement)
    if nesting == 0:
        raise Unsuited(f"a statement nested more than {MAX_NESTING} deep")
    if kind in LITERALS and len(operands) == 1:
        (person,) = operands
        if type(person) is int and 0 <= person < people:
            return ("" if LITERALS[kind] == true else "!") + NAMES[person]
    if kind == "not" and len(operands) == 1:
        return _formula(operands[0], not true, people, nesting - 1)
    if kind == "->" and len(operands) == 2:
        return _formula(["or", ["not", operands[0]], operands[1]], true, people, nesting - 1)
    if kind not in ("and", "or", "<=>"):
        words = "telling-truth, lying, not, and, or, -> and <=>"
        raise Unreadable(f"meta.statements must be made of {words}")
    keep = true or kind == "<=>"
    claims = [_formula(operand, keep, people, nesting - 1) for operand in operands]
    if len(claims) != 2 or any(claim.lstrip("!") not in NAMES for claim in claims):
        raise Unsuited("a statement of more than two claims, and knights_and_knaves joins two")
    if kind == "<=>":
        alike = (claims[0].startswith("!") == claims[1].startswith("!")) == true
        return ("~" if alike else "^").join(claim.lstrip("!") for claim in claims)
    return ("&" if (kind == "and") == true else "|").join(claims)


def _members(statement: Any) -> Sequence[Any]:
    if not (isinstance(statement, list) and statement and isinstance(statement[0], str)):
        raise Unreadable("meta.statements must be lists that begin with a word")
    return statement
