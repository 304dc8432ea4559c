"""The laws of the torch house; those that hold for both houses are told once and run on both."""
