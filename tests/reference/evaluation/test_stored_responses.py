"""Properties of a file of responses as the policy of an evaluation."""

from pathlib import Path
from typing import Any

import pytest

from seed.reference.evaluation.policies import Ask, Failure, Response, Settings
from seed.reference.evaluation.stored_responses import stored_responses
from seed.spec.errors import SeedError
from tests.support.evaluations import question, write_lines

SETTINGS = Settings(temperature=0.5, top_p=0.9, max_tokens=64)


def stored(
    folder: Path, lines: list[dict[str, Any]], benchmarks: tuple[str, ...] = ("sums",)
) -> Any:
    questions = [question(name, of) for of in benchmarks for name in ("one", "two")]
    return stored_responses(write_lines(folder / "r.jsonl", lines), questions)


def test_responses_are_matched_by_id_one_or_several_a_line(tmp_path: Path) -> None:
    found = stored(
        tmp_path,
        [
            {"id": "one", "responses": ["a", "b"]},
            {"id": "two", "response": "c", "finish": "length", "tokens": 3},
            {"id": "two", "response": "d"},
            {"id": "three", "response": "e"},
        ],
    )
    asks = [Ask(question(name), sample, SETTINGS) for name in ("two", "one") for sample in (0, 1)]
    answers = list(found.respond(asks))
    assert [answer.text for answer in answers] == ["a", "b", "c", "d"]
    assert [answer.truncated for answer in answers[2:]] == [True, None]
    assert (found.most("sums"), found.unknown) == (2, 1)
    beyond = list(found.respond([Ask(question("one"), sample, SETTINGS) for sample in (1, 2)]))
    assert [type(answer) for answer in beyond] == [Response, Failure]


def test_an_id_of_two_files_needs_the_name_of_the_benchmark(tmp_path: Path) -> None:
    both = ("sums", "more")
    found = stored(tmp_path, [{"id": "one", "benchmark": "more", "response": "a"}], both)
    assert list(found.samples) == ["more/one"]
    with pytest.raises(SeedError, match="names problems of several files"):
        stored(tmp_path, [{"id": "one", "response": "a"}], both)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"id": "one"}, "response must be text"),
        ({"id": "one", "responses": [1]}, "response must be text"),
        ({"response": "a"}, "id is missing"),
        ({"id": "one", "response": "a", "sample": -1}, "sample=-1"),
    ],
)
def test_an_unusable_line_of_responses_is_named(
    tmp_path: Path, line: dict[str, Any], words: str
) -> None:
    with pytest.raises(SeedError, match=f"line 1: .*{words}"):
        stored(tmp_path, [line])


def test_a_sample_is_there_once(tmp_path: Path) -> None:
    line = {"id": "one", "response": "a", "sample": 1}
    with pytest.raises(SeedError, match="line 2: sample=1"):
        stored(tmp_path, [line, line])
