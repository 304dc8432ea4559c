"""The four puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import arithmetic, maze, sudoku, twentyfour
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "maze": maze,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
}
