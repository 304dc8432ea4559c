"""Properties of ``seed eval POLICY FILE...``, called as a person calls it."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from seed.reference.evaluation import policies
from seed.reference.evaluation.policies import ServerPolicy
from tests.support.command_line import assert_user_error, json_lines, run, succeeded
from tests.support.evaluations import ChatServer, chat_server, completion, sums, write_lines

LENIENT = "def check(item):\n    return item['reference'] in item['response']\n"


def scores_of(out: Path, name: str) -> Any:
    return json.loads((out / "scores.json").read_text())["scores"][name]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    """Three sums."""
    return sums(tmp_path / "sums.jsonl")


@pytest.fixture
def responses(tmp_path: Path) -> Path:
    """Two responses to each: s1 both right, s2 one right, s3 one wrong and one without answer."""
    return write_lines(
        tmp_path / "responses.jsonl",
        [
            {"id": "s1", "responses": ["\\boxed{2}", "The answer is 2."]},
            {"id": "s2", "responses": ["\\boxed{4}", "\\boxed{5}"]},
            {"id": "s3", "response": "\\boxed{7}", "finish": "stop"},
            {"id": "s3", "response": "<think>and so on", "finish": "length"},
        ],
    )


@pytest.fixture
def evaluated(problems: Path, responses: Path, tmp_path: Path) -> Path:
    """The evaluation of these responses."""
    succeeded("eval", responses, problems, "--out", tmp_path / "out", "--jobs", 1)
    return tmp_path / "out"


def test_a_file_of_responses_has_the_scores_that_follow_from_it(
    problems: Path, responses: Path, tmp_path: Path
) -> None:
    output = succeeded("eval", responses, problems, "--out", tmp_path / "out").stdout
    found = scores_of(tmp_path / "out", "sums")
    values = {name: score["value"] for name, score in found["scores"].items()}
    assert values == {
        "avg@2": pytest.approx((1 + 1 / 2 + 0) / 3),
        "pass@2": pytest.approx(2 / 3),
        "pass^2": pytest.approx(1 / 3),
        # s1: 2; s2: 4 and 5 are tied; s3: 7 is the only vote.
        "maj@2": pytest.approx((1 + 1 / 2 + 0) / 3),
    }
    assert found["ties"] == 1
    expected = {"expected": 6, "judged": 6, "correct": 3, "unextracted": 1, "errors": 0}
    assert found["counts"].items() >= (expected | {"missing": 0, "truncated": 1}).items()
    assert "50.0 % [" in output and "6 of 6 responses judged" in output
    assert str(tmp_path / "out" / "evaluation.html") in output


def test_responses_are_judged_again_by_another_verifier(evaluated: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(LENIENT)
    before = {path: path.read_bytes() for path in evaluated.iterdir()}
    again = tmp_path / "again"
    verifier = f"{tmp_path / 'mine.py'}:check"
    succeeded("eval", evaluated, "--out", again, "--verifier", verifier, "--baseline", evaluated)
    assert before == {path: path.read_bytes() for path in evaluated.iterdir()}
    # The lenient verifier takes "\\boxed{2}" and "The answer is 2." for s1, and so on.
    assert sorted(scores_of(again, "sums")["shares"].values()) == [0.0, 0.5, 1.0]
    kept = [{line["response"] for line in json_lines((out / "responses.jsonl").read_bytes())}
            for out in (evaluated, again)]  # fmt: skip
    assert kept[0] == kept[1]
    differences = json.loads((again / "scores.json").read_text())["differences"]["sums"]
    assert (differences["mean"], differences["problems"]) == (0.0, 3)


def test_what_is_missing_is_counted_and_no_score_has_it(problems: Path, tmp_path: Path) -> None:
    few = write_lines(tmp_path / "few.jsonl", [{"id": "s1", "response": "2"},
                                               {"id": "s9", "response": "2"}])  # fmt: skip
    output = succeeded("eval", few, problems, "--out", tmp_path / "out").stdout
    assert "2 responses are missing" in output and "1 responses of" in output
    found = scores_of(tmp_path / "out", "sums")
    assert found["counts"]["missing"] == 2 and found["counts"]["judged"] == 1
    assert found["scores"]["avg@1"]["problems"] == 1


def asked(server: ChatServer) -> list[tuple[str, int]]:
    return sorted((body["messages"][0]["content"][:12], body["seed"]) for body in server.requests)


def test_an_evaluation_of_a_server_is_resumed_sample_by_sample(
    problems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "FAILURES_IN_A_ROW", 2)
    with chat_server() as server:
        command = ("eval", server.url, problems, "--samples", 4, "--concurrency", 1)
        lock = threading.Lock()

        def fails_from_the_sixth_on(body: dict[str, Any]) -> Any:
            with lock:
                failed = len(server.requests) > 5
            return (400, {}) if failed else completion("\\boxed{4}")

        server.answer = fails_from_the_sixth_on
        broken = run(*command, "--out", tmp_path / "out")
        assert_user_error(broken, "policy-failed", "--resume")
        first = asked(server)[:]
        answered = server.requests[:5]
        stored = json_lines((tmp_path / "out" / "responses.jsonl").read_bytes())
        assert len(stored) == 5 and len(first) == 7

        assert_user_error(run(*command, "--out", tmp_path / "out"), "file-exists", "--resume")
        other = run(*command, "--out", tmp_path / "out", "--resume", "--seed", 5)
        assert_user_error(other, "foreign-output", "sampling")

        server.requests.clear()
        server.answer = lambda body: completion("\\boxed{4}", tokens=None)
        succeeded(*command, "--out", tmp_path / "out", "--resume")
        assert len(server.requests) == 12 - 5
        assert not {json.dumps(body) for body in answered} & set(map(json.dumps, server.requests))
        server.requests.clear()
        succeeded(*command, "--out", tmp_path / "out", "--resume")
        assert server.requests == []
    found = scores_of(tmp_path / "out", "sums")
    assert found["counts"]["judged"] == 12 and found["scores"]["avg@4"]["value"] == pytest.approx(
        1 / 3
    )


def test_after_ctrl_c_what_came_is_kept_and_the_command_says_how_to_go_on(
    problems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = ServerPolicy.respond

    def interrupted(self: ServerPolicy, asks: Any) -> Any:
        yield next(respond(self, asks))
        raise KeyboardInterrupt

    with chat_server() as server:
        command = ("eval", server.url, problems, "--samples", 1, "--out", tmp_path / "out")
        with monkeypatch.context() as patched:
            patched.setattr(ServerPolicy, "respond", interrupted)
            result = run(*command)
        assert result.exit_code == 130 and "--resume" in result.stderr
        assert len(json_lines((tmp_path / "out" / "responses.jsonl").read_bytes())) == 1
        succeeded(*command, "--resume")
    assert scores_of(tmp_path / "out", "sums")["counts"]["judged"] == 3


def test_the_key_of_a_server_is_sent_and_never_written(
    problems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with chat_server() as server:
        result = succeeded("eval", server.url, problems, "--out", tmp_path / "out")
        assert set(server.keys) == {"Bearer sk-secret"}
    written = [path.read_text() for path in (tmp_path / "out").iterdir()]
    assert not any("sk-secret" in text for text in [*written, result.output])


def test_a_default_folder_is_never_written_to_twice(
    problems: Path, responses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        succeeded("eval", "responses.jsonl", problems)
    names = sorted(path.name for path in (tmp_path / "evaluations").iterdir())
    assert names == ["responses.jsonl", "responses.jsonl-2"]


def test_a_limit_and_a_protocol_are_kept_with_the_evaluation(
    problems: Path, responses: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    succeeded("eval", responses, problems, "--protocol", "aime", "--limit", 2, "--out", out)
    record = json.loads((out / "evaluation.json").read_text())
    assert record["benchmarks"]["aime"]["protocol"] == "aime"
    assert record["benchmarks"]["aime"]["problems"] == 2
    assert scores_of(out, "aime")["counts"]["expected"] == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://127.0.0.1:9/v1"], ["FILE is missing"]),
        (["http://", "sums.jsonl"], ["POLICY=http://", "http://127.0.0.1:8000/v1"]),
        (["none", "sums.jsonl"], ["not-a-checkpoint", "none"]),
        (["responses.jsonl", "none.jsonl"], ["unreadable-file", "none.jsonl"]),
        (["responses.jsonl", "sums.jsonl", "--protocol", "x"], ["--protocol=x", "aime2024"]),
        (["responses.jsonl", "sums.jsonl", "--resume"], ["--resume needs --out"]),
        (["responses.jsonl", "sums.jsonl", "--protocol", "judge"], ["SEED_JUDGE_URL"]),
        (["responses.jsonl", "sums.jsonl", "--baseline", "none"], ["none is no evaluation"]),
        (["responses.jsonl", "sums.jsonl", "--verifier", "x"], ["verifier=x must be path.py"]),
        (["responses.jsonl", "sums.jsonl", "data.shots=2"], ["data.shots=2", "is none"]),
        (["responses.jsonl", "sums.jsonl", "--temperature", "1"], ["--temperature has no effect"]),
        (["responses.jsonl", "sums.jsonl", "--model", "x"], ["--model has no effect", "server"]),
        (["responses.jsonl", "sums.jsonl", "--samples", "0"], ["--samples=0", "at least 1"]),
        (["runs/mine", "--samples", "2"], ["--samples without FILE", "evaluation.samples"]),
    ],
)
def test_what_is_wrong_is_one_line(
    problems: Path,
    responses: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEED_JUDGE_URL", raising=False)
    assert_user_error(run("eval", *arguments), *words)
    assert not (tmp_path / "evaluations").exists()


def test_the_benchmarks_are_listed_with_what_is_published() -> None:
    table = succeeded("eval", "--protocols").stdout
    assert "AIME 2024, avg@32" in table and "86.7" in table and "reasoning_gym" in table


def test_a_checkpoint_answers_puzzles_in_its_characters(finished: Path, tmp_path: Path) -> None:
    problems = tmp_path / "puzzles.jsonl"
    succeeded("puzzles", "generate", "arithmetic", "--count", 3, "--held-out", "--out", problems)
    texts = []
    for concurrency in (1, 64):
        out = tmp_path / str(concurrency)
        succeeded("eval", finished, problems, "--samples", 2, "--concurrency", concurrency,
                  "--out", out)  # fmt: skip
        lines = json_lines((out / "responses.jsonl").read_bytes())
        texts.append({(line["key"], line["sample"]): line["response"] for line in lines})
        assert {line["finish"] for line in lines} <= {"stop", "length"}
    assert texts[0] == texts[1] and len(texts[0]) == 6
    assert scores_of(tmp_path / "1", "puzzles")["counts"]["judged"] == 6


def test_a_checkpoint_that_cannot_read_a_problem_says_so(
    finished: Path, problems: Path, tmp_path: Path
) -> None:
    result = run("eval", finished, problems, "--out", tmp_path / "out")
    assert_user_error(result, "policy-failed", "can read none", "W")


GRADED = {"s1": "CORRECT", "s2": "INCORRECT", "s3": "NOT_ATTEMPTED"}


def test_short_answers_have_the_three_grades_of_their_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [{"id": name, "problem": f"Who is {name}?", "answer": "He"} for name in GRADED]
    write_lines(tmp_path / "simpleqa.jsonl", facts)
    answers = [{"id": name, "response": name} for name in GRADED]
    write_lines(tmp_path / "responses.jsonl", answers)
    with chat_server() as judge:

        def grade(body: dict[str, Any]) -> Any:
            prompt = body["messages"][0]["content"]
            assert "NOT_ATTEMPTED" in prompt
            return completion(next(of for name, of in GRADED.items() if f'"{name}"' in prompt))

        judge.answer = grade
        monkeypatch.setenv("SEED_JUDGE_URL", judge.url)
        monkeypatch.setenv("SEED_JUDGE_MODEL", "tiny")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        command = ("eval", tmp_path / "responses.jsonl", tmp_path / "simpleqa.jsonl")
        output = succeeded(*command, "--out", tmp_path / "out", "--jobs", 1).stdout
    assert "not attempted 33.3 %; of those attempted correct 50.0 %, F-score 40.0" in output
    assert scores_of(tmp_path / "out", "simpleqa")["scores"]["avg@1"]["value"] == pytest.approx(
        1 / 3
    )
    assert "F-score" in (tmp_path / "out" / "evaluation.html").read_text()
