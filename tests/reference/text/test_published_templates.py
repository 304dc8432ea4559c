"""The chat templates that TRL ships, rendered as transformers renders them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.reference.text.renderings import assert_equal, same_day

__all__ = ["same_day"]
TRL = find_spec("trl")
FOLDER = Path(TRL.origin).parent / "chat_templates" if TRL and TRL.origin else None
PUBLISHED = sorted(FOLDER.glob("*.jinja")) if FOLDER else []


@pytest.mark.skipif(not PUBLISHED, reason="TRL is not installed")
@pytest.mark.usefixtures("same_day")
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_renderings_are_those_of_transformers(path: Path) -> None:
    assert_equal(path.read_text(encoding="utf-8"))
