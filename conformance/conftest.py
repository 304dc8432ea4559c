"""What holds for all tests here: profile, markers and schedule as in ``tests``, and one thread.

The arrays of these tests are small, and threads would only wait for each other.
"""

import pytest
import torch

import tests.support.hypothesis_profile
from tests.support.suite import pytest_collection_modifyitems, pytest_xdist_make_scheduler


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Let torch compute in one thread."""
    torch.set_num_threads(1)
