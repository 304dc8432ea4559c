"""The NumPy reference.

Files at the top are counterparts of those in ``scaled``: equations that one can read. The folders
hold what both backends share and nobody implements twice.
"""
