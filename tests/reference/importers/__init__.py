"""Laws of the readers of public collections."""
