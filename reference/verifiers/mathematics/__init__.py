"""Final answers of mathematics: found, read, brought into one form and compared.

``reference.verifiers.mathematics.verifier`` decides.
"""
