"""Rows of JSONL and Parquet files at random access, from files larger than memory.

A JSON Lines file is read where it lies; in memory are only the places of its rows. Parquet, gzip
and a JSON array cannot be entered in the middle, so their rows are copied once, as JSON lines, into
a temporary file (in ``TMPDIR``) that ends with the process.
"""

import base64
import contextlib
import gzip
import json
import os
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from seed.reference.verifiers.files.lines import raw_lines
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import require

MAGIC = {b"\x1f\x8b": "gzip", b"PAR1": "parquet", b"\x28\xb5\x2f\xfd": "zstd", b"PK": "zip"}
"""First bytes of a file -> its format; the name of a file does not matter."""

ARRAY = b"["
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ROWS_AT_ONCE = 1024


class RowFile:
    """The rows of one file.

    Attributes:
        path: The file.
        kind: JSON Lines, JSON array, gzip or parquet.
        size: Bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open a file, and copy its rows if it cannot be entered in the middle.

        Raises:
            SeedError: UNREADABLE_FILE, BACKEND_MISSING.
        """
        self.path = path
        try:
            if not path.is_file():
                why = "is a folder" if path.is_dir() else "does not exist or is no regular file"
                raise SeedError(
                    Reason.UNREADABLE_FILE, f"{path} {why}; name a JSONL or Parquet file"
                )
            self.size = path.stat().st_size
            self.kind = _kind(path)
            is_lines = self.kind == "JSON Lines"
            self._file: Any = path.open("rb") if is_lines else _copied(path, self.kind)
        except OSError as failure:
            why = failure.strerror or str(failure)
            raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {why}") from None
        weakref.finalize(self, self._file.close)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Number (from 1), place and bytes of each line that is not blank, in order."""
        self._file.seek(0)
        start = 0
        for number, line in enumerate(raw_lines(self._file), start=1):
            if line.strip():
                yield number, start, line
            start = self._file.tell()

    def line_at(self, start: int, length: int) -> bytes:
        """The bytes of a line whose place is known; processes may share the file."""
        return os.pread(self._file.fileno(), length, start)


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(64)
    for magic, kind in MAGIC.items():
        if head.startswith(magic):
            return kind
    return (
        "JSON array" if head.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] == ARRAY else "JSON Lines"
    )


def _copied(path: Path, kind: str) -> IO[bytes]:
    """All rows of a file as JSON lines in a temporary file."""
    if kind in ("zstd", "zip"):
        tool = {"zstd": "zstd -d", "zip": "unzip"}[kind]
        raise SeedError(Reason.UNREADABLE_FILE, f"{path} is {kind}: unpack it first, {tool} {path}")
    with contextlib.ExitStack() as on_failure:
        copy = on_failure.enter_context(tempfile.TemporaryFile())
        if kind == "gzip":
            _unpack(path, copy)
        else:
            rows = _parquet_rows(path) if kind == "parquet" else _array_rows(path)
            for row in rows:
                copy.write(json.dumps(row, default=_plain).encode() + b"\n")
        copy.flush()
        on_failure.pop_all()
    return copy


def _unpack(path: Path, copy: IO[bytes]) -> None:
    try:
        with gzip.open(path) as packed:
            shutil.copyfileobj(packed, copy, 1 << 20)
    except (EOFError, zlib.error, gzip.BadGzipFile) as failure:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: damaged gzip file: {failure}") from None


def _array_rows(path: Path) -> list[Any]:
    """The members of a JSON array, all at once in memory."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as failure:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path} is no JSON array: {failure}") from None
    return list(rows)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    require("pyarrow", str(path), "parquet")
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                yield from batch.to_pylist()
    except ArrowException as failure:
        why = str(failure).splitlines()[0]
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: damaged Parquet file: {why}") from None


def _plain(value: Any) -> Any:
    """What JSON lacks: binary values in base64; dates and decimals as text."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
