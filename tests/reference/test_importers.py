"""Properties of every task that is read: its answer is accepted, and a broken one is wrong.

All lines are our own; they have the format of the collections and none of their problems.
"""

import json
from typing import Any

import pytest

from seed.reference.importers.lines import Counts, problem_line
from seed.reference.verifiers.puzzle import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

ENIGMATA, GYM = "generated with Enigmata", "reasoning-gym 0.1.25"

CAMP = "total number of tents: 2\ntents in each row: 1 0 1\ntents in each column: 1 0 1\n"
ZEBRA = (
    "Pet: cat, dog, fish\nFood: corn, kiwi, lemon\n1. Pet:dog is between Food:corn and Pet:fish\n2."
    " Food:kiwi == Pet:dog\n3. Food:lemon is on the far right\nFill the following table to show"
    " your final answer.\n| Pet | correct answer |"
)
STREET = (
    "There are 3 houses:\n - Each person has a unique name: alice, bob, carol\n - Each mother is"
    " accompanied by their child: alice, bella, timothy\n - Each person has a favorite drink: milk,"
    " tea, water\n\n1. The tea drinker is directly left of Bob.\n2. The person who is the mother of"
    " Timothy is Bob.\n3. Carol and the person who likes milk are next to each other.\n4. The"
    " person's child is named Alice is in the first house.\n5. Alice is somewhere to the right of"
    " Bob.\n6. The person who likes milk is Bob.\n\nWhat is Name of the person who lives in House"
    " 1?? Provide only the name.\n"
)
KNIGHTS = {
    "statements": [
        ["->", ["lying", 1], ["telling-truth", 0]],
        ["<=>", ["lying", 0], ["telling-truth", 1]],
        ["not", ["and", ["telling-truth", 0], ["not", ["lying", 2]]]],
    ],
    "names": ["Ann", "Bob", "Cid"],
    "knight_knave_terms": {"knight": "sage", "knave": "fool"},
}
CRYPTARITHM = {"words_letters": ["SO", "SO"], "result_letters": "TOO", "allow_leading_zero": False}
GRID = ["###", "#1#", "# #", "#C#", "###"]
MAZE = {"grid": GRID, "start": "1", "goal": "C", "wall": "#", "path": " "}
SUDOKU = [[1, 2, 3, 4], [3, 4, 0, 2], [2, 1, 4, 3], [4, 3, 2, 1]]
SOLVED = [[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1]]
MISPRINTED = [[1, 2, 3, 4], [3, 4, 4, 2], [2, 1, 4, 3], [4, 3, 2, 1]]
SOLVED_LINES = "1 2 3 4\n3 4 1 2\n2 1 4 3\n4 3 2 1"
MISPRINTED_LINES = "1 2 3 4\n3 4 4 2\n2 1 4 3\n4 3 2 1"
CITY = {"left": [1, 2], "right": [2, 1], "top": [1, 2], "bottom": [2, 1]}
WIDE_FIELD = [[-2, 1, *[0] * 8], [1, 1, *[0] * 8], *[[0] * 10] * 8]
GRAPH = "4\n0 1\n1 2\n2 3\n3 0"

THE = "The answer is: "
NUMBERS = {"question": [2, 3, 4], "target": 20}
STEPS = THE + "1-5=-4, 2-8=-6, (-4*-6) = 24"
ROOMS = {"question": [["S", "B"], [".", "E"]]}
MATRIX = {"matrix": [["*", "X"], ["O", "#"]]}
BINARIO = {"question": "0 0 1 1\n_ _ 1 1\n1 1 0 0\n1 1 0 _"}
FILLED = "0 0 1 1\n0 0 1 1\n1 1 0 0\n1 1 0 0"
CAMPSITE = {"question": CAMP + ". . .\nX . X\n. . ."}
PITCHED = CAMP + "<begin_board>\n* . .\nX . X\n. . *\n<end_board>"
MISPITCHED = CAMP + "<begin_board>\n. . *\nX . X\n. . *\n<end_board>"
TILES = [[1, 2, 3], [4, 5, 6], [7, 0, 8]]
SWAPPED = [[1, 2, 3], [4, 5, 6], [8, 7, 0]]
HITORI = {"question": [[1, 1, 2], [2, 3, 1], [3, 2, 3]]}
KAKURASU = {"question": "Board size: 2 X 2\nRow sums: [1, 3]\nColumn sums: [3, 2]\n"}
LAMPS = [[0, 1], [1, 0], [2, 2]]
PARTLY = [[None, 0, 70], [60, 40, None], [10, 80, 30]]
MAGIC = [[50, 0, 70], [60, 40, 20], [10, 80, 30]]
STACK = {"input_sequence": [1, 2, 3], "output_sequence": [2, 3, 1]}
NO_STACK = {"input_sequence": [1, 2, 3], "output_sequence": [3, 1, 2]}
STARS = {"question": "X . . .\n. . . .\n. . . .\n. . . X"}
STARRED = "X * . .\n. . . *\n* . . .\n. . * X"
PETS, MISPLACED = "| Pet | cat | dog | fish |", "| Pet | dog | cat | fish |"
FOOD = "| Food | corn | kiwi | lemon |"
ROLES = "Ann is a fool, Bob is a fool"

