"""Properties of twiddle: the direction of a turn, the blocks, and shortest solutions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import twiddle
from tests.support.puzzles import accepted, instances, wrong_because

TWO_MOVES = {"grid": "123/754/896"}
BLOCKS = ("11", "12", "21", "22")


def turned(grid: str, blocks: tuple[str, ...]) -> str | None:
    """Turn blocks by NumPy's own rotation; None if a name is not that of a whole block."""
    cells = np.array([list(line) for line in grid.split("/")])
    for block in blocks:
        row, column = int(block[0]) - 1, int(block[1]) - 1
        if min(row, column) < 0 or cells[row : row + 2, column : column + 2].shape != (2, 2):
            return None
        cells[row : row + 2, column : column + 2] = np.rot90(
            cells[row : row + 2, column : column + 2]
        ).copy()
    return "/".join("".join(line) for line in cells)


def test_exactly_the_sequences_of_turns_that_end_on_the_goal_are_accepted() -> None:
    sequences = [blocks for length in range(1, 6) for blocks in product(BLOCKS, repeat=length)]
    right = [blocks for blocks in sequences if turned(TWO_MOVES["grid"], blocks) == "123/456/789"]
    assert ("22", "21") in right
    assert [
        blocks for blocks in sequences if accepted(twiddle, TWO_MOVES, " ".join(blocks))
    ] == right


def test_of_all_two_digit_names_exactly_those_of_whole_blocks_are_moves() -> None:
    names = [f"{number:02}" for number in range(100)]
    for pair in product(names, BLOCKS):
        assert accepted(twiddle, TWO_MOVES, " ".join(pair)) == (
            turned(TWO_MOVES["grid"], pair) == "123/456/789"
        )


def test_a_block_turns_counterclockwise_and_only_so() -> None:
    assert accepted(twiddle, {"grid": "413/526/789"}, "11")
    clockwise = {"grid": "253/146/789"}
    assert not accepted(twiddle, clockwise, "11")
    assert accepted(twiddle, clockwise, "11 11 11")


@given(detour=st.lists(st.sampled_from(BLOCKS), max_size=6))
@settings(max_examples=50)
def test_four_turns_of_any_block_at_any_time_change_nothing(detour: list[str]) -> None:
    longer = " ".join([f"{block} {block} {block} {block}" for block in detour] + ["22", "21"])
    assert accepted(twiddle, TWO_MOVES, longer)


MUTATIONS = {
    "no move": ("", "two digits from 1"),
    "one move short": ("22", "do not end on the goal"),
    "one move more": ("22 21 11", "do not end on the goal"),
    "moves in the wrong order": ("21 22", "do not end on the goal"),
    "column before row": ("22 12", "do not end on the goal"),
    "counted from 0": ("11 10", "two digits from 1"),
    "a row below the last block": ("22 31", "outside the board"),
    "a column right of the last block": ("22 23", "outside the board"),
    "a negative row": ("22 -21", "two digits from 1"),
    "three digits": ("22 211", "two digits from 1"),
    "no separator": ("2221", "two digits from 1"),
    "two blanks": ("22  21", "two digits from 1"),
    "a leading blank": (" 22 21", "two digits from 1"),
    "a trailing blank": ("22 21 ", "two digits from 1"),
    "commas": ("22,21", "two digits from 1"),
    "tuples": ("(2,2)->(2,1)", "two digits from 1"),
    "trailing junk": ("22 21.", "two digits from 1"),
    "a line break": ("22 21\n", "two digits from 1"),
    "a note that goes on behind a blank": ("22: 123/746/859 21", "two digits from 1"),
    "a note alone": (":123/456/789", "two digits from 1"),
    "two notes": ("22:1:2 21", "two digits from 1"),
    "the goal instead of moves": ("123/456/789", "two digits from 1"),
}


@pytest.mark.parametrize(("response", "why"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(twiddle, TWO_MOVES, response, why)


@given(
    notes=st.lists(st.text(alphabet=twiddle.TILES + "/", max_size=12), min_size=2, max_size=2),
    right=st.booleans(),
)
@settings(max_examples=60)
def test_notes_are_never_judged(notes: list[str], right: bool) -> None:
    assert (
        accepted(twiddle, TWO_MOVES, f"22:{notes[0]} {'21' if right else '12'}:{notes[1]}") == right
    )


@pytest.mark.parametrize("level", twiddle.LEVELS)
def test_the_demonstration_notes_the_board_that_every_move_makes(level: int) -> None:
    for instance in instances("twiddle", level, 10):
        board = instance["grid"]
        for move in twiddle.solve(instance).split(" "):
            block, _, note = move.partition(":")
            board = turned(board, (block,))
            assert note == board
        assert board == ("123/456/789" if level < 3 else "1234/5678/9ABC/DEFG")


def test_demonstrations_are_as_short_as_exhaustive_search_finds_possible() -> None:
    distance, layer = {"123/456/789": 0}, {"123/456/789"}
    for moves in range(1, 7):
        # Three turns undo one.
        before = {str(turned(board, (block,) * 3)) for board in layer for block in BLOCKS}
        layer = before - set(distance)
        distance.update(dict.fromkeys(layer, moves))
    for instance in instances("twiddle", 1, 60) + instances("twiddle", 2, 60):
        assert (
            twiddle.work(instance)
            == len(twiddle.answer(instance).split(" "))
            == distance[instance["grid"]]
            > 0
        )


def test_the_example_of_the_module() -> None:
    assert twiddle.prompt(TWO_MOVES) == "W123/754/896="
    assert twiddle.solve(TWO_MOVES) == "22:123/746/859 21:123/456/789"
    assert twiddle.answer(TWO_MOVES) == "22 21"


def test_a_board_without_all_its_tiles_is_reported() -> None:
    with pytest.raises(ValueError, match="every tile once"):
        twiddle.solve({"grid": "11/22"})
