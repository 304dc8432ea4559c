"""Files and folders that appear whole or not at all: written beside their place, then renamed.

    .NAME.partial   what is being written, or deleted
    .NAME.replaced  a folder whose successor takes its name at this moment

Nothing good is touched before its successor is whole and on the disk. What a kill left is taken
away, or put back, by ``sweep`` when the writer starts again. A file system that is full or
read-only is a user error of one line (``unwritable``).
"""

import ctypes
import errno
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seed.spec.errors import Reason, SeedError

PARTIAL, REPLACED = ".partial", ".replaced"
HERE, EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux's renameat2."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The file system, a quota, or the largest file that the process may write."""
UNWRITABLE = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM)


class NoRoom(OSError):
    """A file for which there is no room.

    Attributes:
        need: Bytes that it would have had.
    """

    def __init__(self, failure: OSError, need: int) -> None:
        super().__init__(failure.errno, failure.strerror)
        self.need = need


def unwritable(path: Path | None, failure: OSError, need: int = 0) -> SeedError:
    """The user error for a file or folder that cannot be written.

    Args:
        path: The file; None where it is not known, such as for standard output.
        failure: What the system says.
        need: Bytes of the file as far as they are known; said if there is no room for them.
    """
    line = f"{path or 'the output'} cannot be written: {failure.strerror or failure}"
    if failure.errno in FULL and path is not None:
        have = room(path.parent)
        least = f"at least {need:,} bytes" if need > have else "more"
        line += f"; {have:,} bytes are free, and it needs {least}"
    return SeedError(Reason.UNWRITABLE_FILE, line)


def room(folder: Path) -> int:
    """Bytes that a new file in a folder, or in the nearest one above it that exists, may have."""
    above = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    system = os.statvfs(above)
    free, limit = system.f_bavail * system.f_frsize, resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return free if limit == resource.RLIM_INFINITY else min(free, limit)


@contextmanager
def written(path: Path, need: int = 0) -> Iterator[None]:
    """A block that writes a file or folder; arguments as of ``unwritable``.

    Raises:
        SeedError: UNWRITABLE_FILE for every ``OSError`` of the block.
    """
    try:
        yield
    except OSError as failure:
        raise unwritable(path, failure, need) from None


def append_whole(path: Path, content: bytes) -> None:
    """Add bytes to a file, all of them or, if there is no room, none.

    Raises:
        SeedError: UNWRITABLE_FILE.
    """
    with written(path, len(content)), path.open("ab", buffering=0) as file:
        before, rest = file.tell(), memoryview(content)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            file.truncate(before)
            raise


@contextmanager
def temporary_path(path: Path, *, replace: bool = True, need: int = 0) -> Iterator[Path]:
    """Give a path to write to, and rename what was written there when the block ends.

    A failure in the block removes it; a kill leaves a hidden ``.NAME.partial``, and never a part of
    a file under its own name. Everything is on the disk before the rename, so a loss of power is
    survived as well.

    Args:
        path: The file or folder that appears. Its parent must exist.
        replace: Whether an existing one is replaced; otherwise it is an error.
        need: Bytes of what will be written, if they are known; else what was written counts.

    Yields:
        A path in the same folder, free at first; the caller creates a file or a folder there.

    Raises:
        FileExistsError: ``path`` exists and must not be replaced.
        SeedError: UNWRITABLE_FILE if the system refuses to write it.
    """
    # Writers that replace each other leave at most one partial file. Writers that refuse to replace
    # may start at the same time, so each gets a name of its own.
    temporary = _hidden(path, PARTIAL if replace else f".{os.getpid()}{PARTIAL}")
    _refuse_existing(path, replace)
    try:
        _remove(temporary)
        yield temporary
        _refuse_existing(path, replace)
        _flush_all(temporary)
        _publish(temporary, path)
        flush(path.parent)
    except FileExistsError:
        _remove(temporary)
        raise
    except OSError as failure:
        whole = failure.need if isinstance(failure, NoRoom) else _size(temporary)
        need = max(need, whole)
        with suppress(OSError):  # a read-only folder keeps it
            _remove(temporary)
        raise unwritable(path, failure, need) from None
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
        FileExistsError, SeedError: As of ``temporary_path``.
    """
    data = content.encode() if isinstance(content, str) else content
    with temporary_path(path, replace=replace, need=len(data)) as temporary:
        temporary.write_bytes(data)


def remove_atomically(path: Path) -> None:
    """Delete a file or folder; a kill leaves all of it, or nothing under its name."""
    temporary = _hidden(path, PARTIAL)
    _remove(temporary)
    os.replace(path, temporary)
    _remove(temporary)


def sweep(folder: Path) -> None:
    """Put a folder in order after a kill: only the one process that writes there may do this.

    A folder that was to be replaced gets its name back if its successor does not have it yet. All
    else that ``temporary_path`` and ``remove_atomically`` left is deleted.
    """
    for old in folder.glob(f".*{REPLACED}"):
        path = old.with_name(old.name[1:].removesuffix(REPLACED))
        if not path.exists():
            os.replace(old, path)
    for left in (*folder.glob(f".*{PARTIAL}"), *folder.glob(f".*{REPLACED}")):
        _remove(left)


def flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_all(path: Path) -> None:
    for inner in path.rglob("*") if path.is_dir() else ():
        flush(inner)
    flush(path)


def _publish(temporary: Path, path: Path) -> None:
    """Give ``path`` to what was written; the system replaces files, but no folder with content."""
    if not (temporary.is_dir() and path.exists()):
        os.replace(temporary, path)
    elif _exchange(temporary, path):
        _remove(temporary)
    else:
        old = _hidden(path, REPLACED)
        _remove(old)
        os.replace(path, old)
        os.replace(temporary, path)
        _remove(old)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two names in one step; False where the system or the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    return bool(renameat2(HERE, os.fsencode(first), HERE, os.fsencode(second), EXCHANGE) == 0)


def _size(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; 0 if there is none."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _hidden(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


def _refuse_existing(path: Path, replace: bool) -> None:
    if not replace and path.exists():
        raise FileExistsError(f"{path} exists")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
