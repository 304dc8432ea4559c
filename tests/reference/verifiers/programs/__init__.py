"""Tests of reference/verifiers/programs, and programs that attack it."""
