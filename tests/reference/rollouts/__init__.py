"""Tests of reference/rollouts."""
