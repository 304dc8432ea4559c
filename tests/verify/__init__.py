"""Laws of the verifiers, one file per module of ``reference.verify``."""
