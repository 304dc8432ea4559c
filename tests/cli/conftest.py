"""A finished run that several files look at."""

from pathlib import Path

import pytest

from tests.support.command_line import succeeded
from tests.support.small_runs import SMALL


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory that ``seed run`` has finished. No test changes it."""
    path = tmp_path_factory.mktemp("runs") / "finished"
    succeeded("run", "--out", path, *SMALL)
    return path
