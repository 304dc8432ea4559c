"""HDF5 files that survive a full disk: the library never sees an operating system's error.

HDF5 cannot close a file whose writes fail: it keeps it open, and the process ends in a segmentation
fault. So it writes to an object that notes the first failure and takes everything after it.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py


@contextmanager
def new_hdf5_file(path: Path) -> Iterator[Any]:
    """Write a new HDF5 file; its groups keep the order in which they are made.

    Yields:
        The open ``h5py.File``.

    Raises:
        OSError: It could not be written, such as ENOSPC; what lies at ``path`` is not whole then.
    """
    with path.open("w+b") as raw:
        guarded = _Guarded(raw)
        with h5py.File(guarded, "w", track_order=True) as file:
            yield file
        if guarded.failure:
            raise guarded.failure


class _Guarded(io.RawIOBase):
    """A file of which no write fails: ``failure`` is the first error."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw
        self.failure: OSError | None = None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.raw.seek(offset, whence)

    def tell(self) -> int:
        return self.raw.tell()

    def readinto(self, buffer: Any) -> int:
        # HDF5 reads back only what it has written; of a write that failed it gets zeros.
        content = self.raw.read(len(buffer))
        buffer[:] = content.ljust(len(buffer), b"\0")
        return len(buffer)

    def write(self, buffer: Any) -> int:
        size = len(buffer)
        if self.failure is None:
            try:
                self.raw.write(buffer)
            except OSError as failure:
                self.failure = failure
        return size

    def truncate(self, size: int | None = None) -> int:
        if self.failure is None:
            try:
                return self.raw.truncate(size)
            except OSError as failure:
                self.failure = failure
        return size or 0

    def flush(self) -> None:
        if self.failure is None:
            try:
                self.raw.flush()
            except OSError as failure:
                self.failure = failure
