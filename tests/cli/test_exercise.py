"""Properties of ``seed exercise``: start, check, exit codes; nothing is overwritten."""

from pathlib import Path

import pytest

from seed.conformance.exercises.catalogue import EXERCISES
from tests.support.command_line import assert_user_error, run, succeeded

RIGHT = """
def soft_overlong(length, longest, cache):
    if not cache:
        return 0.0
    return max(-1.0, min(0.0, (longest - cache - length) / cache))
"""


def test_the_list_names_every_exercise() -> None:
    lines = succeeded("exercise", "list").output.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [exercise.name for exercise in EXERCISES]


def test_a_started_file_is_not_yet_right_and_a_finished_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = succeeded("exercise", "start", "overlong-penalty").output
    assert "seed exercise check overlong-penalty overlong_penalty.py" in said
    blank = run("exercise", "check", "overlong-penalty")
    assert blank.exit_code == 1 and "still blank" in blank.output
    Path("overlong_penalty.py").write_text(RIGHT, encoding="utf-8")
    assert "Well done" in succeeded("exercise", "check", "overlong-penalty").output


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(RIGHT, encoding="utf-8")
    assert_user_error(run("exercise", "start", "gae", "--to", file), "exists", "--to")
    assert file.read_text(encoding="utf-8") == RIGHT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "gea"), ("'gea'", "gae", "clip-higher")),
        (("start", "gea"), ("'gea'", "gae", "clip-higher")),
        (("check", "gae", "nowhere.py"), ("FILE=nowhere.py", "seed exercise start gae")),
        (("start", "gae", "--to", "no/folder.py"), ("no/folder.py", "No such file")),
        (("begin", "gae"), ("legal commands of", "check, list, start")),
        (("check",), ("NAME is missing",)),
    ],
)
def test_bad_usage_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_user_error(run("exercise", *arguments), *words)
