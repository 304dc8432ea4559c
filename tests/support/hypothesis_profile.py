"""The one profile of all property tests.

Examples follow from the test alone, so a failure is the same everywhere. There is no deadline, so
no test depends on the load of the machine. A test gives only the number of examples.
"""

from hypothesis import settings

settings.register_profile("seed", derandomize=True, deadline=None)
settings.load_profile("seed")
