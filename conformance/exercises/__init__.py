"""Functions to write oneself, judged by the properties that hold the reference."""
