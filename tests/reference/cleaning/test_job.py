"""A job that is killed at any file call and resumed publishes the same bytes."""

import json
import shutil
from pathlib import Path
from unittest.mock import patch

import pytest

from seed.reference.cleaning import job, pipeline
from seed.reference.cleaning.clean import Clean
from seed.reference.cleaning.pipeline import Plan, publish, report_of, run_stages
from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.settings import CleanSettings
from seed.spec.errors import Reason, SeedError
from tests.support.command_line import json_lines
from tests.support.kill_points import content_of, left_by_kills, put

ROWS = 11


def problems(path: Path, rows: int = ROWS) -> Path:
    """Every third row is a proof, the last one is no JSON."""
    texts = [f"Prove that {n} > 0." if n % 3 == 0 else f"What is {n} + {n}?" for n in range(rows)]
    lines = [json.dumps({"problem": t, "answer": str(2 * n)}) for n, t in enumerate(texts)]
    path.write_text("\n".join([*lines, "no JSON"]) + "\n")
    return path


def clean(source: Path, out: Path, resume: bool = False) -> None:
    settings = CleanSettings()
    plan = Plan("clean", Rows([str(source)]), settings, out, resume)
    work = plan.job()
    tally = run_stages(plan, work, [Clean(settings)])
    publish(work, report_of(plan, tally), lambda report: "page")


def test_a_kill_at_any_file_call_changes_no_byte(tmp_path: Path) -> None:
    source, folder = problems(tmp_path / "in.jsonl"), tmp_path / "work"
    folder.mkdir()
    with patch.object(job, "SAVE_ROWS", 4):
        left = left_by_kills(folder, lambda: clean(source, folder / "out.jsonl"))
        expected = content_of(folder)
        assert set(expected) == {
            "out.jsonl",
            "out.dropped.jsonl",
            "out.report.json",
            "out.report.html",
        }
        assert len(left) > 8
        for number, content in enumerate(left):
            again = tmp_path / f"again{number}"
            put(content, again)
            is_begun = (again / ".out.jsonl.work" / job.STATE).exists()
            if is_begun or not (again / "out.jsonl").exists():
                clean(source, again / "out.jsonl", resume=True)
                assert content_of(again) == expected, number
            shutil.rmtree(again)


def test_what_is_kept_and_dropped_is_all(tmp_path: Path) -> None:
    source, out = problems(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    clean(source, out)
    dropped = json_lines((tmp_path / "out.dropped.jsonl").read_bytes())
    lines = source.read_bytes().splitlines()
    kept = out.read_bytes().splitlines()
    places = {one["line"] - 1 for one in dropped}
    assert kept == [line for place, line in enumerate(lines) if place not in places]
    assert dropped[0]["rule"] == "proof"
    assert dropped[0]["row"] == json.loads(lines[0])
    assert (dropped[-1]["rule"], dropped[-1]["text"]) == ("unreadable", "no JSON")
    report = json.loads((tmp_path / "out.report.json").read_text())
    assert report["counts"] == {"rows": 12, "kept": 7, "changed": 0, "dropped": 5, "put_aside": 0}
    assert report["rules"]["proof"]["dropped"] == 4
    assert len(report["rules"]["proof"]["samples"]) == 4


def test_cleaning_twice_is_cleaning_once(tmp_path: Path) -> None:
    clean(problems(tmp_path / "in.jsonl"), tmp_path / "out.jsonl")
    clean(tmp_path / "out.jsonl", tmp_path / "twice.jsonl")
    assert (tmp_path / "twice.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()
    assert (tmp_path / "twice.dropped.jsonl").read_bytes() == b""


def interrupted(source: Path, out: Path) -> None:
    with (
        patch.object(pipeline.Tally, "leave_out", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt, match="--resume"),
    ):
        clean(source, out)


def test_nothing_is_overwritten_and_no_foreign_work_is_continued(tmp_path: Path) -> None:
    source, out = problems(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    interrupted(source, out)
    with pytest.raises(SeedError, match="was begun and not finished") as begun:
        clean(source, out)
    assert begun.value.reason is Reason.FILE_EXISTS
    problems(source, ROWS + 1)
    with pytest.raises(SeedError, match="was begun with inputs=") as foreign:
        clean(source, out, resume=True)
    assert foreign.value.reason is Reason.FOREIGN_OUTPUT
    problems(source)
    clean(source, out, resume=True)
    with pytest.raises(SeedError, match="exists"):
        clean(source, out)
    (tmp_path / "other.report.json").write_text("mine")
    with pytest.raises(SeedError, match=r"other\.report\.json exists"):
        clean(source, tmp_path / "other.jsonl")
    assert not (tmp_path / "other.jsonl").exists()
