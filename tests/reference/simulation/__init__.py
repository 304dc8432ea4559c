"""Tests of reference/simulation."""
