"""Tests of reference/tasks."""
