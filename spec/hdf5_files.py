"""HDF5 files that survive a full disk: the library never sees an operating system's error.

HDF5 cannot close a file whose writes fail: it keeps it open, and the process ends in a segmentation
fault. So it writes to an object that notes the first failure and takes everything after it.
"""

import io
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from seed.spec.atomic_files import NoRoom


@contextmanager
def new_hdf5_file(path: Path) -> Iterator[Any]:
    """Write a new HDF5 file; its groups keep the order in which they are made.

    Yields:
        The open ``h5py.File``.

    Raises:
        NoRoom: It could not be written, such as ENOSPC; what lies at ``path`` is not whole then.
    """
    with path.open("w+b", buffering=0) as raw:
        guarded = _Guarded(raw)
        try:
            with signals_held(), h5py.File(guarded, "w", track_order=True) as file:
                yield file
        except Exception:
            if guarded.failure is None:
                raise  # else HDF5 has read back what could not be written
        if guarded.failure is not None:
            raise NoRoom(guarded.failure, guarded.end) from None


@contextmanager
def signals_held() -> Iterator[None]:
    """A block that no signal handler interrupts; what came is sent again at its end.

    A handler that raises would do so in the methods that HDF5 calls, which must not fail.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ours = [one for one in ending if callable(signal.getsignal(one))]
    earlier = {one: signal.signal(one, lambda number, _: held.append(number)) for one in ours}
    try:
        yield
    finally:
        for one, handler in earlier.items():
            signal.signal(one, handler)
        for number in dict.fromkeys(held):
            os.kill(os.getpid(), number)


class _Guarded(io.RawIOBase):
    """A file of which no write fails.

    Attributes:
        failure: The first error.
        end: Bytes that the file would have now if none had failed.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw = raw
        self.failure: OSError | None = None
        self.end = self.position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.position = self.raw.seek(offset, whence)
        return self.position

    def tell(self) -> int:
        return self.raw.tell()

    def readinto(self, buffer: Any) -> int:
        # HDF5 reads back only what it has written; of a write that failed it gets zeros.
        content = self.raw.read(len(buffer)) or b""
        buffer[:] = content.ljust(len(buffer), b"\0")
        return len(buffer)

    def write(self, buffer: Any) -> int:
        size = len(buffer)
        self.position += size
        self.end = max(self.end, self.position)
        rest = memoryview(buffer)
        try:
            while self.failure is None and rest:
                rest = rest[self.raw.write(rest) or 0 :]
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
