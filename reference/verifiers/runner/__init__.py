"""Verifiers in worker processes that can be killed at their time limit."""
