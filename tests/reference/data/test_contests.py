"""Contests as their authors publish them: packed tests are read, and no pickle is run."""

import base64
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data import contests
from seed.reference.data.messages import Unusable
from seed.reference.data.schemas import ReadRow, RowRules, read_row

PUBLIC = [{"input": "1\n", "output": "2\n", "testtype": "stdin"}]
PRIVATE = [{"input": "3\n", "output": "6\n", "testtype": "stdin"}]
LIVE = {
    "question_title": "Twice",
    "question_content": "Double it.",
    "question_id": "abc1_a",
    "starter_code": "",
    "difficulty": "easy",
    "public_test_cases": json.dumps(PUBLIC),
    "metadata": "{}",
}
FORCES = {
    "id": "1/A",
    "title": "Twice",
    "description": "Double it.",
    "input_format": "A number.",
    "output_format": "Its double.",
    "note": None,
    "examples": [{"input": "1\n", "output": "2\n"}],
    "official_tests": [{"input": "1\n", "output": "2\n"}, {"input": "3\n", "output": "6\n"}],
    "generated_checker": None,
    "interaction_format": None,
    "input_mode": "stdio",
}


def packed(content: Any, protocol: int = 4) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(content, protocol))).decode()


def read(row: dict[str, Any]) -> ReadRow:
    return read_row(row, "file", RowRules())


@pytest.mark.parametrize(
    "private",
    [json.dumps(PRIVATE), *(packed(json.dumps(PRIVATE), protocol) for protocol in range(1, 6))],
)
def test_private_tests_of_livecodebench_are_read_packed_or_not(private: str) -> None:
    found = read(LIVE | {"private_test_cases": private})
    assert (found.schema, found.problem.id) == ("LiveCodeBench", "file/abc1_a")
    assert found.problem.prompt == "Double it."
    instance = found.problem.instance
    tests = {"inputs": ["1\n", "3\n"], "outputs": ["2\n", "6\n"], "fn_name": ""}
    assert (instance["domain"], instance["tests"]) == ("code", tests)
    assert "private_test_cases" not in instance["row"] and instance["row"]["difficulty"] == "easy"


def test_a_function_has_its_starter_code_and_its_name() -> None:
    starter = "class Solution:\n    def twice(self, x: int) -> int:\n        "
    cases = json.dumps([{"input": "1", "output": "2", "testtype": "functional"}])
    row = LIVE | {"starter_code": starter, "public_test_cases": cases}
    found = read(row | {"metadata": json.dumps({"func_name": "twice"})}).problem
    assert found.instance["tests"]["fn_name"] == "twice"
    assert "def twice(self" in found.prompt and found.prompt.startswith("Double it.")


class Hostile:
    """Its pickle makes a folder when it is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:  # noqa: D105
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_never_run(tmp_path: Path, protocol: int) -> None:
    row = LIVE | {"private_test_cases": packed(Hostile(tmp_path / "made"), protocol)}
    with pytest.raises(Unusable, match="private_test_cases is a pickle of more than a text"):
        read(row)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (packed([json.dumps(PRIVATE)]), "more than a text"),
        (packed(1), "more than a text"),
        (packed("{"), "no JSON"),
        (packed("[1]"), "input and output"),
        (base64.b64encode(zlib.compress(b"no pickle")).decode(), "pickle"),
        (base64.b64encode(zlib.compress(pickle.dumps("[]"))[:-6]).decode(), "cut off"),
        ("plain words", "neither JSON nor base64"),
        (5, "input and output"),
    ],
)
def test_what_is_no_packed_text_is_named(given: Any, words: str) -> None:
    with pytest.raises(Unusable, match=f"private_test_cases .*{words}"):
        read(LIVE | {"private_test_cases": given})


def test_a_small_file_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contests, "MOST_BYTES", 1 << 20)
    bomb = base64.b64encode(zlib.compress(b"\0" * (4 << 20))).decode()
    with pytest.raises(Unusable, match="more than 1 MiB"):
        read(LIVE | {"private_test_cases": bomb})


def test_a_problem_of_codeforces_has_all_its_parts_and_every_test_once() -> None:
    found = read(FORCES)
    assert (found.schema, found.problem.id) == ("Codeforces", "file/1/A")
    tests = found.problem.instance["tests"]
    assert [case["input"] for case in tests] == ["1\n", "3\n"]
    parts = ("Double it.", "Input\nA number.", "Output\nIts double.", "Examples")
    assert (
        all(part in found.problem.prompt for part in parts) and "Note" not in found.problem.prompt
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generated_checker": "print(1)"}, "several outputs may be right"),
        ({"interaction_format": "Ask."}, "talks to another"),
        ({"input_mode": "file"}, "input_mode='file'"),
        ({"official_tests": "x"}, "official_tests"),
    ],
)
def test_what_no_test_can_judge_is_unusable(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        read(FORCES | changes)
