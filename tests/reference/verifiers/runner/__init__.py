"""Tests of reference/verifiers/runner."""
