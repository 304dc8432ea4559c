"""Squares in which some cells are to be marked: writing, checking and reading an answer."""

from collections.abc import Set

from seed.reference.tasks.puzzles.solvers.grid import cells_of, position, rows_of, side


def marked(grid: str, cells: Set[int], mark: str) -> str:
    """Write ``mark`` into some cells of a grid."""
    written = [mark if cell in cells else given for cell, given in enumerate(cells_of(grid))]
    return rows_of(written, side(grid))


def mismarked(grid: str, answer: str, free: str, mark: str) -> str:
    """Find what is wrong with the form of an answer, before any rule of the puzzle is checked.

    Args:
        grid: The grid as given.
        answer: Any text.
        free: The given characters that may be marked.
        mark: The mark, a character that no given grid holds.

    Returns:
        Another shape, or a cell that is neither as given nor a free cell that is marked; the empty
        text if there is no such fault.
    """
    size, rows = side(grid), answer.split("/")
    if len(rows) != size or any(len(row) != size for row in rows):
        return f"the answer is not {size} rows of {size} characters"
    for cell, (given, answered) in enumerate(zip(cells_of(grid), cells_of(answer), strict=True)):
        if answered != given and not (answered == mark and given in free):
            return f"{position(cell, size)} is neither as given nor a free cell marked {mark}"
    return ""


def marked_cells(grid: str, answer: str) -> frozenset[int]:
    """The cells in which an answer of the right form (see ``mismarked``) differs from the grid."""
    cells = enumerate(zip(cells_of(grid), cells_of(answer), strict=True))
    return frozenset(cell for cell, (given, answered) in cells if answered != given)
