"""Properties of the preference for maze notes: right notes raise it, the walk does not matter."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.rewards import maze_notes
from seed.reference.tasks.puzzles import maze
from seed.spec.datatypes import Outcome

INSTANCE: dict[str, Any] = {"grid": "S.#/..#/#.G"}
MAZES = st.integers(0, 10_000).map(lambda seed: maze.draw(np.random.default_rng(seed), 1))
MANY = settings(max_examples=60)


@pytest.mark.parametrize(
    ("response", "value"),
    [
        ("D4R5D8R9", 4),
        ("D4R5DR9", 3),
        ("D4R6D8R9", 2),
        ("DRDR", 0),
        ("R2L1D4R5D8R9", 2),
        ("", 0),
        ("L", 0),
        ("L0", -1),
        ("L-1", -2),
        ("U0U0", -2),
        ("D04", -1),
        ("4D4", 0),
        ("D4 R5", 1),
        ("D4R5D8R9\n", 3),
        ("R2R3D6D9", 4),
        ("D" * 9, -5),
        ("D" + "4" * 4000, -1),
        ("D٤", -1),
    ],
)
def test_utility_has_its_golden_values(response: str, value: float) -> None:
    assert maze_notes.utility(INSTANCE, response) == value


def test_the_verdict_depends_on_the_walk_and_the_preference_on_the_notes() -> None:
    through_wall, without_notes = "R2R3D6D9", "DRDR"
    assert maze.verify(INSTANCE, through_wall).outcome is Outcome.WRONG
    assert maze.verify(INSTANCE, without_notes).outcome is Outcome.CORRECT
    utilities = [maze_notes.utility(INSTANCE, text) for text in (through_wall, without_notes)]
    assert utilities[0] > utilities[1]


@given(instance=MAZES, seed=st.integers(0, 2**32), extra=st.text("UDLR0123456789# ", max_size=4))
@MANY
def test_nothing_is_preferred_to_the_demonstration(
    instance: dict[str, Any], seed: int, extra: str
) -> None:
    best = maze_notes.utility(instance, maze.solve(instance))
    assert best == maze.work(instance)
    candidate = maze_notes.candidate(np.random.default_rng(seed), instance)
    for response in (candidate, candidate + extra, maze.solve(instance) + extra, extra):
        assert maze_notes.utility(instance, response) <= best


@given(instance=MAZES, data=st.data())
@MANY
def test_a_missing_note_costs_one_and_a_wrong_one_two(
    instance: dict[str, Any], data: st.DataObject
) -> None:
    walk = maze.answer(instance)
    notes = [str(cell) for cell in maze.cells(instance, walk)]
    index = data.draw(st.integers(0, len(walk) - 1))
    wrong = str(data.draw(st.integers(0, 99).filter(lambda number: str(number) != notes[index])))
    utilities = []
    for note in ("", wrong):
        changed = [*notes[:index], note, *notes[index + 1 :]]
        response = "".join(move + text for move, text in zip(walk, changed, strict=True))
        utilities.append(maze_notes.utility(instance, response))
    assert utilities == [len(walk) - 1, len(walk) - 2]


@given(instance=MAZES, seed=st.integers(0, 2**32))
@MANY
def test_equal_seeds_draw_equal_readable_candidates(instance: dict[str, Any], seed: int) -> None:
    first, again = (maze_notes.candidate(np.random.default_rng(seed), instance) for _ in range(2))
    assert first == again
    assert set(first) <= maze_notes.READABLE | {maze_notes.FOREIGN}


def test_candidates_are_of_every_quality() -> None:
    random = np.random.default_rng(0)
    candidates = [maze_notes.candidate(random, INSTANCE) for _ in range(400)]
    assert {maze_notes.utility(INSTANCE, text) for text in candidates} >= set(range(-3, 5))
    verdicts = [maze.verify(INSTANCE, text).outcome for text in candidates]
    assert min(verdicts.count(Outcome.CORRECT), verdicts.count(Outcome.WRONG)) > 80


@given(text=st.text(alphabet="UDLR09?=#YN \n", max_size=30) | st.text(max_size=12))
@MANY
def test_a_quoted_text_is_short_and_neither_ends_early_nor_contains_the_verdict(text: str) -> None:
    quoted = maze_notes.quoted(INSTANCE, text)
    assert len(quoted) <= len(maze.solve(INSTANCE)) + maze_notes.SPARE
    assert set(quoted) <= maze_notes.READABLE | {maze_notes.FOREIGN}
    assert maze_notes.quoted(INSTANCE, quoted) == quoted


@given(text=st.text(alphabet="UDLR0123456789", max_size=14))
@MANY
def test_quoting_keeps_the_utility_of_texts_that_it_does_not_cut(text: str) -> None:
    if len(text) <= len(maze.solve(INSTANCE)) + maze_notes.SPARE:
        quoted = maze_notes.quoted(INSTANCE, text)
        assert maze_notes.utility(INSTANCE, quoted) == maze_notes.utility(INSTANCE, text)
