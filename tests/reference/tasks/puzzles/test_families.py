"""Laws of the puzzle families: what is accepted, what is refused, and how hard the levels are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import combinations_with_replacement
from math import isqrt
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import FAMILIES, arithmetic, maze, sudoku, twentyfour
from seed.spec.datatypes import Outcome
from seed.spec.puzzle import MAX_EXTRACTED_CHARACTERS, MAX_RESPONSE_CHARACTERS, PuzzleFamily

FAMILY_LEVELS = [(name, level) for name, family in FAMILIES.items() for level in family.LEVELS]
WORK_SAMPLES = 30
# A limit on one verdict that only an algorithmic blow-up can exceed, however busy the machine.
PATIENCE_IN_SECONDS = 0.5


def plain(chain: str) -> dict[str, Any]:
    """A chain of plain numbers."""
    return {"chain": chain, "clock": False}


MAZE = {"grid": "S.#/..#/#.G"}
SUDOKU = {"grid": ".2.4/.4.2/2143/4321"}
SUDOKU_COMPLETIONS = ["1234/3412/2143/4321", "3214/1432/2143/4321"]
EXAMPLES = {name: family.draw(np.random.default_rng(0), 1) for name, family in FAMILIES.items()}


def accepted(family: PuzzleFamily, instance: dict[str, Any], response: str) -> bool:
    verdict = family.verify(instance, response)
    assert verdict.outcome in (Outcome.CORRECT, Outcome.WRONG)
    assert verdict.why
    assert len(verdict.extracted) <= MAX_EXTRACTED_CHARACTERS
    return verdict.outcome is Outcome.CORRECT


def instances(name: str, level: int, count: int = 40) -> list[dict[str, Any]]:
    random = np.random.default_rng(level)
    return [FAMILIES[name].draw(random, level) for _ in range(count)]


# --- all families
# ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_the_demonstration_of_every_instance_is_accepted(name: str, level: int) -> None:
    family = FAMILIES[name]
    for instance in instances(name, level):
        assert accepted(family, instance, family.solve(instance))


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=25)
def test_equal_random_states_draw_equal_instances(name: str, data: st.DataObject) -> None:
    seed, level = (
        data.draw(st.integers(0, 2**32)),
        data.draw(st.sampled_from(FAMILIES[name].LEVELS)),
    )
    first, second = (FAMILIES[name].draw(np.random.default_rng(seed), level) for _ in range(2))
    assert first == second
    assert FAMILIES[name].solve(first) == FAMILIES[name].solve(second)


def test_every_familys_prompts_begin_with_letters_of_its_own_and_end_with_an_equals_sign() -> None:
    owners: dict[str, str] = {}
    for name, level in FAMILY_LEVELS:
        for instance in instances(name, level, 5):
            prompt = FAMILIES[name].prompt(instance)
            assert prompt[0].isalpha()
            assert owners.setdefault(prompt[0], name) == name
            assert prompt.endswith("=")


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_no_text_of_a_family_holds_a_character_that_it_does_not_declare(
    name: str, level: int
) -> None:
    family = FAMILIES[name]
    for one in instances(name, level, 20):
        assert set(family.prompt(one) + family.solve(one) + family.answer(one)) <= set(
            family.CHARACTERS
        )


@pytest.mark.parametrize("name", FAMILIES)
def test_higher_levels_ask_for_more_work(name: str) -> None:
    family = FAMILIES[name]
    works = [
        np.mean([family.work(one) for one in instances(name, level, WORK_SAMPLES)])
        for level in family.LEVELS
    ]
    assert works == sorted(set(works))


HOSTILE = {
    "empty": "",
    "megabytes of digits": "=" + "9" * 3_000_000,
    "megabytes of moves": "UD" * 2_000_000,
    "just below the limit": "=" + "9" * 4000,
    "tower of powers": "9**9**9",
    "tower of powers after an equals sign": "=9**9**9",
    "deep parentheses": "(" * 100_000 + "3*8" + ")" * 100_000,
    "parentheses below the limit": "(" * 2000 + "3*8" + ")" * 2000,
    "unmatched parentheses": "(" * 4000,
    "spaces": " " * 4000,
    "unicode digits": "=\u0661\u0662",
    "superscript digits": "\u00b2\u00b3",
    "lone surrogate": "\ud800",
    "null character": "\x00",
    "line breaks": "\n" * 100,
    "slashes": "/" * 4000,
    "code": "__import__('os').system('true')",
    "nan": "=nan",
    "infinity": "=1e999",
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("response", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_responses_are_wrong_and_quickly_so(name: str, response: str) -> None:
    started = perf_counter()
    assert not accepted(FAMILIES[name], EXAMPLES[name], response)
    assert perf_counter() - started < PATIENCE_IN_SECONDS


@pytest.mark.parametrize("name", FAMILIES)
def test_p25_a_verifier_says_the_same_outside_the_main_thread(name: str) -> None:
    family, instance = FAMILIES[name], EXAMPLES[name]
    responses = [family.solve(instance), *HOSTILE.values()]
    with ThreadPoolExecutor(1) as thread:
        elsewhere = list(thread.map(lambda response: family.verify(instance, response), responses))
    assert elsewhere == [family.verify(instance, response) for response in responses]


@pytest.mark.parametrize(("name", "level"), FAMILY_LEVELS)
def test_the_bare_answer_is_accepted_and_never_longer_than_the_demonstration(
    name: str, level: int
) -> None:
    family = FAMILIES[name]
    for instance in instances(name, level):
        assert accepted(family, instance, family.answer(instance))
        assert len(family.answer(instance)) <= len(family.solve(instance))


@pytest.mark.parametrize("name", FAMILIES)
@given(
    response=st.text(alphabet="0123456789+-*/()=. #UDLRS\u0663", max_size=12) | st.text(max_size=12)
)
@settings(max_examples=150)
def test_no_text_makes_a_verifier_fail(name: str, response: str) -> None:
    accepted(FAMILIES[name], EXAMPLES[name], response)


def test_only_responses_up_to_the_length_limit_are_read() -> None:
    detour = "DU" * (MAX_RESPONSE_CHARACTERS // 2 - 2)
    assert accepted(maze, MAZE, detour + "DRDR")
    assert not accepted(maze, MAZE, "DU" + detour + "DRDR")


# --- chained arithmetic
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "demonstration"),
    [("3+5-2", "8 6=6"), ("1+2*3", "3 9=9"), ("0-0", "0=0"), ("9+9*5", "18 90=90")],
)
def test_chains_are_worked_strictly_from_left_to_right(chain: str, demonstration: str) -> None:
    assert arithmetic.solve(plain(chain)) == demonstration


@pytest.mark.parametrize("level", arithmetic.LEVELS)
def test_chains_have_one_operation_per_level_and_totals_in_range(level: int) -> None:
    for instance in instances("arithmetic", level):
        chain, largest = instance["chain"], 4 if level < 5 else 99
        assert instance["clock"] is (level < 5)
        assert len(chain) == 2 * level + 1
        assert set(chain[1::2]) <= set("+-*")
        assert all(
            0 <= int(total) <= largest
            for total in arithmetic.solve(instance).replace("=", " ").split()
        )


@given(chain=st.from_regex(r"\A[0-4]([-+*][1-3]){1,4}\Z"))
@settings(max_examples=50)
def test_on_the_clock_every_total_is_taken_modulo_five(chain: str) -> None:
    total = int(chain[0])
    for operator, digit in zip(chain[1::2], chain[2::2], strict=True):
        total = {"+": total + int(digit), "-": total - int(digit), "*": total * int(digit)}[
            operator
        ] % 5
    instance = {"chain": chain, "clock": True}
    assert arithmetic.prompt(instance) == f"C{chain}="
    assert arithmetic.answer(instance) == f"={total}"
    assert accepted(arithmetic, instance, f"={total}") and not accepted(
        arithmetic, instance, f"={total + 5}"
    )
    assert arithmetic.identity(instance) != arithmetic.identity(plain(chain))


@pytest.mark.parametrize("response", ["8 6=6", "=6", "9 9=6", "8=6=6", "anything=6"])
def test_only_the_final_value_of_a_chain_is_judged(response: str) -> None:
    assert accepted(arithmetic, plain("3+5-2"), response)


@pytest.mark.parametrize(
    "response",
    [
        "6",
        "8 6",
        "8 6=7",
        "8 6=",
        "=06",
        "=+6",
        "=6.0",
        "=6 ",
        "= 6",
        "=6\n",
        "=-6",
        "=6=",
        "=3+3",
        "=0x6",
        "=\u0666",
    ],
)
def test_a_final_value_that_is_missing_wrong_or_not_canonical_is_refused(response: str) -> None:
    assert not accepted(arithmetic, plain("3+5-2"), response)


def test_minus_zero_is_not_zero() -> None:
    assert accepted(arithmetic, plain("0-0"), "=0")
    assert not accepted(arithmetic, plain("0-0"), "=-0")


def test_a_verdict_tells_a_wrong_value_from_a_badly_written_one() -> None:
    assert "canonical" in arithmetic.verify(plain("3+5-2"), "=06").why
    assert "value is wrong" in arithmetic.verify(plain("3+5-2"), "=7").why


@given(start=st.integers(0, 99), answer=st.integers(-300, 300))
@settings(max_examples=100)
def test_exactly_one_integer_answers_a_chain(start: int, answer: int) -> None:
    chain = f"{start // 10}*{9}+{start % 10}"
    assert accepted(arithmetic, plain(chain), f"={answer}") == (
        answer == start // 10 * 9 + start % 10
    )


def test_chains_that_differ_by_swapping_commuting_first_operands_share_their_identity() -> None:
    def name(chain: str) -> str:
        return arithmetic.identity(plain(chain))

    assert name("3+5-2") == name("5+3-2")
    assert name("3*5") == name("5*3")
    assert len({name("5-3"), name("3-5"), name("3+5"), name("3+5-2"), name("3-2+5")}) == 5


# --- mazes
# ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", maze.LEVELS)
def test_mazes_are_square_and_need_at_least_two_moves(level: int) -> None:
    for instance in instances("maze", level):
        rows = instance["grid"].split("/")
        assert [len(row) for row in rows] == [level + 2] * (level + 2)
        assert (instance["grid"].count("S"), instance["grid"].count("G")) == (1, 1)
        assert len(maze.solve(instance)) >= 2


@pytest.mark.parametrize("walk", ["DRDR", "RDDR", "RLDRDR", "RDLUDRDR", "DRDRLR"])
def test_every_walk_that_ends_on_the_goal_is_accepted(walk: str) -> None:
    assert accepted(maze, MAZE, walk)


@pytest.mark.parametrize(
    ("walk", "why"),
    [
        ("RRDD", "enters a wall"),
        ("DRDRR", "leaves the grid"),
        ("U", "leaves the grid"),
        ("L", "leaves the grid"),
        ("DRDRD", "leaves the grid"),
        ("DRD", "does not end on the goal"),
        ("", "does not end on the goal"),
        ("DRDRL", "does not end on the goal"),
        ("drdr", "not one of"),
        ("D R D R", "not one of"),
        ("DRDR=", "not one of"),
    ],
)
def test_a_walk_that_breaks_a_rule_is_refused_for_it(walk: str, why: str) -> None:
    assert not accepted(maze, MAZE, walk)
    assert why in maze.verify(MAZE, walk).why


@given(seed=st.integers(0, 10**6), level=st.integers(1, 3))
@settings(max_examples=40)
def test_the_demonstration_is_as_short_as_exhaustive_relaxation_finds_possible(
    seed: int, level: int
) -> None:
    instance = maze.draw(np.random.default_rng(seed), level)
    rows = instance["grid"].split("/")
    cells = {
        (row, column): mark
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark != "#"
    }
    distance = {cell: 0 if mark == "S" else len(cells) for cell, mark in cells.items()}
    for _ in cells:  # Bellman-Ford, which shares nothing with breadth-first search
        for row, column in cells:
            around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
            best = min((distance[cell] + 1 for cell in around if cell in cells), default=len(cells))
            distance[row, column] = min(distance[row, column], best)
    goal = next(cell for cell, mark in cells.items() if mark == "G")
    assert len(maze.answer(instance)) == distance[goal]


@given(walk=st.text(alphabet="UDLR0123456789", max_size=12))
@settings(max_examples=100)
def test_notes_of_cells_are_never_judged(walk: str) -> None:
    moves = "".join(character for character in walk if character in "UDLR")
    assert accepted(maze, MAZE, walk) == accepted(maze, MAZE, moves)


def test_the_demonstration_notes_the_cell_that_every_move_reaches() -> None:
    assert maze.solve(MAZE) == "D4R5D8R9"
    assert maze.answer(MAZE) == "DRDR"


def test_an_unreachable_goal_is_reported() -> None:
    with pytest.raises(ValueError, match="no walk"):
        maze.solve({"grid": "S#./##./..G"})


# --- sudoku
# ---------------------------------------------------------------------------------------------------------


def test_the_digits_of_the_blanks_are_an_answer_and_no_other_number_of_digits_is() -> None:
    assert accepted(sudoku, SUDOKU, "1331")
    assert accepted(sudoku, SUDOKU, "3113")
    for response in ("133", "13311", "1333", "133x", ""):
        assert not accepted(sudoku, SUDOKU, response)


def follows_the_rules(givens: str, answer: str) -> bool:
    """Check a grid with sets and slices, sharing no code with the verifier."""
    rows = answer.split("/")
    size = len(givens.split("/"))
    box, digits = isqrt(size), set("123456789"[:size])
    starts = range(0, size, box)
    units = [*rows, *map("".join, zip(*rows, strict=True))]
    units += [
        "".join(row[left : left + box] for row in rows[top : top + box])
        for top in starts
        for left in starts
    ]
    kept = all(given in (".", digit) for given, digit in zip(givens, answer, strict=True))
    return kept and all(len(unit) == size and set(unit) == digits for unit in units)


@pytest.mark.parametrize("level", sudoku.LEVELS)
def test_puzzles_have_the_blanks_of_their_level_and_demonstrations_follow_the_rules(
    level: int,
) -> None:
    size, blanks = sudoku.SIZE_AND_BLANKS[level]
    for instance in instances("sudoku", level, 20):
        assert [len(row) for row in instance["grid"].split("/")] == [size] * size
        assert instance["grid"].count(".") == blanks
        assert follows_the_rules(instance["grid"], sudoku.solve(instance))


@pytest.mark.parametrize("completion", SUDOKU_COMPLETIONS)
def test_every_valid_completion_is_accepted(completion: str) -> None:
    assert accepted(sudoku, SUDOKU, completion)


@given(data=st.data(), level=st.sampled_from([1, 4, 5]))
@settings(max_examples=80)
def test_verdicts_on_changed_grids_agree_with_a_check_by_sets(
    data: st.DataObject, level: int
) -> None:
    instance = instances("sudoku", level, 1)[0]
    answer = list(sudoku.solve(instance))
    cells = [place for place, character in enumerate(answer) if character != "/"]
    for _ in range(data.draw(st.integers(1, 2))):
        here, there = data.draw(st.sampled_from(cells)), data.draw(st.sampled_from(cells))
        answer[here], answer[there] = answer[there], answer[here]
    changed = "".join(answer)
    assert accepted(sudoku, instance, changed) == follows_the_rules(instance["grid"], changed)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("2134/3412/1243/4321", "given"),
        ("1234/3412/2143/432", "not 4 rows"),
        ("1234/3412/2143", "not 4 rows"),
        ("1234/3412/2143/4321/", "not 4 rows"),
        ("1234341221434321", "not 4 rows"),
        ("1234/3412/2143/4321 ", "not 4 rows"),
        (".2.4/.4.2/2143/4321", "not a digit"),
        ("5234/3412/2143/4321", "not a digit"),
        ("0234/3412/2143/4321", "not a digit"),
        ("1214/3412/2143/4321", "repeats"),
        ("3234/1412/2143/4321", "repeats"),
        ("1234/1432/2143/4321", "repeats"),
    ],
)
def test_a_grid_that_breaks_a_rule_is_refused_for_it(answer: str, why: str) -> None:
    assert not accepted(sudoku, SUDOKU, answer)
    assert why in sudoku.verify(SUDOKU, answer).why


def test_right_rows_and_columns_do_not_excuse_wrong_boxes() -> None:
    latin_square = "1234/2341/3412/4123"
    assert not accepted(sudoku, {"grid": "..../..../..../...."}, latin_square)


def test_all_288_small_grids_can_be_drawn() -> None:
    random = np.random.default_rng(0)
    assert len({"".join(sudoku.random_cells(random, 4)) for _ in range(5000)}) == 288


@pytest.mark.parametrize(
    "grid", ["11../..../..../....", "12../..34/..../....", "123./...4/..../...."]
)
def test_an_impossible_grid_is_reported(grid: str) -> None:
    with pytest.raises(ValueError, match="no completion"):
        sudoku.solve({"grid": grid})


# --- 24 points
# ------------------------------------------------------------------------------------------------------


def values(numbers: list[Fraction]) -> set[Fraction]:
    """List all values of all expressions by replacing two numbers with a result of theirs until one
    is left.
    """
    if len(numbers) == 1:
        return set(numbers)
    found: set[Fraction] = set()
    for i, left in enumerate(numbers):
        for j, right in enumerate(numbers):
            if i != j:
                others = [number for place, number in enumerate(numbers) if place not in (i, j)]
                quotient = [left / right] if right else []
                for result in [left + right, left - right, left * right, *quotient]:
                    found |= values([*others, result])
    return found


@pytest.mark.parametrize(("count", "largest"), [(2, 48), (3, 13)])
def test_24_is_found_exactly_if_exhaustive_replacement_reaches_it(count: int, largest: int) -> None:
    for numbers in combinations_with_replacement(range(1, largest + 1), count):
        text = twentyfour.shortest_expression(numbers)
        assert (text is not None) == (24 in values([Fraction(number) for number in numbers]))
        assert text is None or accepted(twentyfour, {"numbers": list(numbers)}, text)


Tree = int | tuple[str, Any, Any]


def trees(numbers: list[int]) -> st.SearchStrategy[Tree]:
    """Draw binary trees over all the numbers, in every order and shape."""
    if len(numbers) == 1:
        return st.just(numbers[0])

    def split(order: list[int]) -> st.SearchStrategy[Tree]:
        cuts = st.integers(1, len(order) - 1)
        return cuts.flatmap(
            lambda cut: st.tuples(st.sampled_from("+-*/"), trees(order[:cut]), trees(order[cut:]))
        )

    return st.permutations(numbers).flatmap(split)


def text_of(tree: Tree) -> str:
    return (
        str(tree) if isinstance(tree, int) else f"({text_of(tree[1])} {tree[0]} {text_of(tree[2])})"
    )


def value_of(tree: Tree) -> Fraction | None:
    """Compute a tree without any text; None if it divides by zero."""
    if isinstance(tree, int):
        return Fraction(tree)
    left, right = value_of(tree[1]), value_of(tree[2])
    if left is None or right is None or (tree[0] == "/" and right == 0):
        return None
    return {"+": left + right, "-": left - right, "*": left * right}.get(
        tree[0], left / (right or 1)
    )


@pytest.mark.parametrize("numbers", [[3, 8], [1, 4, 6], [2, 2, 6], [1, 1, 4, 6], [2, 3, 4, 6]])
@given(data=st.data())
@settings(max_examples=60)
def test_an_expression_of_the_numbers_is_accepted_exactly_if_its_value_is_24(
    numbers: list[int], data: st.DataObject
) -> None:
    tree = data.draw(trees(numbers))
    assert accepted(twentyfour, {"numbers": numbers}, text_of(tree)) == (value_of(tree) == 24)


@pytest.mark.parametrize(
    ("numbers", "response"),
    [
        ([3, 8], "3*8"),
        ([3, 8], "8*3"),
        ([3, 8], " 8 * 3 "),
        ([3, 8], "8*3=24"),
        ([3, 8], "((8)*(3))"),
        ([3, 3, 8, 8], "8/(3-8/3)"),
        ([1, 5, 5, 5], "5*(5-1/5)"),
        ([1, 2, 3, 4], "4*3*2*1"),
        ([1, 2, 3, 4], "(1+2+3)*4"),
        ([12, 2, 4], "12*4/2"),
        ([10, 4, 2, 8], "10+8+2+4"),
        ([13, 1, 10], "13+10+1"),
        ([10, 4, 30], "30-10+4"),
    ],
)
def test_every_expression_of_the_given_numbers_that_makes_24_is_accepted(
    numbers: list[int], response: str
) -> None:
    assert accepted(twentyfour, {"numbers": numbers}, response)


@pytest.mark.parametrize(
    ("numbers", "response"),
    [
        ([3, 8], "24"),
        ([3, 8], "3*8*1"),
        ([3, 8, 1], "3*8"),
        ([3, 8, 8], "3*8+3-3"),
        ([3, 3, 8], "3*8"),
        ([6, 4], "6+6+6+6"),
        ([3, 8], "3+8"),
        ([3, 8], "8*3=25"),
        ([3, 8], "8*3 = 24"),
        ([3, 8], "8*3=24=24"),
        ([3, 8], "=24"),
        ([3, 8], "3*08"),
        ([3, 8], "3.0*8"),
        ([3, 8], "3e0*8"),
        ([3, 8], "3\u00d78"),
        ([3, 8], "\u0663*8"),
        ([3, 8], "3*8;"),
        ([3, 8], "3*8\n"),
        ([3, 8], "3 8"),
        ([3, 8], "(3*8"),
        ([3, 8], "3*8)"),
        ([3, 8], "3*"),
        ([3, 8], "3*8*"),
        ([3, 8], "3(8)"),
        ([3, 8], "()3*8"),
        ([3, 8], "+3*8"),
        ([3, 8], "-3*-8"),
        ([2, 24], "2 4-2*0"),
        ([2, 3, 3], "3*2**3"),
        ([2, 49], "49//2"),
        ([12, 2], "1 2*2"),
        ([5, 5, 24], "24/(5-5)"),
        ([1, 1, 24], "24+0/(1-1)"),
    ],
)
def test_an_expression_that_breaks_a_rule_is_refused(numbers: list[int], response: str) -> None:
    assert not accepted(twentyfour, {"numbers": numbers}, response)


@pytest.mark.parametrize(
    ("numbers", "demonstration"),
    [
        ([8, 3], "3*8"),
        ([8, 3, 3, 8], "8/(3-8/3)"),
        ([5, 1, 5, 5], "(5-1/5)*5"),
        ([2, 3, 12, 12], "12*12/2/3"),
    ],
)
def test_the_shortest_expression_is_demonstrated(numbers: list[int], demonstration: str) -> None:
    assert twentyfour.solve({"numbers": numbers}) == demonstration


def without_one_pair(text: str) -> Iterator[str]:
    for first, opening in enumerate(text):
        depth = 0
        for last in range(first, len(text) if opening == "(" else first):
            depth += {"(": 1, ")": -1}.get(text[last], 0)
            if depth == 0:
                yield text[:first] + text[first + 1 : last] + text[last + 1 :]
                break


def test_demonstrations_have_no_needless_parentheses() -> None:
    drawn = (
        instances("twentyfour", 2, 200)
        + instances("twentyfour", 3, 60)
        + [{"numbers": [3, 3, 8, 8]}]
    )
    for instance in drawn:
        for shorter in without_one_pair(twentyfour.solve(instance)):
            assert not accepted(twentyfour, instance, shorter)


def test_the_order_of_the_numbers_changes_the_prompt_and_nothing_else() -> None:
    one, other = {"numbers": [8, 3]}, {"numbers": [3, 8]}
    assert twentyfour.prompt(one) != twentyfour.prompt(other)
    assert twentyfour.identity(one) == twentyfour.identity(other)
    assert twentyfour.solve(one) == twentyfour.solve(other)


def test_numbers_that_cannot_make_24_are_reported() -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        twentyfour.solve({"numbers": [1, 1]})
