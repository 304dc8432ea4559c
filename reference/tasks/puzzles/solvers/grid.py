"""Square grids as text: rows separated by ``/``, cells numbered from 0 in reading order."""

from collections.abc import Iterator, Sequence, Set
from functools import cache


def rows_of(cells: Sequence[str], size: int) -> str:
    """Write cells as rows of ``size``, e.g. ``12/21``."""
    return "/".join("".join(cells[first : first + size]) for first in range(0, len(cells), size))


def cells_of(grid: str) -> str:
    """The characters of the cells, in reading order."""
    return grid.replace("/", "")


def side(grid: str) -> int:
    """The length of a row."""
    return len(grid.partition("/")[0])


def position(cell: int, size: int) -> str:
    """Name a cell for a reader, e.g. ``row 1 column 3``."""
    return f"row {cell // size + 1} column {cell % size + 1}"


def lines_of(grid: str) -> dict[str, str]:
    """The text of every line by its name: ``row 1`` and so on, then ``column 1`` and so on."""
    rows = grid.split("/")
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    return {
        f"{name} {number}": line
        for name, lines in (("row", rows), ("column", columns))
        for number, line in enumerate(lines, start=1)
    }


@cache
def lines(size: int) -> dict[str, tuple[int, ...]]:
    """The cells of every line of a square, by the names of ``lines_of`` and in their order."""
    rows = {f"row {row + 1}": tuple(range(row * size, row * size + size)) for row in range(size)}
    columns = {
        f"column {column + 1}": tuple(range(column, size * size, size)) for column in range(size)
    }
    return rows | columns


@cache
def beside(size: int) -> list[tuple[int, ...]]:
    """For each cell the two to four cells that share an edge with it, in reading order."""
    return [
        tuple(
            neighbour
            for neighbour in around(size)[cell]
            if neighbour // size == cell // size or neighbour % size == cell % size
        )
        for cell in range(size * size)
    ]


@cache
def around(size: int) -> list[tuple[int, ...]]:
    """For each cell the three to eight cells that touch it, even diagonally, in reading order."""
    cells = [divmod(cell, size) for cell in range(size * size)]
    return [
        tuple(
            number
            for number, (row, column) in enumerate(cells)
            if max(abs(row - own_row), abs(column - own_column)) == 1
        )
        for own_row, own_column in cells
    ]


@cache
def windows(size: int) -> list[tuple[int, ...]]:
    """The squares of two by two cells.

    Two cells touch, even diagonally, exactly if a window holds both.
    """
    corners = [row * size + column for row in range(size - 1) for column in range(size - 1)]
    return [(corner, corner + 1, corner + size, corner + size + 1) for corner in corners]


def touching(cells: Set[int], neighbours: list[tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """The pairs of cells that are neighbours, in ascending order, the lower number first.

    Args:
        cells: Some cells.
        neighbours: The result of ``beside`` or ``around``.
    """
    return (
        (cell, neighbour)
        for cell in sorted(cells)
        for neighbour in neighbours[cell]
        if cell < neighbour and neighbour in cells
    )


def connected(cells: Set[int], size: int) -> bool:
    """True if every cell can be reached from every other by edges, staying on the cells."""
    stack = sorted(cells)[:1]
    reached = set(stack)
    while stack:
        new = {cell for cell in beside(size)[stack.pop()] if cell in cells} - reached
        reached |= new
        stack += new
    return len(reached) == len(cells)
