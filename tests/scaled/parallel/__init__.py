"""Tests of scaled/parallel."""
