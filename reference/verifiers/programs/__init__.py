"""Programs against tests: the judge's process, the untrusted process, and the values between them.

``reference.verifiers.programs.verifier`` starts both.
"""
