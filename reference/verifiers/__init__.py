"""Verifiers of mathematics, code, puzzles and judges, and the processes that contain them."""
