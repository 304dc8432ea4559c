"""Tests of the cleaning of problem files."""
