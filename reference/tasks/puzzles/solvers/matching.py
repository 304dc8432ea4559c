"""Matching: give everyone one of the things they accept, and no thing to two of them."""

from collections.abc import Sequence


def match(accepted: Sequence[Sequence[int]]) -> list[int] | None:
    """Match by augmenting paths (Kuhn 1955): whoever comes may ask those served before to take
    something else.

    Args:
        accepted: For each person the things they accept, the preferred ones first.

    Returns:
        The thing of each person, or None if they cannot all be served.
    """
    owners: dict[int, int] = {}
    for person in range(len(accepted)):
        if not _serve(person, accepted, owners, set()):
            return None
    things = {owner: thing for thing, owner in owners.items()}
    return [things[person] for person in range(len(accepted))]


def _serve(
    person: int, accepted: Sequence[Sequence[int]], owners: dict[int, int], asked: set[int]
) -> bool:
    """Serve one more person; no thing is asked for twice on the way, so the depth is at most the
    number of persons.
    """
    for thing in accepted[person]:
        if thing not in asked:
            asked.add(thing)
            if thing not in owners or _serve(owners[thing], accepted, owners, asked):
                owners[thing] = person
                return True
    return False
