"""Verifiers: mathematics, code, puzzles and judges, and what runs them where they can do no
harm.
"""
