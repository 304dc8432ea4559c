"""Running untrusted programs: what contains them, for how long, and that nothing is left."""
