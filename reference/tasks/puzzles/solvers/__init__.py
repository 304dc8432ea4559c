"""What several puzzle families share: exact search, expressions, grids."""
