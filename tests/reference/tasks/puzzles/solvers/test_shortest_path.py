"""Properties of the bidirectional search: its moves form a path, and none is shorter."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles.solvers.shortest_path import shortest_moves

STATES = "ABCDEFG"
GRAPHS = st.sets(st.tuples(st.sampled_from(STATES), st.sampled_from(STATES)), max_size=16)


def distance(arrows: set[tuple[str, str]], start: str, goal: str) -> int | None:
    """Count the rounds of adding what one arrow reaches, until the goal is in; None if never."""
    reached = {start}
    for rounds in range(len(STATES)):
        if goal in reached:
            return rounds
        reached |= {head for tail, head in arrows if tail in reached}
    return None


@given(arrows=GRAPHS, start=st.sampled_from(STATES), goal=st.sampled_from(STATES))
@settings(max_examples=100)
def test_a_path_is_found_exactly_if_there_is_one_and_none_is_shorter(
    arrows: set[tuple[str, str]], start: str, goal: str
) -> None:
    def after(state: str) -> Iterator[tuple[str, str]]:
        return ((tail + head, head) for tail, head in sorted(arrows) if tail == state)

    def before(state: str) -> Iterator[tuple[str, str]]:
        return ((tail + head, tail) for tail, head in sorted(arrows) if head == state)

    moves = shortest_moves(start, goal, after, before)
    assert (moves if moves is None else len(moves)) == distance(arrows, start, goal)
    state = start
    for move in moves or []:
        assert (state, move[1]) in arrows
        assert move[0] == state
        state = move[1]
    assert moves is None or state == goal
