"""Running untrusted programs: what contains them, how long they run, and that nothing is left."""
