"""The command line: reads arguments, chooses a backend, runs it, shows results."""
