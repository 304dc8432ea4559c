"""Tests of reference/verifiers/sandbox."""
