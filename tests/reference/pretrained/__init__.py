"""Tests of ``reference/pretrained``."""
