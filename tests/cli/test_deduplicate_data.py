"""``seed data dedup`` and ``seed data decontaminate`` as a user calls them."""

import json
import shutil
from pathlib import Path
from unittest.mock import patch

from seed.reference.cleaning import job
from tests.support.command_line import assert_user_error, json_lines, run, succeeded
from tests.support.kill_points import content_of, left_by_kills, put

TEXTS = ("What is 12 + 30?", "What is 12 + 30 ?", "What is 12 + 31?", "Name the largest city.")


def written(path: Path, texts: tuple[str, ...] = TEXTS) -> Path:
    rows = [{"problem": text, "reference": str(n)} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_duplicates_are_dropped_and_conflicts_are_told(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    text = succeeded("data", "dedup", source, "--out", out).stdout
    assert "4 rows, 3 kept, 1 dropped" in text
    lines = source.read_bytes().splitlines(keepends=True)
    assert out.read_bytes() == b"".join([lines[0], *lines[2:]])
    report = json.loads((tmp_path / "out.report.json").read_text())
    assert report["figures"]["clusters_with_different_references"] == 1
    succeeded("data", "dedup", out, "--out", tmp_path / "twice.jsonl")
    assert (tmp_path / "twice.jsonl").read_bytes() == out.read_bytes()
    all_dropped = tmp_path / "none.jsonl"
    succeeded("data", "dedup", source, "--out", all_dropped, "--set", "conflict=drop")
    assert all_dropped.read_bytes() == b"".join(lines[2:])


def test_a_kill_during_dedup_changes_no_byte(tmp_path: Path) -> None:
    source, folder = written(tmp_path / "in.jsonl"), tmp_path / "work"
    folder.mkdir()
    with patch.object(job, "SAVE_ROWS", 2):
        call = ("data", "dedup", source, "--out", folder / "out.jsonl")
        left = left_by_kills(folder, lambda: succeeded(*call))
        expected = content_of(folder)
        for content in left[:: max(len(left) // 10, 1)]:
            again = tmp_path / "again"
            put(content, again)
            if "out.jsonl" not in content:
                succeeded("data", "dedup", source, "--out", again / "out.jsonl", "--resume")
                assert content_of(again) == expected
            shutil.rmtree(again)


def test_the_certificate_has_digests_parameters_counts_and_hits(tmp_path: Path) -> None:
    source, exam = written(tmp_path / "in.jsonl"), written(tmp_path / "exam.jsonl", TEXTS[:1])
    out = tmp_path / "out.jsonl"
    succeeded("data", "decontaminate", source, "--against", exam, "--out", out)
    found = json.loads((tmp_path / "out.certificate.json").read_text())
    assert [hit["line"] for hit in found["hits"]] == [1, 2]
    assert found["hits"][0]["against"] == {"file": "exam", "line": 1, "id": found["hits"][0]["id"]}
    assert found["counts"]["ngram_overlap"] == 2
    assert found["counts"]["evaluation_problems"] == 1
    assert len(found["searched"][0]["sha256"]) == len(found["against"][0]["sha256"]) == 64
    assert found["parameters"]["ngram"] == 8
    assert [row["reference"] for row in json_lines(out.read_bytes())] == ["2", "3"]


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    assert_user_error(run("data", "decontaminate", source, "--out", out), "--against")
    wrong = run("data", "dedup", source, "--out", out, "--set", "keep=last")
    assert_user_error(wrong, "keep='last'", "first", "longest")
    unknown = run("data", "dedup", source, "--out", out, "--set", "nearly=true")
    assert_user_error(unknown, "nearly is not a key; legal are words, permutations")
    assert list(tmp_path.iterdir()) == [source]
