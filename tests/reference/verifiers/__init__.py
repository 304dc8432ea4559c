"""Tests of reference/verifiers."""
