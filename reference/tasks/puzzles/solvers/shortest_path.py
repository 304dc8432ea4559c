"""Bidirectional breadth-first search: a shortest sequence of moves between two states of a puzzle.

A layer of width b^n is reached after n moves when every state has about b neighbours. Two searches
that meet in the middle need two layers of width b^(n/2) where one search from the start alone would
need one of width b^n.
"""

from collections.abc import Callable, Iterable

# Every puzzle that is searched writes its states as texts, which are cheap to hash and to compare.
Steps = Callable[[str], Iterable[tuple[str, str]]]
Paths = dict[str, list[str]]


def shortest_moves(start: str, goal: str, after: Steps, before: Steps) -> list[str] | None:
    """Find a shortest path by breadth-first layers from both ends, the narrower layer first.

    The first layer that meets the other search completes a shortest path: were there a shorter one,
    an earlier layer would have met it.

    Args:
        start: The first state.
        goal: The last state.
        after: For a state, every move from it and the state that it leads to.
        before: For a state, every move that leads to it and the state that it comes from.

    Returns:
        The moves, the same ones every time, or None if no path exists.
    """
    from_start: Paths = {start: []}
    to_goal: Paths = {goal: []}
    outward, inward = [start], [goal]
    if start == goal:
        return []
    while outward and inward:
        if len(outward) <= len(inward):
            outward = newest = _next_layer(
                outward, from_start, after, lambda path, move: [*path, move]
            )
            met = next((state for state in newest if state in to_goal), None)
        else:
            inward = newest = _next_layer(inward, to_goal, before, lambda path, move: [move, *path])
            met = next((state for state in newest if state in from_start), None)
        if met is not None:
            return from_start[met] + to_goal[met]
    return None


def _next_layer(
    layer: list[str], paths: Paths, steps: Steps, longer: Callable[[list[str], str], list[str]]
) -> list[str]:
    """List the states that one more move reaches for the first time, and add their ``paths``."""
    reached = []
    for state in layer:
        for move, neighbour in steps(state):
            if neighbour not in paths:
                paths[neighbour] = longer(paths[state], move)
                reached.append(neighbour)
    return reached
