"""Enigmata (BytedTsinghua-SIA/Enigmata, b9c6f59, Apache-2.0): tasks with the rules of a family.

Fields of ``meta`` and form of ``answer`` of each task:

- car_painting: colors, K. List of car numbers.
- countdown: question (numbers), target. "The answer is: 1+2 = 3".
- eight_puzzle: question (matrix, 0 blank). The board again: a claim that it can be solved.
- game24: question (numbers). As countdown, possibly in steps; "cannot form 24".
- hamiltonian_cycle, hamiltonian_path: question (vertices, then edges). List of vertices from 0, or
  "NO".
- maze: question (matrix of S B E .). "(1,1)->(2,1)" from 1, or "not exist".
- stack_permutation: input_sequence, output_sequence. A claim that it is valid, or that it is not.
- twiddle: question (matrix). List of blocks from 0.
- zebra_logic: question (attributes, clues). The table.

The grids are in ``reference.importers.enigmata_grids``. Numbers count from 0 or 1 as above,
whatever the prompts say. Left of, right of and between mean directly so in zebra_logic: of twelve
sampled puzzles all have one table if they are read so, and seven have several if not.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from seed.reference.importers import enigmata_grids as grids
from seed.reference.importers.expressions import joined_steps
from seed.reference.importers.reading import (
    MAX_SIDE,
    NO_STEP,
    Converted,
    Line,
    Reader,
    Unreadable,
    Unsuited,
    answer_text,
    answered,
    cells,
    claimed,
    denied,
    listed,
    written,
)
from seed.reference.importers.zebra import letters_of, street
from seed.reference.tasks.puzzles.car_painting import COLOURS
from seed.reference.tasks.puzzles.hamiltonian import CYCLE, IMPOSSIBLE, NAMES, PATH
from seed.reference.tasks.puzzles.maze import MOVES
from seed.reference.tasks.puzzles.stack_permutation import IMPOSSIBLE as NO_OPERATIONS
from seed.reference.tasks.puzzles.stack_permutation import ITEMS, POP, PUSH

LETTER_OF_STEP = {step: letter for letter, step in MOVES.items()}
CLUE_FORMS = (
    (re.compile(r"(\S+) == (\S+)"), "{0}~{1}"),
    (re.compile(r"(\S+) != (\S+)"), "{0}#{1}"),
    (re.compile(r"(\S+) is on the left of (\S+)"), "{0}^{1}"),
    (re.compile(r"(\S+) is on the right of (\S+)"), "{1}^{0}"),
    (re.compile(r"(\S+) is next to (\S+)"), "{0}|{1}"),
    (re.compile(r"(\S+) is between (\S+) and (\S+)"), "{0}|{1} {0}|{2} {1}#{2}"),
    (re.compile(r"(\S+) is on the far left"), "{0}~1"),
    (re.compile(r"(\S+) is on the far right"), "{0}~{last}"),
    (re.compile(r"(\S+) is in the middle"), "{0}~{middle}"),
)


def car_painting(line: Line) -> Converted:
    """Read a queue of cars."""
    colours = line.listed("colors", str)
    if not set(colours) <= set(COLOURS):
        raise Unsuited(f"colours other than {COLOURS[0]} to {COLOURS[-1]}")
    order = " ".join(map(str, listed(line.answer, "answer", int)))
    instance = {"reach": line.number("K"), "colours": "".join(colours)}
    return Converted("car_painting", instance, order)


def countdown(line: Line) -> Converted:
    """Read numbers and a target; any rational number may be given on the way, and any sign."""
    numbers = line.listed("question", int)
    instance = {"numbers": numbers, "target": line.number("target"), "any_rationals": True}
    return answered(line, "countdown", instance, _expression)


def game24(line: Line) -> Converted:
    """Read numbers that are to make 24, with any sign."""
    instance = {"numbers": line.listed("question", int), "signs": True}
    return answered(line, "twentyfour", instance, _expression)


def eight_puzzle(line: Line) -> Converted:
    """Read a board of sliding tiles."""
    rows = _tiles(line, 0)
    instance = {"grid": written(rows, {0: "."})}
    if denied(line.answer):
        return Converted("sliding", instance, IMPOSSIBLE)
    return claimed("sliding", instance, lambda own: line.answer == rows and own != IMPOSSIBLE)


def hamiltonian_cycle(line: Line) -> Converted:
    """Read a graph that may have a cycle."""
    return _hamiltonian(line, CYCLE)


def hamiltonian_path(line: Line) -> Converted:
    """Read a graph that may have a path."""
    return _hamiltonian(line, PATH)


def maze(line: Line) -> Converted:
    """Read a maze."""
    rows = line.matrix("question", str)
    grid = written(rows, {"B": "#", "E": "G"})
    if sorted(grid.replace("/", "").replace(".", "").replace("#", "")) != ["G", "S"]:
        raise Unreadable("meta.question must hold one S, one E, and otherwise B and .")
    return answered(line, "maze", {"grid": grid}, lambda answer: _moves(answer, grid))


def stack_permutation(line: Line) -> Converted:
    """Read two orders of the same items."""
    pushed, wanted = line.listed("input_sequence", int), line.listed("output_sequence", int)
    if sorted(pushed) != sorted(wanted) or len(set(pushed)) != len(pushed):
        raise Unreadable("meta.output_sequence must hold each item of meta.input_sequence once")
    if not set(map(str, pushed)) <= set(ITEMS):
        raise Unsuited("items of more than one digit")
    instance = {"pushed": "".join(map(str, pushed)), "wanted": "".join(map(str, wanted))}
    if not (isinstance(line.answer, str) and re.search(r"is (not )?a valid", line.answer)):
        raise Unreadable("answer must say 'is a valid' or 'is not a valid'")
    if "is not a valid" in line.answer:
        return Converted("stack_permutation", instance, NO_OPERATIONS)
    return Converted("stack_permutation", instance, _operations(pushed, wanted), claimed=True)


def twiddle(line: Line) -> Converted:
    """Read a square of tiles to be turned."""
    rows = _tiles(line, 1)
    blocks = " ".join(f"{row + 1}{column + 1}" for row, column in cells(line.answer))
    return Converted("twiddle", {"grid": written(rows)}, blocks)


def zebra_logic(line: Line) -> Converted:
    """Read a street of houses."""
    question = line.text("question").partition("Fill the following table")[0]
    lists = re.findall(r"^([\w-]+): (.+)$", question, re.MULTILINE)
    attributes = {name: values.split(", ") for name, values in lists}
    if not attributes:
        raise Unreadable("meta.question must begin with attributes such as 'Pet: cat, dog'")
    letters = letters_of(attributes)
    houses = len(next(iter(attributes.values())))
    sentences = re.findall(r"^[0-9]+\. (.+)$", question, re.MULTILINE)
    clues = [_clue(sentence, letters, houses) for sentence in sentences]
    instance = street(attributes, letters, clues)
    return Converted("zebra", instance, _table(line.answer, attributes, letters))


TASKS: Mapping[str, Reader] = {
    "binario": grids.binario,
    "campsite": grids.campsite,
    "car_painting": car_painting,
    "countdown": countdown,
    "eight_puzzle": eight_puzzle,
    "game24": game24,
    "hamiltonian_cycle": hamiltonian_cycle,
    "hamiltonian_path": hamiltonian_path,
    "hitori": grids.hitori,
    "kakurasu": grids.kakurasu,
    "light_up": grids.light_up,
    "magic_square": grids.magic_square,
    "maze": maze,
    "minesweeper": grids.minesweeper,
    "skyscraper": grids.skyscraper,
    "stack_permutation": stack_permutation,
    "star_battle": grids.star_battle,
    "sudoku": grids.sudoku,
    "sudoku2": grids.sudoku,
    "twiddle": twiddle,
    "zebra_logic": zebra_logic,
}


def _expression(answer: Any) -> str:
    return joined_steps(answer_text(answer))


def _tiles(line: Line, first: int) -> list[list[int]]:
    rows = line.matrix("question")
    tiles = sorted(cell for row in rows for cell in row)
    if tiles != list(range(first, first + 9)) or len(rows) != 3:
        raise Unreadable(f"meta.question must hold {first} to {first + 8} in three rows")
    return rows


def _hamiltonian(line: Line, kind: str) -> Converted:
    (count, *more), *edges = _number_lines(line.text("question"))
    if more or any(len(edge) != 2 or max(edge) >= count for edge in edges):
        form = "the number of vertices, then lines of two vertices from 0"
        raise Unreadable(f"meta.question must be {form}")
    if count > len(NAMES):
        raise Unsuited(f"{count} vertices, and hamiltonian names {len(NAMES)}")
    alone = set(range(count)) - {vertex for edge in edges for vertex in edge}
    edges += [[vertex] for vertex in alone]
    names = {"".join(sorted(NAMES[vertex] for vertex in edge)) for edge in edges}
    instance = {"kind": kind, "edges": " ".join(sorted(names))}
    if line.answer == "NO":
        return Converted("hamiltonian", instance, IMPOSSIBLE)
    walk = listed(line.answer, "answer", int)
    response = "".join(NAMES[vertex] if 0 <= vertex < count else NO_STEP for vertex in walk)
    return Converted("hamiltonian", instance, response)


def _number_lines(question: str) -> list[list[int]]:
    lines = [line.strip() for line in question.strip().splitlines()]
    form = re.compile(r"[0-9]{1,3}( [0-9]{1,3})*")
    if not lines or not all(map(form.fullmatch, lines)):
        raise Unreadable("meta.question must be lines of numbers")
    return [list(map(int, line.split())) for line in lines]


def _moves(answer: Any, grid: str) -> str:
    """The letter of each step; a path that does not begin at S begins with an illegal step."""
    pairs = re.findall(r"\(([0-9]{1,3}), ?([0-9]{1,3})\)", str(answer))
    path = [(int(row), int(column)) for row, column in pairs]
    if not path:
        raise Unreadable("answer must be a path such as (1,1)->(2,1), or 'not exist'")
    rows = grid.split("/")
    start = next((row, line.index("S")) for row, line in enumerate(rows, start=1) if "S" in line)
    begun = "" if path[0] == (start[0], start[1] + 1) else NO_STEP
    steps = ((there[0] - here[0], there[1] - here[1]) for here, there in pairwise(path))
    return begun + "".join(LETTER_OF_STEP.get(step, NO_STEP) for step in steps)


def _operations(pushed: list[int], wanted: list[int]) -> str:
    """The only operations that can give the output; empty if they do not."""
    operations, waiting = "", pushed[::-1]
    stack: list[int] = []
    for item in wanted:
        while waiting and (not stack or stack[-1] != item):
            stack.append(waiting.pop())
            operations += PUSH
        if stack.pop() != item:
            return ""
        operations += POP
    return operations


def _clue(clue: str, letters: Mapping[tuple[str, str], str], houses: int) -> str:
    for form, signs in CLUE_FORMS:
        match = form.fullmatch(clue.strip())
        if match and not ("middle" in signs and houses % 2 == 0):
            pairs = [reference.partition(":") for reference in match.groups()]
            values = [letters.get((attribute, value)) for attribute, _, value in pairs]
            if None in values:
                fault = f"the clue {clue!r} names a value that no attribute has"
                raise Unreadable(f"meta.question: {fault}")
            return signs.format(*values, last=houses, middle=houses // 2 + 1)
    raise Unsuited(f"the clue {clue[:MAX_SIDE]!r} is of no form that zebra writes")


def _table(
    answer: Any, attributes: Mapping[str, list[str]], letters: Mapping[tuple[str, str], str]
) -> str:
    """The rows of the table in the order of the attributes; an unknown value is an illegal step."""
    rows = {}
    for line in answer_text(answer).splitlines():
        name, *values = (cell.strip() for cell in line.strip().strip("|").split("|"))
        rows[name] = "".join(letters.get((name, value), NO_STEP) for value in values)
    return "/".join(rows.get(name, "") for name in attributes)
