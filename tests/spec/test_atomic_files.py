"""Properties of atomic writes: the whole content or the earlier one, and no partial file left."""

import os
from pathlib import Path

import pytest

from seed.spec import atomic_files
from seed.spec.atomic_files import remove_atomically, sweep, temporary_path, write_atomically


@pytest.mark.parametrize("content", ["grün\r\n", b"\xff\x00"])
def test_a_file_holds_exactly_what_was_written(tmp_path: Path, content: str | bytes) -> None:
    write_atomically(tmp_path / "file", content)
    expected = content.encode() if isinstance(content, str) else content
    assert (tmp_path / "file").read_bytes() == expected
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", "earlier")
    with pytest.raises(KeyboardInterrupt), temporary_path(tmp_path / "file") as temporary:
        temporary.write_text("half")
        assert (tmp_path / "file").read_text() == "earlier"
        raise KeyboardInterrupt
    assert (tmp_path / "file").read_text() == "earlier"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_kill_left_behind_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".file.partial").mkdir()
    (tmp_path / ".file.partial" / "half").touch()
    write_atomically(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_folder_with_content_is_replaced_by_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(atomic_files, "_exchange", lambda *_: False)
    for name in ("earlier", "later"):
        with temporary_path(tmp_path / "folder") as temporary:
            temporary.mkdir()
            (temporary / name).touch()
    assert os.listdir(tmp_path / "folder") == ["later"]


@pytest.mark.parametrize("when", ["before", "in the meantime"])
def test_an_existing_file_is_refused_if_it_must_not_be_replaced(tmp_path: Path, when: str) -> None:
    path = tmp_path / "file"
    if when == "before":
        path.write_text("earlier")
    with pytest.raises(FileExistsError), temporary_path(path, replace=False) as temporary:
        temporary.write_text("later")
        path.write_text("earlier")
    assert path.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("has_successor", [True, False])
def test_a_sweep_leaves_no_leftovers_and_gives_a_replaced_folder_its_name_back(
    tmp_path: Path, has_successor: bool
) -> None:
    for name in (
        ".folder.replaced",
        ".folder.partial",
        ".other.1.partial",
        *has_successor * ["folder"],
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"in {name}").touch()
    (tmp_path / ".file.partial").touch()
    sweep(tmp_path)
    assert os.listdir(tmp_path) == ["folder"]
    expected = "folder" if has_successor else ".folder.replaced"
    assert os.listdir(tmp_path / "folder") == [f"in {expected}"]


def test_a_folder_is_removed_whole(tmp_path: Path) -> None:
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "file").touch()
    remove_atomically(tmp_path / "folder")
    assert not os.listdir(tmp_path)
