"""``seed data mcq-to-short`` and ``seed data to-integer`` as a user calls them."""

import json
from pathlib import Path

from tests.support.command_line import json_lines, succeeded

ROWS = [
    {"id": "a", "problem": "What is 2 + 2?\nA. 3\nB. 4\nC. 5", "answer": "B", "licence": "MIT"},
    {"id": "b", "problem": "Which of the following is even?\nA. 3\nB. 4\nC. 5", "answer": "B"},
    {"id": "c", "problem": "What is half of 3?", "answer": "\\frac{3}{2}"},
]


def test_both_verbs_rewrite_rows_and_keep_what_they_were(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    short, out = tmp_path / "short.jsonl", tmp_path / "out.jsonl"
    text = succeeded("data", "mcq-to-short", source, "--out", short).stdout
    assert "3 rows, 2 kept, 1 changed, 1 dropped" in text
    (dropped,) = json_lines((tmp_path / "short.dropped.jsonl").read_bytes())
    assert (dropped["id"], dropped["rule"]) == ("b", "needs_options")
    succeeded("data", "to-integer", short, "--out", out)
    first, second = json_lines(out.read_bytes())
    assert (first["problem"], first["reference"]) == ("What is 2 + 2?", "4")
    assert (first["licence"], first["original"]["reference"]) == ("MIT", "B")
    assert (second["id"], second["reference"]) == ("c", "5")
    for verb in ("mcq-to-short", "to-integer"):
        twice = tmp_path / f"{verb}.jsonl"
        succeeded("data", verb, out, "--out", twice)
        assert twice.read_bytes() == out.read_bytes()
