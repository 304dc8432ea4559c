"""Laws of the puzzle families, one file each; what they all share is in ``tests/test_puzzles.py``."""
