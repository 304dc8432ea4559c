"""The puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import (
    arithmetic,
    binario,
    campsite,
    hitori,
    light_up,
    maze,
    skyscraper,
    star_battle,
    sudoku,
    twentyfour,
)
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "binario": binario,
    "campsite": campsite,
    "hitori": hitori,
    "light_up": light_up,
    "maze": maze,
    "skyscraper": skyscraper,
    "star_battle": star_battle,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
}
