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

import json
import re
from collections.abc import Mapping
from typing import Any

from seed.reference.importers.reading import (
    Converted,
    Line,
    Unreadable,
    Unsuited,
    answered,
    cells,
    listed,
    marked,
    matrix,
    number,
    square,
    text,
    written,
)
from seed.reference.tasks.puzzles.magic_square import SIDE_OF_ANY
from seed.reference.tasks.puzzles.minesweeper import cell_name

SIDES = ("left", "right", "top", "bottom")
LARGEST_DIGIT = 9


def binario(line: Line) -> Converted:
    """Read a Binario."""
    grid = square(text(line.meta, "question").splitlines(), "meta.question").replace("_", ".")
    instance = {"grid": grid, "distinct_lines": False}
    return answered("binario", instance, line.answer, lambda answer: _rows(answer, "answer"))


def campsite(line: Line) -> Converted:
    """Read a camp."""
    numbers, board = _campsite_parts(text(line.meta, "question"), "meta.question")
    grid = square(board, "meta.question").replace("X", "T")
    (total,), rows, columns = numbers
    if grid.count("T") != total:
        raise Unsuited(
            f"{total} tents for {grid.count('T')} trees, and campsite gives every tree one tent"
        )
    if max(*rows, *columns) > LARGEST_DIGIT:
        raise Unsuited("more than nine tents in a line, and campsite writes one digit")
    instance = {
        "grid": grid,
        "rows": "".join(map(str, rows)),
        "columns": "".join(map(str, columns)),
    }
    return answered("campsite", instance, line.answer, _camp)


def hitori(line: Line) -> Converted:
    """Read a Hitori."""
    grid = _digit_grid(line.meta)
    return answered(
        "hitori",
        {"grid": grid},
        line.answer,
        lambda answer: marked(grid, cells(answer, "answer"), "#"),
    )


def kakurasu(line: Line) -> Converted:
    """Read a Kakurasu."""
    sum_lists = re.findall(r"(?:Row|Column) sums: (\[[0-9, ]*\])", text(line.meta, "question"))
    if len(sum_lists) != 2:
        raise Unreadable("meta.question must hold 'Row sums: […]' and 'Column sums: […]'")
    rows, columns = (listed(json.loads(sums), "meta.question", int) for sums in sum_lists)
    empty = "/".join(["." * len(columns)] * len(rows))
    instance = {"rows": rows, "columns": columns}
    return answered(
        "kakurasu",
        instance,
        line.answer,
        lambda answer: marked(empty, cells(answer, "answer"), "#", first=1),
    )


def light_up(line: Line) -> Converted:
    """Read a Light Up grid."""
    grid = square(text(line.meta, "question").splitlines(), "meta.question")
    return answered(
        "light_up",
        {"grid": grid},
        line.answer,
        lambda answer: marked(grid, cells(answer, "answer"), "*"),
    )


def magic_square(line: Line) -> Converted:
    """Read a magic square."""
    rows = matrix(line.meta.get("question"), "meta.question", (int, type(None)))
    if len(rows) != SIDE_OF_ANY or len(rows[0]) != SIDE_OF_ANY:
        raise Unsuited(
            "a magic square of another side than 3, and magic_square completes only these with any"
            " integers"
        )
    instance = {"grid": _spaced(rows), "any_integers": True}
    return answered(
        "magic_square", instance, line.answer, lambda answer: _spaced(matrix(answer, "answer"))
    )


def minesweeper(line: Line) -> Converted:
    """Read a minefield."""
    field = matrix(line.meta.get("question"), "meta.question")
    if not {cell for row in field for cell in row} <= {-2, *range(9)}:
        raise Unreadable("meta.question must hold -2 and 0 to 8")
    side = max(len(field), len(field[0]))
    names = [cell_name(row, column, side) for row, column in cells(line.answer, "answer")]
    return Converted("minesweeper", {"grid": written(field, {-2: "."})}, " ".join(names))


def skyscraper(line: Line) -> Converted:
    """Read a city."""
    size, question = number(line.meta, "grid_size"), line.meta.get("question")
    if not isinstance(question, Mapping):
        raise Unreadable("meta.question must be an object with left, right, top and bottom")
    left_clues, right_clues, top_clues, bottom_clues = (
        listed(question.get(side), f"meta.question.{side}", int) for side in SIDES
    )
    if {size} != {len(left_clues), len(right_clues), len(top_clues), len(bottom_clues)}:
        raise Unreadable(
            "meta.question must hold as many clues on each side as meta.grid_size says"
        )
    if size > LARGEST_DIGIT:
        raise Unsuited("heights above nine, and skyscraper writes one digit")
    clues = {"row": _pairs(left_clues, right_clues), "column": _pairs(top_clues, bottom_clues)}
    return Converted(
        "skyscraper",
        {"grid": "/".join(["." * size] * size), "clues": clues},
        _matrix_rows(line.answer),
    )


def star_battle(line: Line) -> Converted:
    """Read a star battle without regions."""
    grid = square(text(line.meta, "question").splitlines(), "meta.question")
    return answered(
        "star_battle", {"grid": grid}, line.answer, lambda answer: _rows(answer, "answer")
    )


def sudoku(line: Line) -> Converted:
    """Read a Sudoku of either size."""
    return Converted(
        "sudoku", {"grid": _digit_grid(line.meta, {0: "."})}, _matrix_rows(line.answer)
    )


def _rows(answer: Any, name: str) -> str:
    if not isinstance(answer, str):
        raise Unreadable(f"{name} must be text")
    return "/".join("".join(line.split()) for line in answer.strip().splitlines())


def _spaced(rows: list[list[Any]]) -> str:
    return "/".join(" ".join("." if cell is None else str(cell) for cell in row) for row in rows)


def _matrix_rows(answer: Any) -> str:
    return written(matrix(answer, "answer"))


def _digit_grid(meta: Mapping[str, Any], names: Mapping[Any, str] | None = None) -> str:
    rows = matrix(meta.get("question"), "meta.question")
    if len(rows) != len(rows[0]):
        raise Unreadable("meta.question must be a square matrix")
    if max(map(max, rows)) > LARGEST_DIGIT or min(map(min, rows)) < 0:
        raise Unsuited("numbers outside 0 to 9, and the family writes one digit")
    return written(rows, names)


def _pairs(start_clues: list[int], end_clues: list[int]) -> list[str]:
    return [
        f"{start_clue}{end_clue}"
        for start_clue, end_clue in zip(start_clues, end_clues, strict=True)
    ]


def _campsite_parts(question: str, name: str) -> tuple[list[list[int]], list[str]]:
    """The three lines of numbers, and the lines of the board below them."""
    numbers = re.findall(r"^t[a-z ]*: *([0-9]+(?: [0-9]+)*) *$", question, re.MULTILINE)
    if len(numbers) != 3 or " " in numbers[0]:
        raise Unreadable(
            f"{name} must begin with the number of tents, those of the rows and those of the"
            " columns"
        )
    return [list(map(int, counts.split())) for counts in numbers], question.splitlines()[3:]


def _camp(answer: Any) -> str:
    board = (
        re.search(r"<begin_board>(.*)<end_board>", answer, re.DOTALL)
        if isinstance(answer, str)
        else None
    )
    if board is None:
        raise Unreadable("answer must hold a board between <begin_board> and <end_board>")
    return _rows(board[1], "answer").translate(str.maketrans("X*", "T^"))
