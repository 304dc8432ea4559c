"""Tests of reference/verifiers/files."""
