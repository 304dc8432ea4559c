"""Every kind of file gives the same rows."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data.files import RowFile
from seed.spec.errors import Reason, SeedError

ROWS = [{"problem": f"What is {n}?", "reference": n, "about": {"é": [n]}} for n in range(5)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def write(path: Path, kind: str) -> Path:
    """The rows as a file of a kind."""
    if kind == "lines":
        path.write_text(LINES)
    elif kind == "without a last line feed":
        path.write_text(LINES.rstrip())
    elif kind == "byte order mark, blank lines, CRLF":
        path.write_bytes(b"\xef\xbb\xbf" + LINES.replace("\n", "\r\n\r\n").encode())
    elif kind == "gzip":
        path.write_bytes(gzip.compress(LINES.encode()))
    elif kind == "array":
        path.write_text(json.dumps(ROWS, indent=1))
    else:
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(ROWS), path, row_group_size=2)
    return path


KINDS: tuple[str, ...] = ("lines", "without a last line feed", "byte order mark, blank lines, CRLF")
KINDS += ("gzip", "array", "parquet")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_read_in_order_and_again_by_their_places(tmp_path: Path, kind: str) -> None:
    file = RowFile(write(tmp_path / "rows", kind))
    found = list(file.lines())
    assert [parsed(line) for _, _, line in found] == ROWS
    for _, start, line in reversed(found):
        assert file.line_at(start, len(line)) == line
    assert list(file.lines()) == found


def test_numbers_count_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"a": 1}\n\n{"a": 2}')
    assert [number for number, _, _ in RowFile(path).lines()] == [2, 4]


def test_values_that_json_lacks_become_text(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"b": [b"\x00\xff"], "d": arrow.array([0], arrow.date32())})
    parquet.write_table(table, tmp_path / "x")
    assert parsed(next(RowFile(tmp_path / "x").lines())[2]) == {"b": "AP8=", "d": "1970-01-01"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x1f\x8b\x08broken", "damaged gzip file"),
        (b"PAR1 and then nothing", "damaged Parquet file"),
        (b"[1, 2", "is no JSON array"),
        (b"\x28\xb5\x2f\xfd", "is zstd: unpack it first, zstd -d"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(SeedError) as caught:
        RowFile(path)
    assert caught.value.reason is Reason.UNREADABLE_FILE
    assert why in caught.value.line
    assert "\n" not in caught.value.line


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is a folder"), (tmp_path / "no.jsonl", "does not exist")):
        with pytest.raises(SeedError, match=why):
            RowFile(path)


def parsed(line: bytes) -> Any:
    """The object of a line."""
    return json.loads(line.decode("utf-8-sig"))
