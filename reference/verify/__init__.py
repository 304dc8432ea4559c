"""Verifiers of free text: one module per domain, each with ``verify(item) -> Verdict``."""
