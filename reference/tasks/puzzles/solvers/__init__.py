"""What several puzzle families share: exact search, expressions, reading and writing of grids."""
