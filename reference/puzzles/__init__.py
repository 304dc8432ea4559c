"""The puzzle families and two extra tasks (judging, writing), each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import arithmetic, equivalence, maze, prose, sudoku, twentyfour
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "equivalence": equivalence,
    "maze": maze,
    "prose": prose,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
}
