"""Properties of text files: a byte order mark is no content, what cannot be read is one line."""

import gzip
from pathlib import Path

import pytest

from seed.cli.replay import read_events
from seed.reference.simulation.lengths import lengths_named
from seed.reference.training.run_directory import RunDirectory
from seed.reference.verifiers.files.lines import Rule, parsed
from seed.spec.config_files import load_config, to_toml
from seed.spec.errors import Reason, SeedError
from seed.spec.text_files import BYTE_ORDER_MARK, read_text

MARK = BYTE_ORDER_MARK.decode()


def test_every_reader_takes_a_byte_order_mark(tmp_path: Path) -> None:
    config = load_config("tiny", "grpo")
    for name in ("mine.toml", "config.toml"):
        (tmp_path / name).write_text(MARK + to_toml(config), encoding="utf-8")
    assert load_config(file=tmp_path / "mine.toml") == config
    assert RunDirectory.resume(tmp_path)[1] == config
    line = '{"id": "a", "domain": "math", "problem": "", "reference": "2", "response": "2"}'
    assert parsed((MARK + line).encode(), Rule())[0].id == "a"
    (tmp_path / "lengths").write_text(MARK + '{"tokens": 3}\n', encoding="utf-8")
    assert "1 lengths" in lengths_named(str(tmp_path / "lengths")).name
    (tmp_path / "log").write_text(
        MARK + '{"event": "worker_lost", "worker": 1}\n', encoding="utf-8"
    )
    assert len(list(read_events(tmp_path / "log"))) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a\xff", "is not UTF-8: invalid start byte at byte 1"),
        ("a".encode("utf-16"), "is not UTF-8"),
        (gzip.compress(b"a", mtime=0), "is compressed by gzip (gunzip -k "),
        (b"PK\x03\x04rest", "is compressed by zip"),
    ],
)
def test_what_is_no_text_is_one_line(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(SeedError) as raised:
        read_text(tmp_path / "a")
    assert raised.value.reason is Reason.UNREADABLE_FILE and why in raised.value.line
    with pytest.raises(SeedError, match="No such file"):
        read_text(tmp_path / "b")
