"""Squares with blanks to fill in: reading, writing, and drawing Latin squares."""

from collections.abc import Sequence

import numpy as np

from seed.reference.tasks.puzzles.solvers.matching import match

BLANK = "."


def rows_of(cells: Sequence[str], size: int) -> str:
    """Write a square as its rows, separated by ``/``.

    Args:
        cells: Its characters, row by row.
        size: Length of a row.

    Returns:
        E.g. ``12/21``.
    """
    return "/".join("".join(cells[first : first + size]) for first in range(0, len(cells), size))


def completed(grid: str, response: str) -> str:
    """Put an answer into the form of the whole grid.

    Args:
        grid: Rows separated by ``/``, with blanks.
        response: The whole grid, or only the characters for the blanks in reading order.

    Returns:
        The whole grid as answered, or the empty text if there are too few or too many characters
        for the blanks.
    """
    if "/" in response:
        return response
    if len(response) != grid.count(BLANK):
        return ""
    rest = iter(response)
    return "".join(next(rest) if cell == BLANK else cell for cell in grid)


def blanked(grid: str, blanks: int, random: np.random.Generator) -> str:
    """Blank out cells chosen uniformly.

    Args:
        grid: Rows separated by ``/``.
        blanks: Number of cells.
        random: The only source of randomness.

    Returns:
        The grid with so many blanks.
    """
    characters = list(grid)
    cells = [place for place, character in enumerate(grid) if character != "/"]
    for place in random.choice(cells, size=blanks, replace=False):
        characters[place] = BLANK
    return "".join(characters)


def misfilled(grid: str, answer: str, symbols: str) -> str:
    """Find what is wrong with a filled grid before any rule of the game is asked.

    Args:
        grid: The square with its blanks.
        answer: The whole grid as answered.
        symbols: What a cell may hold.

    Returns:
        The fault: another shape, a foreign character or a changed given; or the empty text.
    """
    size = grid.find("/")
    rows = answer.split("/")
    if len(rows) != size or any(len(row) != size for row in rows):
        return f"the answer is not {size} rows of {size} characters"
    if not set(answer) <= {*symbols, "/"}:
        return f"the answer holds a character that is not one of {symbols}"
    if any(given not in (BLANK, kept) for given, kept in zip(grid, answer, strict=True)):
        return "a given cell was changed"
    return ""


def only_blanks(grid: str, answer: str) -> str:
    """Read the characters that an answer puts into the blanks.

    Args:
        grid: The square with its blanks.
        answer: The whole grid.

    Returns:
        The characters, in reading order.
    """
    return "".join(filled for given, filled in zip(grid, answer, strict=True) if given == BLANK)


def lines_of(grid: str) -> dict[str, str]:
    """Read the rows and columns of a square.

    Args:
        grid: Rows separated by ``/``.

    Returns:
        Text of each line by its name, ``row 1`` to ``column 9``.
    """
    rows = grid.split("/")
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    named = [("row", rows), ("column", columns)]
    return {
        f"{name} {number}": line
        for name, lines in named
        for number, line in enumerate(lines, start=1)
    }


def random_latin_square(random: np.random.Generator, size: int) -> str:
    """Draw a Latin square, row after row.

    A matching of columns with numbers they have not yet extends any Latin rectangle (Hall's
    theorem), so nothing is ever undone. Every square can come out; they are not all equally likely.

    Args:
        random: The only source of randomness.
        size: 2 to 9.

    Returns:
        Rows separated by ``/``, each of which and each column of which holds the digits from 1 to
        ``size``.
    """
    rows: list[list[int]] = []
    for _ in range(size):
        orders = random.permuted(np.tile(np.arange(1, size + 1), (size, 1)), axis=1).tolist()
        unused = [
            [digit for digit in orders[column] if all(row[column] != digit for row in rows)]
            for column in range(size)
        ]
        rows.append(match(unused) or [])  # never empty, by the theorem
    return "/".join("".join(map(str, row)) for row in rows)
