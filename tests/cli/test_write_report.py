"""Properties of ``seed report``: at any time, for several runs, and nothing is overwritten."""

from pathlib import Path

import pytest

from seed.cli.write_report import free_file
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.reports import outline, refreshes, write_run


def test_the_page_of_a_run_is_written_at_any_time(tmp_path: Path) -> None:
    killed = write_run(tmp_path / "run", rl_steps=0, finished=False)
    page = killed / "report.html"
    for _ in range(2):
        assert succeeded("report", killed).output.splitlines() == [str(page)]
    assert refreshes(page.read_text(encoding="utf-8"))


def test_pages_elsewhere_are_never_overwritten(tmp_path: Path) -> None:
    one = write_run(tmp_path / "run", rl_steps=0, finished=False)
    out = tmp_path / "page.html"
    succeeded("report", one, "--out", out)
    assert not refreshes(out.read_text(encoding="utf-8"))  # no run writes this page again
    assert not (one / "report.html").exists()
    before = out.read_bytes()
    for runs in ((one,), (one, write_run(tmp_path / "other", rl_steps=0))):
        assert_user_error(run("report", *runs, "--out", out), "file-exists", str(out), "--out")
    assert out.read_bytes() == before


def test_a_comparison_lies_beside_its_runs_and_is_numbered(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, rl_steps=0) for name in "ab"]
    names = [Path(succeeded("report", *runs).output.strip()) for _ in range(3)]
    wanted = ["comparison.html", "comparison-2.html", "comparison-3.html"]
    assert names == [tmp_path / name for name in wanted]
    outline(names[0].read_text(encoding="utf-8"))


def test_a_comparison_of_runs_of_several_folders_lies_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert free_file([Path("x/a"), Path("y/b")]) == Path("comparison.html")


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    one = write_run(tmp_path / "run", rl_steps=0)
    assert_user_error(run("report"), "RUN... is missing")
    assert_user_error(run("report", tmp_path / "no"), "not-a-run-directory", "holds no config.toml")
    assert_user_error(run("report", one, f"{one}/."), "is given twice")
    assert_user_error(run("report", *map(Path, "abcdefghi")), "9 runs", "at most 8")
    missing = tmp_path / "no" / "page.html"
    assert_user_error(run("report", one, "--out", missing), "unwritable-file", str(missing))


def test_seed_diff_sends_run_directories_here(tmp_path: Path) -> None:
    one = write_run(tmp_path / "run", rl_steps=0)
    result = run("diff", one, "reference")
    assert_user_error(result, "unknown-name", f"seed report {one} reference")
