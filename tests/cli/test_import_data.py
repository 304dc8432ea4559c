"""``seed data import`` and ``seed data stats`` as a user calls them."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import assert_user_error, json_lines, run, succeeded

ROWS = (
    {"question": "What is 1 + 1?", "answer": "Two.\n#### 2", "licence": "MIT"},
    {"Problem": "Half of one?", "Answer": "\\frac{1}{2}", "ID": "a-1", "level": 3},
    {
        "prompt": [{"role": "user", "content": "3 + 4?"}],
        "reward_model": {"style": "rule", "ground_truth": "7"},
        "data_source": "sums",
        "extra_info": {"split": "test", "index": 5},
    },
    {"text": "Write twice(x).", "test_list": ["assert twice(2) == 4"], "code": "pass"},
    {"problem": "1 + 2?", "answer": 3, "task": "t", "source": "sums"},
    {"problem": "A poem, please.", "domain": "custom"},
)


def written(path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_any_schema_becomes_ours_and_nothing_is_lost(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    succeeded("data", "import", written(tmp_path / "in.jsonl"), "--out", out)
    rows = json_lines(out.read_bytes())
    assert [row["domain"] for row in rows] == ["math", "math", "math", "code", "math", "custom"]
    assert [row.get("reference") for row in rows] == ["2", "\\frac{1}{2}", "7", None, "3", None]
    assert rows[0]["licence"] == "MIT"
    assert (rows[1]["id"], rows[1]["level"]) == ("a-1", 3)
    assert (rows[2]["dataset"], rows[2]["split"]) == ("sums", "test")
    assert rows[2]["extra_info"] == {"split": "test", "index": 5}
    assert rows[3]["demonstration"].startswith("```python")
    assert (rows[4]["source"], rows[4]["original_task"]) == ("sums", "t")
    succeeded("data", "import", out, "--out", tmp_path / "twice.jsonl")
    assert (tmp_path / "twice.jsonl").read_bytes() == out.read_bytes()


def test_parquet_is_read(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").table({"q": ["1 + 1?"], "a": ["2"]})
    parquet.write_table(table, tmp_path / "in.parquet")
    columns = ("--columns", "problem=q", "--columns", "reference=a")
    succeeded("data", "import", tmp_path / "in.parquet", "--out", tmp_path / "out", *columns)
    (row,) = json_lines((tmp_path / "out").read_bytes())
    assert (row["problem"], row["reference"]) == ("1 + 1?", "2")


def test_stats_count_what_is_there(tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl")
    text = succeeded("data", "stats", source, source).stdout
    assert "12 rows, 12 usable, 6 exact duplicates" in text
    found = json.loads(succeeded("data", "stats", source, "--json").stdout)
    assert found["counts"]["domain"] == {"math": 4, "code": 1, "custom": 1}
    assert found["counts"]["answer"] == {"integer": 3, "fraction": 1, "nothing": 1, "tests": 1}
    assert found["counts"]["licence"] == {"(none)": 5, "MIT": 1}
    assert found["characters"]["statement"]["0 %"] == 6
    assert_user_error(run("data", "stats", tmp_path / "no"), "does not exist")
