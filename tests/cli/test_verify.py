"""Properties of ``seed verify``: every line has a verdict, and no output is overwritten."""

import json
from pathlib import Path

import pytest

from seed.reference.verifiers.files.file import check_isolation
from seed.reference.verifiers.runner.worker import Limits
from seed.reference.verifiers.sandbox import probe
from seed.spec.errors import Reason, SeedError
from tests.support.command_line import (
    BADLY_BEHAVED,
    VERIFIER,
    assert_user_error,
    chess_line,
    json_lines,
    run,
    succeeded,
)
from tests.support.sandboxes import first_sound


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing",), "unreadable-file: missing: No such file or directory"),
        (("/",), "unreadable-file: /: Is a directory"),
        (("/dev/null", "--out", "/nowhere/file"), "unwritable-file: /nowhere/file"),
        (("/dev/null", "--verifier", "x"), "verifier=x must be path.py:function"),
        (("/dev/null", "--verifier", VERIFIER + "d"), "has no function behaved"),
    ],
)
def test_a_user_error_is_one_line_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    out = () if "--out" in arguments else ("--out", "out")
    assert_user_error(run("verify", *arguments, *out), words)
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(chess_line("a", label="wrong"))
    (tmp_path / "out").write_text("mine")
    command = ("verify", tmp_path / "in", "--out", tmp_path / "out")
    assert_user_error(run(*command), "file-exists")
    assert_user_error(run(*command, "--resume"), "foreign-output")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_empty_file_has_an_empty_output(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    succeeded("verify", tmp_path / "in", "--out", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b""


def test_the_summary_shows_errors_apart_and_why(tmp_path: Path) -> None:
    lines = [chess_line("a", "1"), chess_line("b", "2"), chess_line("c", "3", "no")]
    lines += [chess_line("d", "raises"), chess_line("e", "raises"), b"{"]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    done = succeeded("verify", tmp_path / "in", "--out", tmp_path / "out", *BADLY_BEHAVED)
    _, chess, unreadable, overall, first, second = done.stdout.splitlines()
    assert chess.split() == ["chess", "5", "2", "1", "2", "66.7", "%", "[20.8,", "93.9]"]
    assert unreadable.split() == ["unreadable", "1", "0", "0", "1", "-"]
    assert overall.split()[:5] == ["overall", "6", "2", "1", "3"]
    assert first.split()[:2] == ["errors", "2"] and "no verdict on" in first
    assert second.split()[:2] == ["error", "1"] and "not JSON" in second


def test_weak_isolation_is_used_where_it_is_named_and_only_there(tmp_path: Path) -> None:
    path, options = code_file(tmp_path / "in", 1), ("--jobs", 1, "--isolation", probe.WEAK)
    succeeded("verify", path, "--out", tmp_path / "out", *options)
    (line_written,) = json_lines((tmp_path / "out").read_bytes())
    assert (line_written["verdict"], line_written["isolation"]) == ("correct", probe.WEAK)
    assert Limits().isolation == probe.AUTOMATIC


def test_the_time_limit_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(chess_line("a", "sleeps"))
    command = ("verify", tmp_path / "in", "--out", tmp_path / "out", *BADLY_BEHAVED)
    done = succeeded(*command, "--time-limit", "0.5")
    assert "time limit of 0.5 s" in done.stdout


def code_file(path: Path, count: int = 2) -> Path:
    tests, response = ["assert one() == 1"], "def one(): return 1"
    line = {"domain": "code", "problem": "", "tests": tests, "response": response}
    path.write_text("\n".join(json.dumps({"id": f"{number}"} | line) for number in range(count)))
    return path


def test_a_file_is_not_continued_in_another_isolation(tmp_path: Path) -> None:
    out, held = tmp_path / "out", first_sound()
    command = ("verify", code_file(tmp_path / "in"), "--out", out, "--jobs", 1)
    assert run(*command, "--isolation", held).exit_code == 0
    whole = out.read_bytes()
    partial = whole[: whole.index(b"\n") + 20]  # cut in the middle of its second line
    out.write_bytes(partial)
    refused = f"isolation=weak must be {held}, in which line 1 of {out} was judged"
    assert_user_error(
        run(*command, "--resume", "--isolation", probe.WEAK), "illegal-combination", refused
    )
    assert out.read_bytes() == partial
    assert run(*command, "--resume", "--isolation", held).exit_code == 0
    assert out.read_bytes() == whole


@pytest.mark.parametrize("chosen", ["landlock", "bubblewrap", ""])
def test_automatic_isolation_continues_only_what_it_chooses_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    sound = {name: probe.Soundness(name == chosen, "switched off") for name in probe.PREFERRED}
    monkeypatch.setattr(probe, "soundness", sound.__getitem__)
    if chosen == "landlock":
        check_isolation(probe.AUTOMATIC, "landlock", "line 1")
    else:
        with pytest.raises(SeedError) as error:
            check_isolation(probe.AUTOMATIC, "landlock", "line 1")
        assert error.value.reason is Reason.ILLEGAL_COMBINATION
        assert error.value.line.startswith(
            f"isolation=automatic (here: {chosen or 'none'}) must be landlock, in which line 1"
        )


def test_files_without_executed_programs_are_continued_under_any_isolation(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(chess_line("a") + b"\n" + chess_line("b"))
    command = ("verify", tmp_path / "in", "--out", tmp_path / "out", *BADLY_BEHAVED)
    assert run(*command, "--isolation", probe.WEAK).exit_code == 0
    assert run(*command, "--isolation", probe.PREFERRED[0], "--resume").exit_code == 0
