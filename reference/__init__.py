"""The NumPy house: every numeric chapter as equations one can read, and all chapters without
arrays.
"""
