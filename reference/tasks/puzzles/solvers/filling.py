"""Squares with blanks to fill in: reading, writing, and drawing Latin squares."""

import numpy as np

from seed.reference.tasks.puzzles.solvers.matching import match

BLANK = "."


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
    answers = iter(response)
    return "".join(next(answers) if cell == BLANK else cell for cell in grid)


def blanked(grid: str, blanks: int, random: np.random.Generator) -> str:
    """Blank out so many cells, chosen uniformly."""
    characters = list(grid)
    cells = [index for index, character in enumerate(grid) if character != "/"]
    for index in random.choice(cells, size=blanks, replace=False):
        characters[index] = BLANK
    return "".join(characters)


def misfilled(grid: str, answer: str, symbols: str) -> str:
    """Find what is wrong with the form of a filled grid, before any rule of the puzzle is checked.

    Args:
        grid: The square with its blanks.
        answer: The whole grid as answered.
        symbols: What a cell may hold.

    Returns:
        Another shape, a foreign character or a changed given; the empty text if there is no such
        fault.
    """
    size = grid.find("/")
    rows = answer.split("/")
    if len(rows) != size or any(len(row) != size for row in rows):
        return f"the answer is not {size} rows of {size} characters"
    if not set(answer) <= {*symbols, "/"}:
        return f"the answer holds a character that is not one of {symbols}"
    if any(given not in (BLANK, answered) for given, answered in zip(grid, answer, strict=True)):
        return "a given cell was changed"
    return ""


def only_blanks(grid: str, answer: str) -> str:
    """The characters that a whole grid has in the blanks, in reading order."""
    return "".join(answered for given, answered in zip(grid, answer, strict=True) if given == BLANK)


def random_latin_square(random: np.random.Generator, size: int) -> str:
    """Draw a Latin square of the digits 1 to ``size`` (2 to 9), row after row.

    A matching of columns with digits they have not yet extends any Latin rectangle (Hall's
    theorem), so nothing is ever undone. Every square can come out; they are not all equally likely.
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
