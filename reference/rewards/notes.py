"""Notes: how well a walk through a ``maze`` says where it is. What a reader prefers beside a walk
that arrives.

================  =================================================  =======
response          to ``MS.#/..#/#.G=``, four moves long              utility
================  =================================================  =======
``D4R5D8R9``      every move with the number of the cell it reaches  4
``D4R5DR9``       one note is left out                               3
``D4R6D8R9``      the second move does not lead to cell 6            2
``DRDR``          a walk that arrives, without notes                 0
``R2L1D4R5D8R9``  right notes, but two moves too many                2
================  =================================================  =======

    utility = right notes of the first n moves - wrong notes - moves beyond n - other characters,  n
    of a shortest walk

The verifier looks at the moves and skips the notes; this preference looks at the notes and does not
ask whether the walk meets a wall or the goal. So a ``hybrid`` problem needs both. The demonstration
is the best there is, so a tie with it is all that a response can reach: by the gate q = 1 - w / 2.

The preference stands for people. It labels the pairs of the reward model; the policy sees the
reward model only. The module fulfils ``spec.judge.PreferenceTask``; its instances are those of
``reference.tasks.puzzles.maze``.
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
"""How a reward model reads a character that no walk holds."""
SPARE = 4
"""Characters beyond the demonstration that a reward model still reads: two more moves with their
notes.
"""


def candidate(random: np.random.Generator, instance: Mapping[str, Any]) -> str:
    """Draw a walk with notes of any quality, mostly a shortest one.

    Half of them note every move: they are what a reward model must find slips in when it compares
    with a demonstration.

    Args:
        random: The only source of randomness.
        instance: What ``maze.draw`` returned.

    Returns:
        Moves, each with a right note, a wrong one or none; now and then with a wrong, a further or
        a foreign character.
    """
    walk = list(maze.answer(instance))
    if random.random() < 0.3:
        walk[random.integers(len(walk))] = _any_move(random)
    if random.random() < 0.1:
        walk += [_any_move(random) for _ in range(random.integers(1, SPARE))]
    noted = 1.0 if random.random() < 0.5 else random.random()
    slips = 0.5 * random.random()
    cells = sum(map(len, instance["grid"].split("/")))
    written = ""
    for move, cell in zip(walk, maze.cells(instance, walk), strict=True):
        said = 1 + random.integers(cells) if random.random() < slips else cell
        written += move + (str(said) if said and random.random() < noted else "")
    if random.random() < 0.05:
        place = random.integers(len(written) + 1)
        written = written[:place] + FOREIGN + written[place:]
    return written


def utility(instance: Mapping[str, Any], response: str) -> float:
    """The hidden preference: right notes, and no move too many.

    Args:
        instance: What ``maze.draw`` returned.
        response: Any text at all.

    Returns:
        At most the moves of a shortest walk.
    """
    shortest = maze.work(instance)
    pieces = PIECES.findall(response)
    noted = [(move, note) for move, note, _ in pieces if move]
    where = maze.cells(instance, [move for move, _ in noted])
    right = [cell > 0 and note == str(cell) for (_, note), cell in zip(noted, where, strict=True)]
    wrong = sum(note != "" and not fits for (_, note), fits in zip(noted, right, strict=True))
    foreign = len(pieces) - len(noted)
    return float(sum(right[:shortest]) - wrong - max(0, len(noted) - shortest) - foreign)


def quoted(instance: Mapping[str, Any], response: str) -> str:
    """Write any text so that it cannot leave its place in the reward model's prompt or say the
    verdict.

    Args:
        instance: What ``maze.draw`` returned.
        response: Any text at all.

    Returns:
        Moves and digits, and ``#`` for everything else, cut a little beyond the demonstration's
        length.
    """
    longest = len(maze.solve(instance)) + SPARE
    return "".join(
        character if character in READABLE else FOREIGN for character in response[:longest]
    )


def _any_move(random: np.random.Generator) -> str:
    return list(maze.MOVES)[random.integers(len(maze.MOVES))]
