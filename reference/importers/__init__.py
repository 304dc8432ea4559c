"""Readers of public puzzle collections: lines become instances, their answers our responses."""
