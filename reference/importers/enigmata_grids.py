"""Enigmata's grid puzzles (b9c6f59, Apache-2.0), each in the grid of the family with its rules.

Fields of ``meta`` and form of ``answer`` of each task:

- binario: question (lines, ``_`` blank). Lines of 0 and 1; its rules let lines be equal.
- campsite: question (numbers, then lines). The same with tents ``*``, between <begin_board> and
  <end_board>.
- hitori: question (matrix). List of cells from 0.
- kakurasu: question ("Row sums: […]" …). List of cells from 1.
- light_up: question (lines). List of cells from 0.
- magic_square: question (3x3, null blank). Matrix; any different integers.
- minesweeper: question (matrix, -2 hidden). List of cells from 0, the mines that are certain.
- skyscraper: grid_size, question (clues). Matrix.
- star_battle: question (lines, ``X`` wall). Lines with ``*``.
- sudoku: question (matrix, 0 blank). Matrix.
"""

import re
from collections.abc import Mapping
from typing import Any

from seed.reference.importers.reading import (
    Converted,
    Line,
    Unreadable,
    Unsuited,
    answer_rows,
    answered,
    cells,
    listed,
    marked,
    matrix,
    square,
    written,
)
from seed.reference.tasks.puzzles.magic_square import SIDE_OF_ANY
from seed.reference.tasks.puzzles.minesweeper import cell_name

SIDES = ("left", "right", "top", "bottom")
LARGEST_DIGIT = 9


def binario(line: Line) -> Converted:
    """Read a Binario."""
    grid = square(line.text("question").splitlines()).replace("_", ".")
    return answered(line, "binario", {"grid": grid, "distinct_lines": False}, answer_rows)


def campsite(line: Line) -> Converted:
    """Read a camp."""
    question = line.text("question")
    totals, rows, columns = _tent_numbers(question)
    grid = square(question.splitlines()[3:]).replace("X", "T")
    if {len(rows), len(columns)} != {grid.count("/") + 1}:
        raise Unreadable("meta.question must hold a number of tents for each row and column")
    trees = grid.count("T")
    if [trees] != totals:
        tents = f"{totals[0]} tents for {trees} trees"
        raise Unsuited(f"{tents}, and campsite gives every tree one tent")
    if max(*rows, *columns) > LARGEST_DIGIT:
        raise Unsuited("more than nine tents in a line, and campsite writes one digit")
    row_digits, column_digits = "".join(map(str, rows)), "".join(map(str, columns))
    instance = {"grid": grid, "rows": row_digits, "columns": column_digits}
    return answered(line, "campsite", instance, _camp)


def hitori(line: Line) -> Converted:
    """Read a Hitori."""
    grid = _digit_grid(line)
    return answered(line, "hitori", {"grid": grid}, lambda answer: marked(grid, answer, "#"))


def kakurasu(line: Line) -> Converted:
    """Read a Kakurasu."""
    pattern = r"(?:Row|Column) sums: \[([0-9]{1,9}(?:, *[0-9]{1,9})*)\]"
    sum_lists = re.findall(pattern, line.text("question"))
    if len(sum_lists) != 2:
        raise Unreadable("meta.question must hold 'Row sums: […]' and 'Column sums: […]'")
    rows, columns = (
        listed([int(number) for number in sums.split(",")], "meta.question", int)
        for sums in sum_lists
    )
    empty = "/".join(["." * len(columns)] * len(rows))
    instance = {"rows": rows, "columns": columns}
    return answered(line, "kakurasu", instance, lambda answer: marked(empty, answer, "#", first=1))


def light_up(line: Line) -> Converted:
    """Read a Light Up grid."""
    grid = square(line.text("question").splitlines())
    return answered(line, "light_up", {"grid": grid}, lambda answer: marked(grid, answer, "*"))


