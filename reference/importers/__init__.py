"""Readers of public puzzle collections: lines become instances and responses of ours."""
