"""Laws of the verifiers and of what runs them."""