def magic_square(line: Line) -> Converted:
    """Read a magic square."""
    rows = line.matrix("question", int, type(None))
    if len(rows) != SIDE_OF_ANY or len(rows[0]) != SIDE_OF_ANY:
        raise Unsuited(
            "a magic square of another side than 3, and magic_square completes only these with any"
            " integers"
        )
    instance = {"grid": _spaced(rows), "any_integers": True}
    return answered(
        line, "magic_square", instance, lambda answer: _spaced(matrix(answer, "answer"))
    )


def minesweeper(line: Line) -> Converted:
    """Read a minefield."""
    field = line.matrix("question")
    if not {cell for row in field for cell in row} <= {-2, *range(9)}:
        raise Unreadable("meta.question must hold -2 and 0 to 8")
    side = max(len(field), len(field[0]))
    names = [cell_name(row, column, side) for row, column in cells(line.answer)]
    return Converted("minesweeper", {"grid": written(field, {-2: "."})}, " ".join(names))


def skyscraper(line: Line) -> Converted:
    """Read a city."""
    size, question = line.number("grid_size"), line.meta.get("question")
    if not isinstance(question, Mapping):
        raise Unreadable("meta.question must be an object with left, right, top and bottom")
    clues = {side: listed(question.get(side), f"meta.question.{side}", int) for side in SIDES}
    if {size} != set(map(len, clues.values())):
        wanted = "as many clues on each side as meta.grid_size says"
        raise Unreadable(f"meta.question must hold {wanted}")
    if size > LARGEST_DIGIT:
        raise Unsuited("heights above nine, and skyscraper writes one digit")
    if not all(0 <= clue <= size for of_side in clues.values() for clue in of_side):
        raise Unreadable("meta.question must hold clues of 0 to meta.grid_size")
    pairs = {
        "row": list(map("{}{}".format, clues["left"], clues["right"])),
        "column": list(map("{}{}".format, clues["top"], clues["bottom"])),
    }
    instance = {"grid": "/".join(["." * size] * size), "clues": pairs}
    return Converted("skyscraper", instance, _matrix_rows(line.answer))


def star_battle(line: Line) -> Converted:
    """Read a star battle without regions."""
    grid = square(line.text("question").splitlines())
    return answered(line, "star_battle", {"grid": grid}, answer_rows)


def sudoku(line: Line) -> Converted:
    """Read a Sudoku of either size."""
    instance = {"grid": _digit_grid(line, {0: "."})}
    return Converted("sudoku", instance, _matrix_rows(line.answer))


def _spaced(rows: list[list[Any]]) -> str:
    return "/".join(" ".join("." if cell is None else str(cell) for cell in row) for row in rows)


def _matrix_rows(answer: Any) -> str:
    return written(matrix(answer, "answer"))


def _digit_grid(line: Line, names: Mapping[Any, str] | None = None) -> str:
    rows = line.matrix("question")
    if len(rows) != len(rows[0]):
        raise Unreadable("meta.question must be a square matrix")
    if max(map(max, rows)) > LARGEST_DIGIT or min(map(min, rows)) < 0:
        raise Unsuited("numbers outside 0 to 9, and the family writes one digit")
    return written(rows, names)


def _tent_numbers(question: str) -> list[list[int]]:
    numbers = re.findall(r"^t[a-z ]*: *([0-9]+(?: [0-9]+)*) *$", question, re.MULTILINE)
    if len(numbers) != 3 or " " in numbers[0]:
        wanted = "the number of tents, those of the rows and those of the columns"
        raise Unreadable(f"meta.question must begin with {wanted}")
    return [list(map(int, counts.split())) for counts in numbers]


def _camp(answer: Any) -> str:
    text = answer if isinstance(answer, str) else ""
    board = re.search(r"<begin_board>(.*)<end_board>", text, re.DOTALL)
    if board is None:
        raise Unreadable("answer must hold a board between <begin_board> and <end_board>")
    return answer_rows(board[1]).translate(str.maketrans("X*", "T^"))
