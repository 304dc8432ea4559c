"""Cleaning of problem files: rules by name, duplicates, overlap, answers of models.

Every rule is a ``stage.Stage``. ``pipeline`` streams the rows of files through stages, and can be
killed and resumed.
"""
