"""Properties of the puzzle families, one file each."""
