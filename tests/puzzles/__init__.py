"""Laws of the puzzle families, one file per module of ``reference.puzzles``."""
