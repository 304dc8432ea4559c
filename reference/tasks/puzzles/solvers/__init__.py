"""What several puzzle families share: exact search, expressions, grids that are read and
written.
"""
