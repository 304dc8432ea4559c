"""``seed data sft``: right responses become demonstrations, also after an interruption."""

import json
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data.chats import read_chat
from tests.support.command_line import assert_user_error, json_lines, run, succeeded
from tests.support.evaluations import sums, write_lines

SHOWN = "\\boxed{2}", "  \\BOXED{2} ", "It is \\boxed{2}.", "So 2: \\boxed{2}"
"""Right responses to the first sum; the second is the first but for capitals and blanks."""


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    """Three sums."""
    return sums(tmp_path / "sums.jsonl")


@pytest.fixture
def responses(tmp_path: Path) -> Path:
    """To s1 four right ones, to s2 one right that was cut off, to s3 a wrong one."""
    return write_lines(
        tmp_path / "responses.jsonl",
        [
            {"id": "s1", "responses": [text.replace("BOXED", "boxed") for text in SHOWN]},
            {"id": "s2", "response": "\\boxed{4}", "finish": "length"},
            {"id": "s3", "response": "\\boxed{7}", "finish": "stop"},
        ],
    )


def sampled(problems: Path, responses: Path, out: Path, *more: Any) -> list[dict[str, Any]]:
    succeeded("data", "sft", problems, "--policy", responses, "--out", out, "--jobs", 1, *more)
    return json_lines(out.read_text())


def test_right_distinct_responses_that_ended_are_kept(
    problems: Path, responses: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rft.jsonl"
    rows = sampled(problems, responses, out)
    assert [row["id"] for row in rows] == ["s1"] * 3
    assert [row["demonstration"] for row in rows] == [SHOWN[0], SHOWN[2], SHOWN[3]]
    report = json.loads((tmp_path / "rft.jsonl.responses" / "report.json").read_text())
    assert (report["problems"], report["solved"], report["right"], report["kept"]) == (3, 1, 4, 3)
    assert report["left_out"]["the same as another"] == 1
    assert report["left_out"]["cut off at the token limit"] == 1
    assert report["rate"] == pytest.approx(4 / 6)
    # The rows are problems and chats.
    chat = read_chat(rows[0])
    assert chat.messages[-1] == {"role": "assistant", "content": SHOWN[0]}
    assert all(row["reference"] and row["domain"] == "math" for row in rows)


@pytest.mark.parametrize("choice", ["shortest", "random"])
def test_at_most_so_many_of_a_problem(
    problems: Path, responses: Path, tmp_path: Path, choice: str
) -> None:
    more = "--keep", 1, "--choose", choice
    first, again = (
        sampled(problems, responses, tmp_path / f"{name}.jsonl", *more) for name in ("a", "b")
    )
    assert first == again
    assert len(first) == 1
    assert choice == "random" or first[0]["demonstration"] == SHOWN[0]


def test_an_interrupted_command_goes_on(problems: Path, responses: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.jsonl", tmp_path / "rft.jsonl"
    sampled(problems, responses, whole)
    sampled(problems, responses, out)
    out.unlink()
    folder = tmp_path / "rft.jsonl.responses"
    for name in ("responses.jsonl", "verdicts.jsonl"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(lines[:2]) + lines[2][:9])
    command = "data", "sft", problems, "--policy", responses, "--out", out, "--jobs", 1
    assert_user_error(run(*command), "file-exists", "rft.jsonl.responses")
    sampled(problems, responses, out, "--resume")
    assert out.read_bytes() == whole.read_bytes()


def test_nothing_is_overwritten_and_nothing_right_is_an_error(
    problems: Path, responses: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rft.jsonl"
    sampled(problems, responses, out)
    command = "data", "sft", problems, "--policy", responses, "--out"
    assert_user_error(run(*command, out), "file-exists", "rft.jsonl exists")
    wrong = write_lines(tmp_path / "wrong.jsonl", [{"id": "s1", "response": "\\boxed{9}"}])
    none = tmp_path / "none.jsonl"
    line = run("data", "sft", problems, "--policy", wrong, "--out", none, "--jobs", 1)
    assert_user_error(line, "nothing-to-learn", "no response")
    assert not none.exists()
    assert_user_error(
        run("data", "sft", "--policy", responses, "--out", none), "illegal-combination", "PROBLEMS"
    )


def test_a_run_is_asked_its_own_training_problems(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.jsonl"
    command = "data", "sft", "--policy", finished, "--problems", 12, "--samples", 8, "--jobs", 1
    result = run(*command, "--out", out)
    if result.exit_code:  # an untrained policy may be right nowhere
        assert_user_error(result, "nothing-to-learn", "no response")
    folder = tmp_path / "own.jsonl.responses"
    asked = json_lines((folder / "problems.jsonl").read_text())
    assert len({line["id"] for line in asked}) == 12
    assert all(line["domain"] == "puzzle" for line in asked)
    assert len(json_lines((folder / "responses.jsonl").read_text())) == 96
