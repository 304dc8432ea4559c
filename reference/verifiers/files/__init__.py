"""Files of responses to be verified: lines in, lines out, counts."""
