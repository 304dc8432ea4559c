"""The puzzle families, each one a module that fulfils ``spec.puzzle.PuzzleFamily``."""

from collections.abc import Mapping

from reference.puzzles import (
    arithmetic,
    hamiltonian,
    knights_and_knaves,
    maze,
    minesweeper,
    sliding,
    sudoku,
    twentyfour,
    twiddle,
    zebra,
)
from spec.puzzle import PuzzleFamily

FAMILIES: Mapping[str, PuzzleFamily] = {
    "arithmetic": arithmetic,
    "hamiltonian": hamiltonian,
    "knights_and_knaves": knights_and_knaves,
    "maze": maze,
    "minesweeper": minesweeper,
    "sliding": sliding,
    "sudoku": sudoku,
    "twentyfour": twentyfour,
    "twiddle": twiddle,
    "zebra": zebra,
}
