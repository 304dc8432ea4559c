"""Laws of the mathematics behind its verifier, room by room, and the labelled pairs."""
