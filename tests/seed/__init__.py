"""Tests of seed/__init__.py and seed/__main__.py."""
