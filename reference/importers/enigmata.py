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
    answered,
    cells,
    claimed,
    denied,
    listed,
    matrix,
    number,
    text,
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
    colours = listed(line.meta.get("colors"), "meta.colors", str)
    if not set(colours) <= set(COLOURS):
        raise Unsuited(f"colours other than {COLOURS[0]} to {COLOURS[-1]}")
    order = listed(line.answer, "answer", int)
    return Converted(
        "car_painting",
        {"reach": number(line.meta, "K"), "colours": "".join(colours)},
        " ".join(map(str, order)),
    )


def countdown(line: Line) -> Converted:
    """Read numbers and a target."""
    numbers = listed(line.meta.get("question"), "meta.question", int)
    return answered(
        "countdown",
        {"numbers": numbers, "target": number(line.meta, "target")},
        line.answer,
        _expression,
    )


def game24(line: Line) -> Converted:
    """Read numbers that are to make 24."""
    numbers = listed(line.meta.get("question"), "meta.question", int)
    return answered("twentyfour", {"numbers": numbers}, line.answer, _expression)


def eight_puzzle(line: Line) -> Converted:
    """Read a board of sliding tiles."""
    rows = matrix(line.meta.get("question"), "meta.question")
    if sorted(cell for row in rows for cell in row) != list(range(9)) or len(rows) != 3:
        raise Unreadable("meta.question must hold 0 to 8 in three rows")
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
    rows = matrix(line.meta.get("question"), "meta.question", (str,))
    grid = written(rows, {"B": "#", "E": "G"})
    if sorted(grid.replace("/", "").replace(".", "").replace("#", "")) != ["G", "S"]:
        raise Unreadable("meta.question must hold one S, one E, and otherwise B and .")
    return answered("maze", {"grid": grid}, line.answer, lambda answer: _moves(answer, grid))


def stack_permutation(line: Line) -> Converted:
    """Read two orders of the same items."""
    pushed, wanted = (
        listed(line.meta.get(name), f"meta.{name}", int)
        for name in ("input_sequence", "output_sequence")
    )
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
    rows = matrix(line.meta.get("question"), "meta.question")
    if sorted(cell for row in rows for cell in row) != list(range(1, 10)) or len(rows) != 3:
        raise Unreadable("meta.question must hold 1 to 9 in three rows")
    blocks = " ".join(f"{row + 1}{column + 1}" for row, column in cells(line.answer, "answer"))
    return Converted("twiddle", {"grid": written(rows)}, blocks)


def zebra_logic(line: Line) -> Converted:
    """Read a street of houses."""
    question = text(line.meta, "question").partition("Fill the following table")[0]
    attributes = {
        name: values.split(", ")
        for name, values in re.findall(r"^([\w-]+): (.+)$", question, re.MULTILINE)
    }
    if not attributes:
        raise Unreadable("meta.question must begin with attributes such as 'Pet: cat, dog'")
    letters = letters_of(attributes)
    houses = len(next(iter(attributes.values())))
    clues = [
        _clue(clue, letters, houses)
        for clue in re.findall(r"^[0-9]+\. (.+)$", question, re.MULTILINE)
    ]
    return Converted(
        "zebra", street(attributes, letters, clues), _table(line.answer, attributes, letters)
    )


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
    if not isinstance(answer, str):
        raise Unreadable("answer must be text")
    return joined_steps(answer)


def _hamiltonian(line: Line, kind: str) -> Converted:
    numbers = [
        list(map(int, words))
        for words in map(str.split, _number_lines(text(line.meta, "question")))
    ]
    (count, *more), edges = numbers[0], numbers[1:]
    if more or any(
        len(edge) != 2 or not all(0 <= vertex < count for vertex in edge) for edge in edges
    ):
        raise Unreadable(
            "meta.question must be the number of vertices, then lines of two vertices from 0"
        )
    if count > len(NAMES):
        raise Unsuited(f"{count} vertices, and hamiltonian names {len(NAMES)}")
    alone = set(range(count)) - {vertex for edge in edges for vertex in edge}
    names = sorted(
        {
            "".join(sorted(NAMES[vertex] for vertex in edge))
            for edge in [*edges, *([vertex] for vertex in alone)]
        }
    )
    instance = {"kind": kind, "edges": " ".join(names)}
    if line.answer == "NO":
        return Converted("hamiltonian", instance, IMPOSSIBLE)
    walk = listed(line.answer, "answer", int)
    return Converted(
        "hamiltonian",
        instance,
        "".join(NAMES[vertex] if 0 <= vertex < count else NO_STEP for vertex in walk),
    )


def _number_lines(question: str) -> list[str]:
    lines = question.strip().splitlines()
    if not lines or not all(
        re.fullmatch(r"[0-9]{1,3}( [0-9]{1,3})*", line.strip()) for line in lines
    ):
        raise Unreadable("meta.question must be lines of numbers")
    return lines


def _moves(answer: Any, grid: str) -> str:
    """The letter of each step; a path that does not begin at S begins with an illegal step."""
    path = [
        (int(row), int(column))
        for row, column in re.findall(r"\(([0-9]{1,3}), ?([0-9]{1,3})\)", str(answer))
    ]
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
            values = [letters.get(_value(reference)) for reference in match.groups()]
            if None in values:
                raise Unreadable(
                    f"meta.question: the clue {clue!r} names a value that no attribute has"
                )
            return signs.format(*values, last=houses, middle=houses // 2 + 1)
    raise Unsuited(f"the clue {clue[:MAX_SIDE]!r} is of no form that zebra writes")


def _value(reference: str) -> tuple[str, str]:
    attribute, _, value = reference.partition(":")
    return attribute, value


def _table(
    answer: Any, attributes: Mapping[str, list[str]], letters: Mapping[tuple[str, str], str]
) -> str:
    """The rows of the table in the order of the attributes; an unknown value is an illegal step."""
    if not isinstance(answer, str):
        raise Unreadable("answer must be text")
    lines = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in answer.strip().splitlines()
    ]
    rows = {name: values for name, *values in lines}
    return "/".join(
        "".join(letters.get((name, value), NO_STEP) for value in rows.get(name, []))
        for name in attributes
    )
