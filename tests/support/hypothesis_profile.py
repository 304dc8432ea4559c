"""The one profile of all property tests.

Examples follow from the test alone, so a failure is the same everywhere. There is no deadline, and
slow drawing is no failure, so no test depends on the load of the machine. A test gives only the
number of examples.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "seed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("seed")
