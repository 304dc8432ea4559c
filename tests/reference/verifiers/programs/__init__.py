"""Laws of what runs programs against tests, and the programs that attack it."""
