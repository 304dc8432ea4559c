"""Tests of reference/data."""
