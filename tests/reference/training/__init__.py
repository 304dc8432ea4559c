"""Tests of reference/training."""