# task, meta, the answer, a broken answer; for the same task there may be several.
CASES: dict[str, list[tuple[str, dict[str, Any], Any, Any]]] = {
    ENIGMATA: [
        ("binario", BINARIO, FILLED, FILLED[:15]),
        ("campsite", CAMPSITE, PITCHED, MISPITCHED),
        ("car_painting", {"colors": ["A", "B", "A", "B"], "K": 1}, [1, 3, 2, 4], [1, 2, 3, 4]),
        ("countdown", NUMBERS, THE + "2+3=5, 5*4 = 20", THE + "4+3 = 20"),
        ("eight_puzzle", {"question": TILES}, TILES, TILES[:1]),
        ("eight_puzzle", {"question": SWAPPED}, "No feasible move path exists.", TILES[:1]),
        ("game24", {"question": [1, 5, 2, 8]}, STEPS, THE + "2*8+5+1 = 24"),
        ("hamiltonian_cycle", {"question": GRAPH}, [2, 3, 0, 1, 2], [2, 3, 1, 0, 2]),
        ("hamiltonian_cycle", {"question": "4\n0 1\n1 2\n2 0"}, "NO", [0, 1, 2, 0]),
        ("hamiltonian_path", {"question": GRAPH}, [2, 3, 0, 1], "NO"),
        ("hitori", HITORI, [[0, 0], [2, 2]], [[0, 1], [1, 1]]),
        ("kakurasu", KAKURASU, [[1, 1], [2, 1], [2, 2]], [[0, 0]]),
        ("light_up", {"question": "...\n.0.\n..."}, [[0, 0], [2, 2]], [[0, 0]]),
        ("light_up", {"question": "...\n.2.\n..."}, LAMPS, [*LAMPS, [9, 9]]),
        ("magic_square", {"question": PARTLY}, MAGIC, [[49, 0, 70], *MAGIC[1:]]),
        ("maze", ROOMS, THE + "(1,1)->(2,1)->(2,2)", THE + "(1,1)->(2,2)"),
        ("maze", ROOMS, "(1,1)->(2,1)->(2,2)", "not exist the path"),
        ("maze", ROOMS, "(1, 1)->(2, 1)->(2, 2)", "(2,1)->(2,2)"),
        ("minesweeper", {"question": [[-2, 1, 0], [1, 1, 0], [0, 0, 0]]}, [[0, 0]], [[0, 1]]),
        ("minesweeper", {"question": WIDE_FIELD}, [[0, 0]], [[0, 1]]),
        ("skyscraper", {"grid_size": 2, "question": CITY}, [[2, 1], [1, 2]], [[1, 2], [2, 1]]),
        ("stack_permutation", STACK, "It is a valid one", "It is not a valid one"),
        ("stack_permutation", NO_STACK, "It is not a valid one", "It is a valid one"),
        ("star_battle", STARS, STARRED, STARRED[:7]),
        ("sudoku", {"question": SUDOKU}, SOLVED, MISPRINTED),
        ("sudoku2", {"question": SUDOKU}, SOLVED, MISPRINTED),
        ("twiddle", {"question": [[2, 5, 3], [1, 4, 6], [7, 8, 9]]}, [[0, 0]] * 3, [[1, 1]]),
        ("zebra_logic", {"question": ZEBRA}, f"{PETS}\n{FOOD}", MISPLACED),
    ],
    GYM: [
        ("countdown", {"numbers": [2, 3, 4], "target": 20}, "4*(2 + 3)", "4*2 + 3"),
        ("cryptarithm", CRYPTARITHM, "S=5,O=0,T=1", "S=5,O=1,T=1"),
        ("kakurasu", {"row_sums": [1, 3], "col_sums": [3, 2]}, "1 0\n1 1", "1 0\n1 0"),
        ("knights_knaves", KNIGHTS, f"{ROLES}, and Cid is a sage.", f"{ROLES}."),
        ("maze", MAZE, "2", "3"),
        ("mini_sudoku", {"puzzle": SUDOKU}, SOLVED_LINES, MISPRINTED_LINES),
        ("puzzle24", {"numbers": [2, 3, 4, 1]}, "4*3*2*1", "4*3*2"),
        ("shortest_path", MATRIX, "down right", "right down"),
        ("shortest_path", MATRIX, "down right", "infeasible"),
        ("sudoku", {"puzzle": SUDOKU}, SOLVED_LINES, MISPRINTED_LINES),
        ("zebra_puzzles", {}, "carol", "alice"),
    ],
}
ALL = [(source, *case) for source, cases in CASES.items() for case in cases]


def line(source: str, task: str, meta: Any, answer: Any, **more: Any) -> bytes:
    """A line of a collection."""
    problem = STREET if task == "zebra_puzzles" else "Solve it."
    fields = {"id": "a1", "task": task, "problem": problem, "answer": answer, "meta": meta}
    return json.dumps(fields | {"source": source} | more).encode()


def outcome(read: dict[str, Any] | None) -> Outcome:
    assert read is not None
    fields = {name: read[name] for name in ("id", "domain", "problem", "response", "puzzle")}
    return verify(Item(**fields)).outcome


@pytest.mark.parametrize(("source", "task", "meta", "answer", "broken"), ALL)
def test_the_answer_of_a_collection_is_accepted_and_a_broken_one_is_wrong(
    source: str, task: str, meta: dict[str, Any], answer: Any, broken: Any
) -> None:
    counts = Counts()
    assert outcome(problem_line(line(source, task, meta, answer), 1, counts)) is Outcome.CORRECT
    assert outcome(problem_line(line(source, task, meta, broken), 2, counts)) is Outcome.WRONG
    assert counts.tasks[task].read == counts.tasks[task].lines == 2
