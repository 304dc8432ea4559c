"""The command line: it reads arguments, chooses a backend, runs it and shows the results."""
