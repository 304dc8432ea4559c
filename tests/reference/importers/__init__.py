"""Tests of reference/importers."""
