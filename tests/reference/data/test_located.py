"""Files of problems are recorded with their digests."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data.located import check_digests, located
from seed.spec.config_model import DataConfig
from seed.spec.errors import Reason, SeedError


def section(**data: Any) -> DataConfig:
    return DataConfig.model_validate({"demonstrations": 1, "max_prompt_tokens": 9} | data)


def test_paths_are_absolute_and_changed_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        Path(name).write_text(name)
    weights = {"a": 2, "addition": 3}
    data = section(train=["a", "addition"], evaluation=["judge=b"], weights=weights)
    found = located(data)
    assert found.train == (f"{tmp_path}/a", "addition")
    assert found.evaluation == (f"judge={tmp_path}/b",)
    assert dict(found.weights) == {f"{tmp_path}/a": 2, "addition": 3}
    assert dict(found.sha256) == {
        f"{tmp_path}/{name}": sha256(name.encode()).hexdigest() for name in "ab"
    }
    assert located(found) == found
    check_digests(found)
    Path("b").write_text("other")
    with pytest.raises(SeedError, match="put the file back") as caught:
        check_digests(found)
    assert caught.value.reason is Reason.FOREIGN_CHECKPOINT


def test_puzzles_have_no_files() -> None:
    data = section(families=["maze"])
    assert located(data) == data
