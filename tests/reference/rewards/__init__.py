"""Tests of reference/rewards."""
