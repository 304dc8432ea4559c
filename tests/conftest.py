"""What holds for all tests: the profile of property tests, markers and schedule."""

import tests.support.hypothesis_profile
from tests.support.suite import pytest_collection_modifyitems, pytest_xdist_make_scheduler
