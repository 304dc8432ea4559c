"""Measurements: each module prints figures of one run on one machine, as ratios where speeds of
machines differ.
"""
