"""Simulation of the streaming rollout scheduler in virtual time."""
