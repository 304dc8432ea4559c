"""The profile of all property tests."""

import tests.support.hypothesis_profile  # noqa: F401  # loads itself
