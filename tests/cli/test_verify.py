"""Laws of ``seed verify``, ``seed audit`` and ``seed puzzles`` as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seed.cli.main import ISOLATIONS, seed
from seed.cli.verify import printable
from seed.reference.tasks.problems import is_held_out, qualified_identity
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.files.file import check_isolation
from seed.reference.verifiers.runner.worker import Limits
from seed.reference.verifiers.sandbox import probe
from seed.spec.errors import Reason, SeedError
from tests.reference.verifiers.files.test_file import own_line
from tests.reference.verifiers.runner.test_worker import BEHAVE
from tests.reference.verifiers.sandbox.machines import first_sound

OWN = ("--verifier", BEHAVE, "--jobs", "2")


def run(*arguments: str | int | Path) -> Result:
    return CliRunner().invoke(seed, list(map(str, arguments)))


def objects(text: str | bytes) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def assert_refused(done: Result, *words: str) -> None:
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    for word in words:
        assert word in line


def test_problems_from_the_command_line_with_the_familys_solutions_are_all_judged_correct(
    tmp_path: Path,
) -> None:
    lines = ""
    for name in FAMILIES:
        done = run(
            "puzzles",
            "generate",
            name,
            "--level",
            FAMILIES[name].LEVELS[0],
            "--count",
            3,
            "--solved",
        )
        assert done.exit_code == 0, done.output
        lines += done.stdout
    (tmp_path / "in").write_text(lines)
    done = run("verify", tmp_path / "in", "--out", tmp_path / "out", "--jobs", 1)
    assert done.exit_code == 0, done.output
    count = 3 * len(FAMILIES)
    assert done.stdout.splitlines()[1].split()[:5] == ["puzzle", f"{count}", f"{count}", "0", "0"]
    assert {one["verdict"] for one in objects((tmp_path / "out").read_bytes())} == {"correct"}


def test_a_generated_problem_has_what_a_model_and_a_verifier_need(tmp_path: Path) -> None:
    done = run(
        "puzzles",
        "generate",
        "maze",
        "--level",
        2,
        "--count",
        4,
        "--seed",
        7,
        "--held-out",
        "--out",
        tmp_path / "out",
    )
    assert done.exit_code == 0, done.output
    for line in objects((tmp_path / "out").read_bytes()):
        assert list(line) == ["id", "domain", "problem", "puzzle", "prompt", "answer", "difficulty"]
        assert line["problem"] == f"{FAMILIES['maze'].RULES}\n\n{line['prompt']}"
        assert is_held_out(qualified_identity("maze", line["puzzle"]["instance"]))
        assert (line["domain"], line["difficulty"]) == ("puzzle", 2)


def test_the_listing_names_every_family_with_its_levels() -> None:
    done = run("puzzles")
    assert done.exit_code == 0
    for (name, family), line in zip(FAMILIES.items(), done.stdout.splitlines()[1:], strict=True):
        assert line.split()[:2] == [name, f"{family.LEVELS[0]}-{family.LEVELS[-1]}"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("puzzles", "generate", "chess"), ("family 'chess' does not exist", "maze")),
        (
            ("puzzles", "generate", "maze", "--level", "99"),
            ("maze has no level 99; legal are 1 to",),
        ),
        (
            ("puzzles", "generate", "maze", "--out", "/nowhere/file"),
            ("there is no folder /nowhere",),
        ),
        (
            ("verify", "missing", "--out", "out"),
            ("unreadable-file: missing: No such file or directory",),
        ),
        (("verify", "/", "--out", "out"), ("unreadable-file: /: Is a directory",)),
        (("audit", "missing"), ("unreadable-file: missing",)),
        (("verify", "/dev/null", "--out", "/nowhere/file"), ("unwritable-file: /nowhere/file",)),
        (
            ("verify", "/dev/null", "--out", "out", "--verifier", "x"),
            ("verifier=x must be path.py:function",),
        ),
        (
            ("verify", "/dev/null", "--out", "out", *OWN[:1], BEHAVE + "d"),
            ("does not load", "has no function behaved"),
        ),
    ],
)
def test_a_refusal_is_one_line_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(run(*arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(own_line("a", label="wrong"))
    (tmp_path / "out").write_text("mine")
    for command in (
        ("verify", tmp_path / "in"),
        ("audit", tmp_path / "in"),
        ("puzzles", "generate", "maze"),
    ):
        assert_refused(run(*command, "--out", tmp_path / "out"), "file-exists")
    assert_refused(
        run("verify", tmp_path / "in", "--out", tmp_path / "out", "--resume"), "foreign-output"
    )
    assert (tmp_path / "out").read_text() == "mine"


def test_an_empty_file_has_an_empty_output(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    done = run("verify", tmp_path / "in", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert (tmp_path / "out").read_bytes() == b""


def test_the_summary_shows_errors_apart_and_why(tmp_path: Path) -> None:
    lines = [own_line("a", "1"), own_line("b", "2"), own_line("c", "3", "no")]
    lines += [own_line("d", "raises"), own_line("e", "raises"), b"{"]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    done = run("verify", tmp_path / "in", "--out", tmp_path / "out", *OWN)
    assert done.exit_code == 0, done.output
    _, chess, unreadable, overall, first, second = done.stdout.splitlines()
    assert chess.split() == ["chess", "5", "2", "1", "2", "66.7", "%", "[20.8,", "93.9]"]
    assert unreadable.split() == ["unreadable", "1", "0", "0", "1", "-"]
    assert overall.split()[:5] == ["overall", "6", "2", "1", "3"]
    assert first.split()[:2] == ["errors", "2"] and "no verdict on" in first
    assert second.split()[:2] == ["error", "1"] and "not JSON" in second


def test_an_audit_tells_rates_and_offending_ids_and_writes_them_all(tmp_path: Path) -> None:
    lines = [own_line(f"fp{number}", f" {number}", "right", label="wrong") for number in range(7)]
    lines += [own_line("tn", "t", "no", label="wrong"), own_line("tp", "u", label="correct")]
    lines += [
        own_line("fn\u001b[2J", "v", "no", label="correct"),
        own_line("bad", "raises", label="correct"),
    ]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    done = run("audit", tmp_path / "in", "--out", tmp_path / "out", *OWN)
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
    written = objects((tmp_path / "out").read_bytes())
    assert [one["id"] for one in written] == [
        *(f"fp{number}" for number in range(7)),
        "fn\u001b[2J",
        "bad",
    ]
    assert {one["finding"] for one in written} == {"false positive", "false negative", "error"}


def test_text_of_a_file_cannot_steer_the_terminal() -> None:
    assert printable("a\u001b[31m\r\n\u202e\ud800b") == "a?[31m????b"
    assert printable("x" * 500, 10) == "x" * 9 + "…"


def test_the_isolations_of_the_command_line_are_those_of_the_sandbox() -> None:
    assert (probe.AUTOMATIC, *probe.PREFERRED, probe.WEAK) == ISOLATIONS


def test_weak_isolation_is_used_where_it_is_named_and_only_there(tmp_path: Path) -> None:
    line = {
        "id": "a",
        "domain": "code",
        "problem": "",
        "tests": ["assert one() == 1"],
        "response": "def one(): return 1",
    }
    (tmp_path / "in").write_text(json.dumps(line))
    done = run(
        "verify", tmp_path / "in", "--out", tmp_path / "out", "--jobs", 1, "--isolation", probe.WEAK
    )
    assert done.exit_code == 0, done.output
    (said,) = objects((tmp_path / "out").read_bytes())
    assert (said["verdict"], said["isolation"]) == ("correct", probe.WEAK)
    assert Limits().isolation == probe.AUTOMATIC


def test_the_time_limit_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(own_line("a", "sleeps"))
    done = run("verify", tmp_path / "in", "--out", tmp_path / "out", *OWN, "--time-limit", "0.5")
    assert done.exit_code == 0
    assert "time limit of 0.5 s" in done.stdout


def code_file(path: Path, count: int = 2) -> Path:
    line = {
        "domain": "code",
        "problem": "",
        "tests": ["assert one() == 1"],
        "response": "def one(): return 1",
    }
    path.write_text("\n".join(json.dumps({"id": f"{number}"} | line) for number in range(count)))
    return path


def test_a_file_is_not_continued_in_another_isolation(tmp_path: Path) -> None:
    out, held = tmp_path / "out", first_sound()
    command = ("verify", code_file(tmp_path / "in"), "--out", out, "--jobs", 1)
    assert run(*command, "--isolation", held).exit_code == 0
    whole = out.read_bytes()
    part = whole[: whole.index(b"\n") + 20]  # cut in the middle of its second line
    out.write_bytes(part)
    refused = f"isolation=weak must be {held}, in which line 1 of {out} was judged"
    assert_refused(
        run(*command, "--resume", "--isolation", probe.WEAK), "illegal-combination", refused
    )
    assert out.read_bytes() == part
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
        with pytest.raises(SeedError) as refusal:
            check_isolation(probe.AUTOMATIC, "landlock", "line 1")
        assert refusal.value.reason is Reason.ILLEGAL_COMBINATION
        assert refusal.value.line.startswith(
            f"isolation=automatic (here: {chosen or 'none'}) must be landlock, in which line 1"
        )


def test_files_without_executed_programs_are_continued_under_any_isolation(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(own_line("a") + b"\n" + own_line("b"))
    command = ("verify", tmp_path / "in", "--out", tmp_path / "out", *OWN)
    assert run(*command, "--isolation", probe.WEAK).exit_code == 0
    assert run(*command, "--isolation", probe.PREFERRED[0], "--resume").exit_code == 0
