"""Properties of the matching: it is found exactly if there is one."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles.solvers.matching import match

ACCEPTED = st.lists(st.lists(st.integers(0, 4), unique=True), max_size=5)


@given(accepted=ACCEPTED)
@settings(max_examples=80)
def test_all_rows_are_matched_exactly_if_some_assignment_matches_all(
    accepted: list[list[int]],
) -> None:
    columns = match(accepted)
    if columns is not None:
        assert len(set(columns)) == len(accepted)
        assert all(column in choices for column, choices in zip(columns, accepted, strict=True))
    else:
        assignments = permutations(range(5), len(accepted))
        assert not any(all(map(list.__contains__, accepted, columns)) for columns in assignments)
