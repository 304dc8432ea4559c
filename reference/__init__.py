"""The NumPy reference: every numeric module as equations one can read, and all modules without
arrays.
"""
