"""Verifiers: each judges the final answer of a response and says why."""
