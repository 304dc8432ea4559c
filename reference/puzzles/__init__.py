"""The puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import (
    arithmetic,
    binario,
    campsite,
    car_painting,
    countdown,
    cryptarithm,
    hitori,
    kakurasu,
    light_up,
    magic_square,
    maze,
    skyscraper,
    stack_permutation,
    star_battle,
    sudoku,
    twentyfour,
)
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "binario": binario,
    "campsite": campsite,
    "car_painting": car_painting,
    "countdown": countdown,
    "cryptarithm": cryptarithm,
    "hitori": hitori,
    "kakurasu": kakurasu,
    "light_up": light_up,
    "magic_square": magic_square,
    "maze": maze,
    "skyscraper": skyscraper,
    "stack_permutation": stack_permutation,
    "star_battle": star_battle,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
}
