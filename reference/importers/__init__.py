"""Readers of public puzzle collections: their lines become instances of our families, their answers
become responses.
"""
