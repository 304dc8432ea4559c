"""Tests of scaled/decoding."""
