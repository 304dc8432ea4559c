"""Squares in which some cells are to be marked: reading an answer, and which cells lie beside each
other.

Cells are numbered from 0 in reading order.
"""

from collections.abc import Iterator, Set
from functools import cache

from seed.reference.tasks.puzzles.solvers.filling import rows_of


class NotAMarking(ValueError):
    """The answer is not the given grid with some cells marked; the text says why."""


def marked(grid: str, cells: Set[int], mark: str) -> str:
    """Write a grid with marks.

    Args:
        grid: Rows separated by ``/``.
        cells: The cells to mark.
        mark: What to write into them.

    Returns:
        The marked grid.
    """
    size = side(grid)
    return rows_of(
        [mark if cell in cells else given for cell, given in enumerate(cells_of(grid))], size
    )


def read_marks(grid: str, answer: str, free: str, mark: str) -> frozenset[int]:
    """Find the marked cells of an answer.

    Args:
        grid: The grid as given.
        answer: Any text.
        free: The given characters that may be marked.
        mark: The mark, a character that no given grid holds.

    Returns:
        The marked cells.

    Raises:
        NotAMarking: The answer has another shape, or a cell is neither as given nor a free cell
            that was marked.
    """
    size, rows = side(grid), answer.split("/")
    if len(rows) != size or any(len(row) != size for row in rows):
        raise NotAMarking(f"the answer is not {size} rows of {size} characters")
    cells = list(zip(cells_of(grid), cells_of(answer), strict=True))
    for cell, (given, found) in enumerate(cells):
        if found != given and not (found == mark and given in free):
            raise NotAMarking(
                f"{place(cell, size)} is neither as given nor a free cell marked {mark}"
            )
    return frozenset(cell for cell, (given, found) in enumerate(cells) if found != given)


def side(grid: str) -> int:
    """Measure a square grid.

    Args:
        grid: Rows separated by ``/``.

    Returns:
        The length of a row.
    """
    return len(grid.partition("/")[0])


def cells_of(grid: str) -> str:
    """Read a grid as its cells.

    Args:
        grid: Rows separated by ``/``.

    Returns:
        The characters of the cells, in reading order.
    """
    return grid.replace("/", "")


def place(cell: int, size: int) -> str:
    """Name a cell to a reader.

    Args:
        cell: Number of the cell.
        size: Length of a row.

    Returns:
        E.g. ``row 1 column 3``.
    """
    return f"row {cell // size + 1} column {cell % size + 1}"


@cache
def lines(size: int) -> dict[str, tuple[int, ...]]:
    """List the rows and columns.

    Args:
        size: Length of a row.

    Returns:
        The cells of each line by its name, first ``row 1`` and so on, then ``column 1`` and so on.
    """
    named = {f"row {row + 1}": tuple(range(row * size, row * size + size)) for row in range(size)}
    return named | {
        f"column {column + 1}": tuple(range(column, size * size, size)) for column in range(size)
    }


@cache
def beside(size: int) -> list[tuple[int, ...]]:
    """List the cells that share an edge with each cell.

    Args:
        size: Length of a row.

    Returns:
        For each cell its two to four neighbours, in reading order.
    """
    return [
        tuple(
            other
            for other in around(size)[cell]
            if other // size == cell // size or other % size == cell % size
        )
        for cell in range(size * size)
    ]


@cache
def around(size: int) -> list[tuple[int, ...]]:
    """List the cells that touch each cell, even diagonally.

    Args:
        size: Length of a row.

    Returns:
        For each cell its three to eight neighbours, in reading order.
    """
    cells = [divmod(cell, size) for cell in range(size * size)]
    return [
        tuple(
            other
            for other in range(size * size)
            if cells[other] != cell and _distance(cells[other], cell) == 1
        )
        for cell in cells
    ]


@cache
def windows(size: int) -> list[tuple[int, ...]]:
    """List the squares of two by two cells: two cells touch, even diagonally, exactly if a window
    holds both.

    Args:
        size: Length of a row.

    Returns:
        The four cells of each window.
    """
    corners = [row * size + column for row in range(size - 1) for column in range(size - 1)]
    return [(corner, corner + 1, corner + size, corner + size + 1) for corner in corners]


def touching(cells: Set[int], neighbours: list[tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """Find the pairs of cells that are neighbours.

    Args:
        cells: Some cells.
        neighbours: What ``beside`` or ``around`` returned.

    Returns:
        The pairs, the lower number first, in ascending order.
    """
    return (
        (cell, other)
        for cell in sorted(cells)
        for other in neighbours[cell]
        if cell < other and other in cells
    )


def connected(cells: Set[int], size: int) -> bool:
    """Say whether cells hang together by their edges.

    Args:
        cells: Some cells; none are connected.
        size: Length of a row.

    Returns:
        True if from any of them one can step to any other, staying on them.
    """
    waiting = sorted(cells)[:1]
    reached = set(waiting)
    while waiting:
        fresh = [
            other
            for other in beside(size)[waiting.pop()]
            if other in cells and other not in reached
        ]
        reached.update(fresh)
        waiting.extend(fresh)
    return len(reached) == len(cells)


def _distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Steps of a chess king."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))
