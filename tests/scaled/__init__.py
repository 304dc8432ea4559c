"""The laws of the torch backend; those that hold for both backends are told once and run on both."""
