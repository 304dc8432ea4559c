"""What a kill leaves of a folder: its content before every call that changes files.

SIGKILL loses what a process has not yet given to the system, and keeps the rest. So the content
that a file call finds is what a kill just before that call leaves, and one run gives the content of
all kills.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

Content = dict[str, bytes | None]
"""Relative path -> bytes of a file, None for a folder."""

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link"}
_before_change: list[Callable[[], object]] = []
_is_installed: list[bool] = []


def content_of(folder: Path) -> Content:
    """All that lies in a folder."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def put(content: Content, folder: Path) -> None:
    """Make a folder with this content."""
    folder.mkdir()
    for name, data in content.items():
        if data is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)


def left_by_kills(folder: Path, action: Callable[[], object]) -> list[Content]:
    """Run ``action`` to its end; the different contents of the folder before its file calls."""
    seen: list[Content] = []

    def look() -> None:
        if folder.exists() and (content := content_of(folder)) not in seen[-8:]:
            seen.append(content)

    with _observed(look):
        action()
    return seen


@contextmanager
def _observed(look: Callable[[], object]) -> Iterator[None]:
    # A hook cannot be taken out again, so one stays and does nothing outside of this block.
    if not _is_installed:
        sys.addaudithook(_hook)
        _is_installed.append(True)
    real = os.fsync

    def flushed(descriptor: int) -> None:
        _tell()
        real(descriptor)

    _before_change.append(look)
    try:
        with patch("os.fsync", flushed):
            yield
    finally:
        _before_change.clear()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    if _before_change and (event in CHANGES or (event == "open" and arguments[2] & writes)):
        _tell()


def _tell() -> None:
    look = _before_change.pop()  # what looks opens files itself
    try:
        look()
    finally:
        _before_change.append(look)
