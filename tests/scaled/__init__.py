"""Tests of the torch backend."""
