"""The puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import (
    arithmetic,
    car_painting,
    countdown,
    cryptarithm,
    kakurasu,
    magic_square,
    maze,
    stack_permutation,
    sudoku,
    twentyfour,
)
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "car_painting": car_painting,
    "countdown": countdown,
    "cryptarithm": cryptarithm,
    "kakurasu": kakurasu,
    "magic_square": magic_square,
    "maze": maze,
    "stack_permutation": stack_permutation,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
}
