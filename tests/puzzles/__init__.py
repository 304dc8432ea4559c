"""The laws of the puzzle families, one file per family."""
