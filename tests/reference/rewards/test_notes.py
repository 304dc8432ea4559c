"""Laws of the notes of a walk: true notes are liked, the walk itself is not judged, and a quoted
text keeps its place.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.rewards import notes
from seed.reference.rewards.reward_model import TASKS, labelled
from seed.reference.tasks.problems import problem_set, training_problem
from seed.reference.tasks.puzzles import FAMILIES, maze
from seed.spec.datatypes import Outcome

INSTANCE: dict[str, Any] = {"grid": "S.#/..#/#.G"}
MAZES = st.integers(0, 10_000).map(lambda seed: maze.draw(np.random.default_rng(seed), 1))
MANY = settings(max_examples=60)


@pytest.mark.parametrize(
    ("response", "liked"),
    [
        ("D4R5D8R9", 4), ("D4R5DR9", 3), ("D4R6D8R9", 2), ("DRDR", 0), ("R2L1D4R5D8R9", 2),
        ("", 0), ("L", 0), ("L0", -1), ("L-1", -2), ("U0U0", -2), ("D04", -1), ("4D4", 0), ("D4 R5", 1), ("D4R5D8R9\n", 3),
        ("R2R3D6D9", 4), ("D" * 9, -5), ("D" + "4" * 4000, -1), ("D٤", -1),
    ],
)  # fmt: skip
def test_utility_has_its_golden_values(response: str, liked: float) -> None:
    assert notes.utility(INSTANCE, response) == liked


def test_verdict_and_preference_look_at_different_things() -> None:
    wall, bare = "R2R3D6D9", "DRDR"
    assert (
        maze.verify(INSTANCE, wall).outcome is Outcome.WRONG
        and maze.verify(INSTANCE, bare).outcome is Outcome.CORRECT
    )
    assert notes.utility(INSTANCE, wall) > notes.utility(INSTANCE, bare)


@given(instance=MAZES, seed=st.integers(0, 2**32), extra=st.text("UDLR0123456789# ", max_size=4))
@MANY
def test_nothing_is_preferred_to_the_demonstration(
    instance: dict[str, Any], seed: int, extra: str
) -> None:
    best = notes.utility(instance, maze.solve(instance))
    assert best == maze.work(instance)
    candidate = notes.candidate(np.random.default_rng(seed), instance)
    for response in (candidate, candidate + extra, maze.solve(instance) + extra, extra):
        assert notes.utility(instance, response) <= best


@given(instance=MAZES, data=st.data())
@MANY
def test_a_note_taken_away_costs_one_and_a_false_one_two(
    instance: dict[str, Any], data: st.DataObject
) -> None:
    walk = maze.answer(instance)
    said = [str(cell) for cell in maze.cells(instance, walk)]
    place = data.draw(st.integers(0, len(walk) - 1))

    def liked(note: str) -> float:
        written = [*said[:place], note, *said[place + 1 :]]
        return notes.utility(
            instance, "".join(move + own for move, own in zip(walk, written, strict=True))
        )

    other = str(data.draw(st.integers(0, 99).filter(lambda number: str(number) != said[place])))
    assert [liked(""), liked(other)] == [len(walk) - 1, len(walk) - 2]


@given(instance=MAZES, seed=st.integers(0, 2**32))
@MANY
def test_equal_seeds_draw_equal_candidates_and_all_of_them_can_be_read(
    instance: dict[str, Any], seed: int
) -> None:
    first, again = (notes.candidate(np.random.default_rng(seed), instance) for _ in range(2))
    assert first == again
    assert set(first) <= notes.READABLE | {notes.FOREIGN}


def test_candidates_are_of_every_quality() -> None:
    random = np.random.default_rng(0)
    drawn = [notes.candidate(random, INSTANCE) for _ in range(400)]
    assert {notes.utility(INSTANCE, one) for one in drawn} >= set(range(-3, 5))
    verdicts = [maze.verify(INSTANCE, one).outcome for one in drawn]
    assert min(verdicts.count(Outcome.CORRECT), verdicts.count(Outcome.WRONG)) > 80


@given(text=st.text(alphabet="UDLR09?=#YN \n", max_size=30) | st.text(max_size=12))
@MANY
def test_a_quoted_text_is_short_and_can_neither_end_early_nor_say_the_verdict(text: str) -> None:
    quoted = notes.quoted(INSTANCE, text)
    assert len(quoted) <= len(maze.solve(INSTANCE)) + notes.SPARE
    assert set(quoted) <= notes.READABLE | {notes.FOREIGN}
    assert notes.quoted(INSTANCE, quoted) == quoted


@given(text=st.text(alphabet="UDLR0123456789", max_size=14))
@MANY
def test_what_a_reward_model_reads_tells_what_it_is_to_prefer(text: str) -> None:
    if len(text) <= len(maze.solve(INSTANCE)) + notes.SPARE:
        assert notes.utility(INSTANCE, notes.quoted(INSTANCE, text)) == notes.utility(
            INSTANCE, text
        )


@pytest.mark.parametrize("family", TASKS)
def test_pairs_of_training_and_of_the_examination_share_no_problem(family: str) -> None:
    levels = {family: (1,)}
    trained = [training_problem((family,), levels, index, seed=1) for index in range(300)]
    examined = problem_set((family,), levels, 40, 0, held_out=True)
    names = {FAMILIES[family].identity(problem.instance) for problem in trained}
    assert names.isdisjoint(FAMILIES[family].identity(problem.instance) for problem in examined)
    pairs = labelled(examined, np.random.default_rng(0))
    for pair in pairs:
        first, second = (
            TASKS[family].utility(pair.problem.instance, text) for text in (pair.first, pair.second)
        )
        assert first != second
