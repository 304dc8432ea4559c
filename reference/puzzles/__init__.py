"""The puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import arithmetic, countdown, magic_square, maze, sudoku, twentyfour
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "countdown": countdown,
    "magic_square": magic_square,
    "maze": maze,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
}
