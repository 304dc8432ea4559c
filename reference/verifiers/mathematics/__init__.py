"""Final answers of mathematics: found, read, in one form, compared.

``reference.verifiers.mathematics.verifier`` decides.
"""
