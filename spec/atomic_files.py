"""Files and folders that appear whole or not at all: written beside their place, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def temporary_path(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a path to write to, and rename what was written there when the block ends.

    A failure in the block removes it; a kill leaves a hidden ``.NAME.partial``, and never a part of
    a file under its own name. Nothing is flushed to the disk here: a caller that has to survive a
    loss of power does that itself.

    Args:
        path: The file or folder that appears. Its parent must exist.
        replace: Whether an existing one is replaced; otherwise it is an error.

    Yields:
        A path in the same folder, free at first; the caller creates a file or a folder there.

    Raises:
        FileExistsError: ``path`` exists and must not be replaced.
        OSError: It cannot be written.
    """
    # Writers that replace each other leave at most one partial file. Writers that refuse to replace
    # may start at the same time, so each gets a name of its own.
    temporary = path.with_name(f".{path.name}.{'' if replace else f'{os.getpid()}.'}partial")
    _refuse_existing(path, replace)
    _remove(temporary)
    try:
        yield temporary
        _refuse_existing(path, replace)
        if temporary.is_dir():
            _remove(path)  # the system replaces a file by a rename, but no folder with content
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def write_atomically(path: Path, content: str | bytes, *, replace: bool = True) -> None:
    """Write a whole file at once; text becomes UTF-8.

    Args:
        path: The file.
        content: All of it.
        replace: As of ``temporary_path``.

    Raises:
        OSError: As of ``temporary_path``.
    """
    with temporary_path(path, replace=replace) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def _refuse_existing(path: Path, replace: bool) -> None:
    if not replace and path.exists():
        raise FileExistsError(f"{path} exists")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
