"""The preference to learn for ``maze``: the notes of a walk should name the cells it reaches.

    response        to ``MS.#/..#/#.G=``, four moves long                    utility
    D4R5D8R9        every move with the number of the cell it reaches        4
    D4R5DR9         one note is missing                                      3
    D4R6D8R9        the second move does not lead to cell 6                  2
    DRDR            reaches the goal, without notes                          0
    R2L1D4R5D8R9    right notes, but two moves too many                      2

Formula, for a shortest walk of n moves:

    utility = right notes of the first n moves - wrong notes - moves beyond n - other characters

The verifier reads the moves and skips the notes. This preference reads the notes and accepts moves
through walls or past the goal, so a ``hybrid`` problem needs both. No response has a larger utility
than the demonstration: a tie with it is the best result, and by the gate q = 1 - w / 2.

The preference stands for human raters: it labels the pairs that train the reward model, and the
policy sees the reward model only. The module implements ``spec.judge.PreferenceTask``; its
instances are those of ``reference.tasks.puzzles.maze``.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles import maze

PIECES = re.compile(f"([{''.join(maze.MOVES)}])([0-9]*)|(.)", re.DOTALL)
"""A move with its note, or a character that belongs to neither."""
READABLE = frozenset("0123456789") | set(maze.MOVES)
FOREIGN = "#"
"""Replaces a character that no walk contains."""
SPARE = 4
"""Characters beyond the demonstration that the reward model reads: two more moves with notes."""


def candidate(random: np.random.Generator, instance: Mapping[str, Any]) -> str:
    """Draw a walk through the maze of ``maze.draw``, mostly a shortest one, with notes.

    Each move has a right note, a wrong one or none; sometimes there is a wrong move, further moves
    or a foreign character. Half of the candidates note every move: compared with a demonstration,
    they differ only by the mistakes that a reward model must learn to see.
    """
    walk = list(maze.answer(instance))
    if random.random() < 0.3:
        walk[random.integers(len(walk))] = _any_move(random)
    if random.random() < 0.1:
        walk += [_any_move(random) for _ in range(random.integers(1, SPARE))]
    noted_share = 1.0 if random.random() < 0.5 else random.random()
    wrong_share = 0.5 * random.random()
    cells = sum(map(len, instance["grid"].split("/")))
    text = ""
    for move, cell in zip(walk, maze.cells(instance, walk), strict=True):
        note = 1 + random.integers(cells) if random.random() < wrong_share else cell
        text += move + (str(note) if note and random.random() < noted_share else "")
    if random.random() < 0.05:
        position = random.integers(len(text) + 1)
        text = text[:position] + FOREIGN + text[position:]
    return text


def utility(instance: Mapping[str, Any], response: str) -> float:
    """The hidden preference, of any text: at most the number of moves of a shortest walk."""
    shortest = maze.work(instance)
    pieces = PIECES.findall(response)
    moves = [(move, note) for move, note, _ in pieces if move]
    cells = maze.cells(instance, [move for move, _ in moves])
    # Cell 0 is outside of the grid: no note of it is right.
    right = [cell > 0 and note == str(cell) for (_, note), cell in zip(moves, cells, strict=True)]
    wrong = sum(note != "" for _, note in moves) - sum(right)
    foreign = len(pieces) - len(moves)
    return float(sum(right[:shortest]) - wrong - max(0, len(moves) - shortest) - foreign)


def quoted(instance: Mapping[str, Any], response: str) -> str:
    """Write any text so that it can neither end its place in the prompt nor contain the verdict.

    Moves and digits stay, everything else becomes ``#``; it is at most ``SPARE`` characters longer
    than the demonstration.
    """
    longest = len(maze.solve(instance)) + SPARE
    return "".join(sign if sign in READABLE else FOREIGN for sign in response[:longest])


def _any_move(random: np.random.Generator) -> str:
    return list(maze.MOVES)[random.integers(len(maze.MOVES))]
