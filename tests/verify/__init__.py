"""Laws of the verifiers."""
