"""Properties of ``seed audit``: rates of false verdicts, and the lines behind them."""

from pathlib import Path

from tests.support.command_line import BADLY_BEHAVED, assert_user_error, chess_line, json_lines, run


def test_an_audit_tells_rates_and_offending_ids_and_writes_them_all(tmp_path: Path) -> None:
    lines = [chess_line(f"fp{number}", f" {number}", "right", label="wrong") for number in range(7)]
    lines += [chess_line("tn", "t", "no", label="wrong"), chess_line("tp", "u", label="correct")]
    lines += [
        chess_line("fn\u001b[2J", "v", "no", label="correct"),
        chess_line("bad", "raises", label="correct"),
    ]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    done = run("audit", tmp_path / "in", "--out", tmp_path / "out", *BADLY_BEHAVED)
    assert done.exit_code == 0, done.output
    row = done.stdout.splitlines()[1]
    assert row.split()[:3] == ["chess", "11", "1"]
    assert (
        "7 of 8 wrong: 87.5 % [52.9, 97.8]" in row and "1 of 2 correct: 50.0 % [9.5, 90.5]" in row
    )
    assert (
        "chess fp4" in done.stdout
        and "chess fp5" not in done.stdout
        and "and 2 more" in done.stdout
    )
    assert "chess fn?[2J" in done.stdout and "\u001b" not in done.stdout
    written = json_lines((tmp_path / "out").read_bytes())
    assert [one["id"] for one in written] == [
        *(f"fp{number}" for number in range(7)),
        "fn\u001b[2J",
        "bad",
    ]
    assert {one["finding"] for one in written} == {"false positive", "false negative", "error"}


def test_no_output_is_written_over_another_file_or_without_an_input(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(chess_line("a", label="wrong"))
    (tmp_path / "out").write_text("mine")
    command = ("audit", tmp_path / "in", "--out", tmp_path / "out")
    assert_user_error(run(*command), "file-exists")
    assert (tmp_path / "out").read_text() == "mine"
    assert_user_error(run("audit", "missing"), "unreadable-file: missing")
