"""Programs against tests: judge, untrusted process, the values between them.

``reference.verifiers.programs.verifier`` starts both.
"""
