"""Tests of reference/evaluation."""
