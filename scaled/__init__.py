"""The torch house: the numeric chapters of the reference again, sharded over GPUs and MPI ranks.

No chapter is built yet; ``seed run --backend scaled`` says so. Everything it will share with the NumPy house is in place:
the contract (``spec.backend``), the trainer, the schedule, the counter-based randomness.
"""
