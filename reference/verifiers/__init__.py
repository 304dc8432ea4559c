"""Verifiers of mathematics, code, puzzles; judges; the processes that contain them."""
