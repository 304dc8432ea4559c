"""``seed data filter`` as a user calls it: answers of models, a review, decisions taken back."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import assert_user_error, json_lines, run, succeeded

PROBLEMS = [
    {"id": "easy", "problem": "What is 1 + 1?", "reference": "2"},
    {"id": "mixed", "problem": "What is 12 * 12?", "reference": "144"},
    {"id": "suspect", "problem": "What is 7 * 8?", "reference": "54", "demonstration": "It is 54."},
    {"id": "hard", "problem": "What is 2^61 - 1?", "reference": "2305843009213693951"},
    {"id": "short", "problem": "How many legs has it?", "reference": "9"},
    {"id": "unanswered", "problem": "What is 9 + 9?", "reference": "18"},
]
VERDICTS = {
    "easy": ["2"] * 4,
    "mixed": ["144", "144", "124", "144"],
    "suspect": ["56", "56", "56", "58"],
    "hard": ["1", "2", "3", "4"],
}


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def verdict_lines() -> list[dict[str, Any]]:
    right = {row["id"]: row["reference"] for row in PROBLEMS}
    rows = [
        {
            "id": f"{name}#{number}",
            "verdict": "correct" if answer == right[name] else "wrong",
            "extracted": answer,
        }
        for name, answers in VERDICTS.items()
        for number, answer in enumerate(answers)
    ]
    quick = {"id": "short", "verdict": "wrong", "tokens": 5}
    return [*rows, *({**quick, "extracted": str(n)} for n in range(4))]


def kept(path: Path) -> list[str]:
    return [row["id"] for row in json_lines(path.read_bytes())]


def test_simple_problems_go_and_suspect_ones_wait(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", PROBLEMS)
    answers = lines(tmp_path / "answers.jsonl", verdict_lines())
    out = tmp_path / "out.jsonl"
    text = succeeded("data", "filter", source, "--responses", answers, "--out", out).stdout
    assert kept(out) == ["mixed", "hard", "unanswered"]
    (dropped,) = json_lines((tmp_path / "out.dropped.jsonl").read_bytes())
    assert (dropped["rule"], dropped["id"]) == ("too_simple", "easy")
    waiting = json_lines((tmp_path / "out.review.jsonl").read_bytes())
    assert [line["id"] for line in waiting] == ["suspect", "short"]
    assert waiting[0]["details"]["wrong_answers"] == {"56": 3, "58": 1}
    assert "problems with answers: 5" in text
    page = (tmp_path / "out.review.html").read_text()
    HTMLParser().feed(page)
    assert 'data-id="suspect"' in page
    assert 'value="56"' in page


def test_decisions_are_taken_back(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", PROBLEMS)
    answers = lines(tmp_path / "answers.jsonl", verdict_lines())
    decided = lines(
        tmp_path / "decisions.jsonl",
        [
            {"id": "suspect", "decision": "replace", "reference": "56"},
            {"id": "short", "decision": "drop"},
        ],
    )
    out = tmp_path / "out.jsonl"
    call = ("data", "filter", source, "--responses", answers, "--decisions", decided, "--out", out)
    succeeded(*call)
    rows = {row["id"]: row for row in json_lines(out.read_bytes())}
    assert list(rows) == ["mixed", "suspect", "hard", "unanswered"]
    assert rows["suspect"]["reference"] == "56"
    assert rows["suspect"]["original"]["reference"] == "54"
    assert not (tmp_path / "out.review.jsonl").exists()


def test_responses_are_judged_here(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", PROBLEMS[:2])
    texts = ["So \\boxed{2}.", "It is \\boxed{2}.", "\\boxed{4/2}", "The answer is 2."]
    answers = lines(tmp_path / "answers.jsonl", [{"id": "easy", "responses": texts}])
    out = tmp_path / "out.jsonl"
    text = succeeded("data", "filter", source, "--responses", answers, "--out", out).stdout
    assert kept(out) == ["mixed"]
    assert "answers judged here: 4" in text


def test_scores_drop_prompts_that_no_verifier_decides(tmp_path: Path) -> None:
    names = ("varied", "flat", "good", "learned")
    prompts = [
        {"id": name, "problem": f"Write about {name}.", "domain": "custom"} for name in names
    ]
    scores = [
        {"id": "varied", "scores": [0.1, 0.5, 0.9, 0.3]},
        {"id": "flat", "scores": [0.5, 0.5, 0.51, 0.5]},
        {"id": "good", "scores": [0.8, 1.0, 1.0, 1.0]},
        {"id": "learned", "before": 0.2, "after": 0.7},
    ]
    out = tmp_path / "out.jsonl"
    given = ("--responses", lines(tmp_path / "scores.jsonl", scores))
    succeeded("data", "filter", lines(tmp_path / "in.jsonl", prompts), *given, "--out", out)
    assert kept(out) == ["varied"]
    dropped = json_lines((tmp_path / "out.dropped.jsonl").read_bytes())
    assert [line["rule"] for line in dropped] == [
        "low_variance",
        "low_difficulty",
        "already_improved",
    ]


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"verdict": "correct"}, "id is missing"),
        ({"id": "easy"}, "verdict, response"),
        ({"id": "easy", "verdict": "maybe"}, "must be one of correct, wrong, error"),
        ({"id": "nobody", "verdict": "correct"}, "no id there is the id of a problem"),
    ],
)
def test_what_is_wrong_with_answers_is_one_line(
    tmp_path: Path, row: dict[str, Any], word: str
) -> None:
    source = lines(tmp_path / "in.jsonl", PROBLEMS)
    given = ("--responses", lines(tmp_path / "answers.jsonl", [row]))
    assert_user_error(run("data", "filter", source, *given, "--out", tmp_path / "o"), word)


def test_a_wrong_decision_is_one_line(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", PROBLEMS)
    answers = lines(tmp_path / "answers.jsonl", verdict_lines())
    call = ("data", "filter", source, "--responses", answers, "--out", tmp_path / "o")
    wrong = lines(tmp_path / "d.jsonl", [{"id": "suspect", "decision": "fix"}])
    assert_user_error(run(*call, "--decisions", wrong), "decision='fix'", "keep, drop, replace")
    wrong = lines(tmp_path / "e.jsonl", [{"id": "suspect", "decision": "replace"}])
    assert_user_error(run(*call, "--decisions", wrong), "reference is missing")
