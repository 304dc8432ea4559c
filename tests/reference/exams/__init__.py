"""Tests of reference/exams."""
