"""Properties of sliding tiles: replayed moves, impossible boards, and shortest solutions."""

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import sliding
from tests.support.puzzles import accepted, instances, wrong_because

TWO_MOVES = {"grid": "123/4.5/786"}
ODD = {"grid": "123/4.5/768"}
GOAL = ("1", "2", "3", "4", "5", "6", "7", "8", ".")


def replayed(grid: str, moves: str) -> str | None:
    """Move the blank about a table of cells; None if it leaves the table or a letter is no move."""
    cells = {
        (row, column): tile
        for row, line in enumerate(grid.split("/"))
        for column, tile in enumerate(line)
    }
    for move in moves:
        blank = next(cell for cell, tile in cells.items() if tile == ".")
        neighbour = (
            blank[0] + (move == "D") - (move == "U"),
            blank[1] + (move == "R") - (move == "L"),
        )
        if neighbour not in cells or neighbour == blank:
            return None
        cells[blank], cells[neighbour] = cells[neighbour], cells[blank]
    return "".join(cells[cell] for cell in sorted(cells))


@pytest.fixture(scope="module")
def distances() -> dict[str, int]:
    """The moves from every board to the goal, by one breadth-first search over all boards."""
    neighbours = [
        [b for b in range(9) if abs(a // 3 - b // 3) + abs(a % 3 - b % 3) == 1] for a in range(9)
    ]
    layer, distances = ["".join(GOAL)], {"".join(GOAL): 0}
    while layer:
        following = []
        for board in layer:
            blank = board.index(".")
            for neighbour in neighbours[blank]:
                low, high = min(blank, neighbour), max(blank, neighbour)
                between = board[low + 1 : high]
                moved = board[:low] + board[high] + between + board[low] + board[high + 1 :]
                if moved not in distances:
                    distances[moved] = distances[board] + 1
                    following.append(moved)
        layer = following
    return distances


def rows(board: str) -> str:
    return "/".join((board[:3], board[3:6], board[6:]))


def test_half_of_all_boards_are_impossible_and_exactly_those_are_accepted_as_such(
    distances: dict[str, int],
) -> None:
    assert len(distances) == 181440  # 9! / 2
    for board in list(map("".join, permutations(GOAL)))[::181]:
        assert accepted(sliding, {"grid": rows(board)}, "impossible") == (board not in distances)


@pytest.mark.parametrize("level", sliding.LEVELS)
def test_demonstrations_are_as_short_as_exhaustive_search_finds_possible(
    level: int, distances: dict[str, int]
) -> None:
    for instance in instances("sliding", level):
        board = instance["grid"].replace("/", "")
        if board in distances:
            assert len(sliding.answer(instance)) == sliding.work(instance) == distances[board] > 0
        else:
            twin = board.translate(str.maketrans("78", "87"))
            assert sliding.answer(instance) == "impossible"
            assert sliding.work(instance) == distances[twin] > 0


@pytest.mark.parametrize("level", sliding.LEVELS)
def test_every_level_has_boards_of_both_kinds(level: int) -> None:
    impossible = sum(
        sliding.answer(instance) == "impossible" for instance in instances("sliding", level, 100)
    )
    assert 10 <= impossible <= 40


def test_exactly_the_move_sequences_that_end_on_the_goal_are_accepted() -> None:
    right = [
        moves
        for moves in all_texts("UDLR", 6)
        if replayed(TWO_MOVES["grid"], moves) == "".join(GOAL)
    ]
    assert {"RD", "RDLR", "LRRD", "UDRD"} <= set(right)
    assert [moves for moves in all_texts("UDLR", 6) if accepted(sliding, TWO_MOVES, moves)] == right
    assert not any(accepted(sliding, ODD, moves) for moves in all_texts("UDLR", 6))


def all_texts(letters: str, longest: int) -> Iterator[str]:
    return (
        "".join(text) for length in range(longest + 1) for text in product(letters, repeat=length)
    )


MUTATIONS = {
    "a move that leaves the board": ("LLRRRD", "off the board"),
    "a move that would wrap to the next row": ("RRD", "off the board"),
    "one move short": ("R", "do not end on the goal"),
    "one move more": ("RDL", "do not end on the goal"),
    "passing the goal without stopping": ("RDU", "do not end on the goal"),
    "no move": ("", "do not end on the goal"),
    "the moves of the tiles instead of the blank": ("LU", "do not end on the goal"),
    "small letters": ("rd", "not one of"),
    "words": ("Right,Down", "not one of"),
    "blanks": ("R D", "not one of"),
    "a minus sign": ("R-D", "not one of"),
    "trailing junk": ("RD.", "not one of"),
    "both answers, moves first": ("RDimpossible", "not one of"),
    "both answers, the word first": ("impossibleRD", "not one of"),
    "impossible though it is not": ("impossible", "can be reached"),
    "impossible twice": ("impossibleimpossible", "not one of"),
    "another word for it": ("unsolvable", "not one of"),
}


@pytest.mark.parametrize(("moves", "why"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(moves: str, why: str) -> None:
    assert wrong_because(sliding, TWO_MOVES, moves, why)


@pytest.mark.parametrize(
    "moves",
    ["", "RD", "impossible!", "Impossible", "impossible RD", "impossibleRD", "RDimpossible"],
)
def test_an_impossible_board_has_one_answer_only(moves: str) -> None:
    assert accepted(sliding, ODD, "impossible")
    assert not accepted(sliding, ODD, moves)


@given(text=st.text(alphabet="UDLR0123456789", max_size=10), odd=st.booleans())
@settings(max_examples=50)
def test_digits_are_never_judged(text: str, odd: bool) -> None:
    board, moves = ODD if odd else TWO_MOVES, "".join(filter(str.isalpha, text))
    assert accepted(sliding, board, text) == accepted(sliding, board, moves)


@given(seed=st.integers(0, 10**6), level=st.sampled_from(sliding.LEVELS))
@settings(max_examples=60)
def test_the_demonstration_counts_pairs_in_the_wrong_order_and_notes_the_tiles(
    seed: int, level: int
) -> None:
    instance = sliding.draw(np.random.default_rng(seed), level)
    demonstration = sliding.solve(instance)
    tiles = instance["grid"].replace("/", "").replace(".", "")
    wrong = sum(tiles[i] > tiles[j] for i in range(8) for j in range(i + 1, 8))
    assert sum(map(int, demonstration[:8])) == wrong
    assert (wrong % 2 == 1) == demonstration.endswith("impossible")
    if wrong % 2 == 0:
        moves = demonstration[8::2]
        for number, tile in enumerate(demonstration[9::2]):
            before, after = (
                replayed(instance["grid"], moves[:count]) for count in (number, number + 1)
            )
            assert before is not None
            assert after is not None
            assert before[after.index(".")] == tile


def test_the_example_of_the_module() -> None:
    assert sliding.prompt(TWO_MOVES) == "X123/4.5/786="
    assert sliding.solve(TWO_MOVES) == "00000110R5D6"
    assert sliding.solve(ODD) == "00000100impossible"


def test_a_board_without_its_eight_tiles_is_reported() -> None:
    with pytest.raises(ValueError, match="not a board"):
        sliding.solve({"grid": "1.1/111/111"})
