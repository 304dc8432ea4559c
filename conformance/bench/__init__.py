"""Benchmarks: each module prints figures of one run on one machine, mostly as ratios."""
