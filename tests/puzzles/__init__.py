"""The laws of every puzzle family, one file per family; what they have in common is in ``tests/test_puzzles.py``."""
