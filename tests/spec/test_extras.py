"""What is missing is refused with a command that installs it from a clone."""

import sys

import pytest

from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require


def test_a_missing_package_is_refused_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SeedError) as error:
        require("torch", "seed conform")
    assert error.value.reason is Reason.BACKEND_MISSING
    assert error.value.line.startswith("seed conform needs torch: pip install '.[scaled]'")


def test_a_package_that_is_there_is_not_loaded() -> None:
    require("click", "seed")
    require("wsgiref", "seed")
    assert "wsgiref" not in sys.modules
