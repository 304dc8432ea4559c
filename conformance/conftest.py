"""One thread: the arrays of these tests are small, and threads would only wait for each other."""

import pytest
import torch

import tests.support.hypothesis_profile  # noqa: F401  # loads itself


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)
