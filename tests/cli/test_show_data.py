"""Properties of ``seed data show``."""

import json
from pathlib import Path

from tests.support.command_line import assert_user_error, run, succeeded


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


def numbered(first: int, last: int) -> list[str]:
    rows = [
        {"question": f"What is {n}?", "answer": f"It is.\n#### {n}"} for n in range(first, last)
    ]
    return list(map(json.dumps, rows))


def test_files_splits_unusable_rows_and_a_problem_are_shown(tmp_path: Path) -> None:
    train = written(tmp_path / "a.jsonl", *numbered(0, 9), '{"question": "?"}', "no JSON")
    test = written(tmp_path / "b.jsonl", *numbered(20, 22))
    output = succeeded("data", "show", train, "--evaluation", test).stdout
    row = next(line.split() for line in output.splitlines() if line.startswith(str(train)))
    assert row[1:7] == ["GSM8K", "math", "JSON", "Lines", "11", "9"]
    assert "1  there is nothing to compare with" in output
    assert "1  the line is not JSON: Expecting value at character 0 (line 11)" in output
    assert "9 training and 2 held-out problems" in output
    assert "demonstration\n    It is.\n    #### " in output


def test_columns_are_named_on_the_command_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *(json.dumps({"q": f"{n}?", "a": n}) for n in range(9)))
    columns = ("--columns", "problem=q", "--columns", "reference=a", "--columns", "domain==judge")
    assert "ours    judge" in succeeded("data", "show", path, *columns).stdout
    assert_user_error(run("data", "show", path), "no schema has the columns q, a")
    assert_user_error(
        run("data", "show", path, "--columns", "x=q"), "--columns=x=q", "demonstration"
    )


def test_what_cannot_be_used_is_a_user_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *numbered(0, 3))
    assert_user_error(run("data", "show", tmp_path / "no.jsonl"), "does not exist")
    assert_user_error(run("data", "show", written(tmp_path / "b", "x")), "line 1: the line is not")
    shared = run("data", "show", path, "--evaluation", written(tmp_path / "c", *numbered(2, 4)))
    assert_user_error(shared, "1 problems are in data.train and held out")
    assert "GSM8K" in shared.stdout


def test_a_built_in_task_is_shown() -> None:
    output = succeeded("data", "show", "addition", "-n", 2).stdout
    assert output.count("problem addition/") == 2
    assert "Question: What is" in output
