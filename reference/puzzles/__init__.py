"""The puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import (
    arithmetic,
    binario,
    campsite,
    car_painting,
    countdown,
    cryptarithm,
    hamiltonian,
    hitori,
    kakurasu,
    knights_and_knaves,
    light_up,
    magic_square,
    maze,
    minesweeper,
    skyscraper,
    sliding,
    stack_permutation,
    star_battle,
    sudoku,
    twentyfour,
    twiddle,
    zebra,
)
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "binario": binario,
    "campsite": campsite,
    "car_painting": car_painting,
    "countdown": countdown,
    "cryptarithm": cryptarithm,
    "hamiltonian": hamiltonian,
    "hitori": hitori,
    "kakurasu": kakurasu,
    "knights_and_knaves": knights_and_knaves,
    "light_up": light_up,
    "magic_square": magic_square,
    "maze": maze,
    "minesweeper": minesweeper,
    "skyscraper": skyscraper,
    "sliding": sliding,
    "stack_permutation": stack_permutation,
    "star_battle": star_battle,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
    "twiddle": twiddle,
    "zebra": zebra,
}
