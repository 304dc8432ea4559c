"""``seed bench build`` and ``seed bench audit`` as a user calls them."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item
from tests.support.command_line import assert_user_error, json_lines, run, succeeded
from tests.support.evaluations import chat_server, completion, write_lines
from tests.support.exams import BROKEN, GOOD

COUNT = 6


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small built set. No test changes it."""
    path = tmp_path_factory.mktemp("bench") / "exam"
    succeeded("bench", "build", "--seed", 3, "--count", COUNT, "--out", path, "--jobs", 1)
    return path


def content(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def lines(path: Path, name: str) -> list[Any]:
    return json_lines((path / name).read_bytes())


def test_a_set_is_built_twice_with_the_same_bytes(exam: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    succeeded("bench", "build", "--seed", 3, "--count", COUNT, "--out", again, "--jobs", 1)
    assert content(again) == content(exam)
    assert set(content(exam)) == {"problems.jsonl", "certificates.jsonl", "exam.json", "exam.html"}


def test_a_set_is_read_as_problems_and_its_answers_are_judged(exam: Path) -> None:
    shown = succeeded("data", "show", exam / "problems.jsonl").output
    assert "ours" in shown and "cannot be used" not in shown
    for line in lines(exam, "problems.jsonl"):
        response = f"\\boxed{{{line['reference']}}}"
        item = Item("", "math", line["problem"], response, line["reference"])
        assert verify(item).outcome is Outcome.CORRECT


def test_the_audit_of_a_built_set_finds_nothing(exam: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    result = succeeded("bench", "audit", exam / "problems.jsonl", "--out", out)
    assert "no rule found anything" in result.output and "6 of 6" in result.output
    assert json.loads((out / "audit.json").read_text())["sets"][0]["with_findings"] == 0
    assert (out / "audit.html").read_text().startswith("<!doctype html>")


def test_a_built_set_is_known_to_itself(exam: Path, tmp_path: Path) -> None:
    known = exam / "problems.jsonl"
    assert "6  overlap" in succeeded("bench", "audit", known, "--against", known).output
    other = tmp_path / "other"
    command = ("bench", "build", "--seed", 3, "--count", 2, "--jobs", 1, "--against", known)
    succeeded(*command, "--out", other)
    old = {line["problem"] for line in lines(exam, "problems.jsonl")}
    assert not old & {line["problem"] for line in lines(other, "problems.jsonl")}
    assert json.loads((other / "exam.json").read_text())["rejected"]["overlaps-with-a-known-set"]


def test_a_broken_set_is_told_rule_by_rule(tmp_path: Path) -> None:
    rows = [{"id": f"r{number}"} | row for number, row in enumerate([*GOOD, *BROKEN.values()])]
    path = write_lines(tmp_path / "bad.jsonl", rows)
    out = tmp_path / "audit"
    output = succeeded("bench", "audit", path, "--out", out, "--show", 1).output
    for rule in ("missing-figure", "answer-in-statement", "duplicate", "unreadable-reference"):
        assert f"  {rule}: " in output
    assert "and 1 more" in output
    assert "missing-figure" in (out / "audit.html").read_text()


class Elements(HTMLParser):
    """Names of the elements of a page that are open at its end, and their counts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Count an element."""
        self.counts[tag] = self.counts.get(tag, 0) + 1


def test_the_page_holds_every_problem_and_nothing_from_outside(exam: Path) -> None:
    page = (exam / "exam.html").read_text()
    assert page.count("<details class=problem") == COUNT
    assert Elements(page).counts["math"] > COUNT
    assert "Content-Security-Policy" in page and "https://" not in page.replace("http://www.w3", "")
    for certificate in lines(exam, "certificates.jsonl"):
        assert certificate["id"] in page


def test_evaluations_give_difficulty_and_replace_what_is_too_easy(
    exam: Path, tmp_path: Path
) -> None:
    problems = lines(exam, "problems.jsonl")
    answers = [
        {"id": line["id"], "responses": [f"\\boxed{{{line['reference'] if n == 0 else 1}}}"] * 40}
        for n, line in enumerate(problems)
    ]
    responses = write_lines(tmp_path / "responses.jsonl", answers)
    evaluation = tmp_path / "evaluation"
    succeeded("eval", responses, exam / "problems.jsonl", "--out", evaluation, "--jobs", 1)
    other = tmp_path / "other"
    command = ("bench", "build", "--seed", 3, "--count", COUNT, "--jobs", 1)
    output = succeeded(*command, "--out", other, "--results", evaluation).output
    assert "1 solved-too-often" in output
    again = lines(other, "problems.jsonl")
    assert again[0]["id"] != problems[0]["id"] and again[1:] == problems[1:]
    assert lines(other, "certificates.jsonl")[1]["solve_rates"][0]["rate"] == 0.0
    assert "Difficulty" in (other / "exam.html").read_text()
    audit = ("bench", "audit", exam / "problems.jsonl", "--results", evaluation)
    assert "solved-too-often" in succeeded(*audit).output


def test_a_server_rewrites_scenarios(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        text = body["messages"][0]["content"].rpartition("Problem:\n")[2]
        return completion(f"Here is a riddle. {text}")

    with chat_server() as server:
        server.answer = answer
        out = tmp_path / "exam"
        command = ("bench", "build", "--seed", 3, "--count", 2, "--jobs", 1, "--out", out)
        assert "in use: 2" in succeeded(*command, "--server", server.url).output
    problems = lines(out, "problems.jsonl")
    assert all(line["problem"].startswith("Here is a riddle. ") for line in problems)
    output = succeeded("bench", "audit", out / "problems.jsonl").output
    assert "no rule found anything" in output and "2 of 2" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "--seed", -1, "--out", "x"), ("--seed=-1",)),
        (("build", "--seed", 1, "--out", "."), ("exists", "--out")),
        (("build", "--seed", 1, "--out", "no/such/x"), ("no folder",)),
        (("build", "--seed", 1, "--count", 0, "--out", "x"), ("--count=0", "at least 1")),
        (("build", "--seed", 1, "--out", "x", "--model", "m"), ("--model", "--server")),
        (("build", "--seed", 1, "--out", "x", "--server", "me"), ("--server=me", "http")),
        (("build", "--seed", 1, "--out", "x", "--against", "none.jsonl"), ("none.jsonl",)),
        (("build", "--seed", 1, "--out", "x", "--results", "none"), ("none", "no evaluation")),
        (("audit", "none.jsonl"), ("none.jsonl", "does not exist")),
        (("audit",), ("FILE", "missing")),
    ],
)
def test_what_is_wrong_with_the_arguments_is_one_line(
    arguments: tuple[str | int, ...],
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("mine")
    assert_user_error(run("bench", *arguments), *words)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
