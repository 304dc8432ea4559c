"""Tests of scaled/processes."""
