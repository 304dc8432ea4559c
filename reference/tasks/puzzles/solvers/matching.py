"""Bipartite matching: give every row a column that it accepts, and no column to two rows."""

from collections.abc import Sequence


def match(accepted: Sequence[Sequence[int]]) -> list[int] | None:
    """Match by augmenting paths (Kuhn 1955).

    Args:
        accepted: For each row the columns that it accepts, the preferred ones first.

    Returns:
        The column of each row, or None if they cannot all be matched.
    """
    owners: dict[int, int] = {}
    for row in range(len(accepted)):
        if not _augment(row, accepted, owners, set()):
            return None
    columns = {row: column for column, row in owners.items()}
    return [columns[row] for row in range(len(accepted))]


def _augment(
    row: int, accepted: Sequence[Sequence[int]], owners: dict[int, int], visited: set[int]
) -> bool:
    """Match one more row, moving rows that are matched already to other columns if need be.

    No column is visited twice on the way, so the depth is at most the number of rows.
    """
    for column in accepted[row]:
        if column not in visited:
            visited.add(column)
            if column not in owners or _augment(owners[column], accepted, owners, visited):
                owners[column] = row
                return True
    return False
