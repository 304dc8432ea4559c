"""Programs against tests: the judge's process and the untrusted one, and what crosses;
``reference.verifiers.programs.verifier`` starts them.
"""
