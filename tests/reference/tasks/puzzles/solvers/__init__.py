"""Tests of reference/tasks/puzzles/solvers."""
