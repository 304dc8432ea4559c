"""Running untrusted programs: what contains them, how long they run, what is left."""
