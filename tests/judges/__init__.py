"""Laws of the judges and of the reward model."""
