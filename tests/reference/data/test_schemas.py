"""Rows of every schema become the problem that they state."""

from typing import Any

import pytest

from seed.reference.data.messages import Unusable, fingerprint
from seed.reference.data.schemas import ReadRow, RowRules, read_row
from seed.spec.errors import SeedError

CHAT = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "1 + 1?"}]
CASES = [{"stdin": "1", "stdout": "2"}]
PUZZLE = {"family": "arithmetic", "instance": {"left": 1, "operator": "+", "right": 2}}


def read(row: dict[str, Any], **rules: Any) -> ReadRow:
    return read_row(row, "file", RowRules(**rules))


def instance(row: dict[str, Any], **rules: Any) -> dict[str, Any]:
    found = dict(read(row, **rules).problem.instance)
    del found["row"]
    return found


MATHEMATICS = (
    ("ours", {"problem": "1 + 1?", "reference": "2"}),
    ("ours", {"messages": CHAT, "reference": 2, "domain": "math"}),
    ("verl", {"data_source": "d", "prompt": CHAT, "reward_model": {"ground_truth": "2"}}),
    ("GSM8K", {"question": "1 + 1?", "answer": "One and one.\n#### 2"}),
    ("reasoning-gym", {"question": "1 + 1?", "answer": "2", "metadata": {"source_dataset": "x"}}),
    ("verifiers", {"question": "1 + 1?", "answer": "2", "info": {}}),
    ("verifiers", {"prompt": CHAT, "answer": "2", "info": "{}"}),
    ("TRL", {"prompt": CHAT, "solution": "It is \\boxed{2}."}),
    ("TRL", {"prompt": "1 + 1?", "answer": "2"}),
    ("question and answer", {"question": "1 + 1?", "answer": "2"}),
    ("problem and answer", {"problem": "1 + 1?", "answer": "2", "solution": "It is \\boxed{2}."}),
    ("problem and answer", {"problem": "1 + 1?", "solution": "It is \\boxed{2}."}),
    ("problem and answer", {"Problem": "1 + 1?", "Answer": 2}),
)


@pytest.mark.parametrize(("schema", "row"), MATHEMATICS)
def test_rows_of_mathematics(schema: str, row: dict[str, Any]) -> None:
    found = read(row)
    assert found.schema == schema
    assert found.problem.prompt == "1 + 1?"
    assert instance(row) == {"domain": "math", "reference": "2"}
    assert (found.problem.messages == tuple(CHAT)) == (CHAT in row.values())


CODE = (
    ("ours", {"problem": "Double it.", "tests": CASES}, CASES),
    (
        "ours",
        {"problem": "def f(x):\n", "tests": "def check(c):\n assert c(1)", "entry_point": "f"},
        {"test": "def check(c):\n assert c(1)", "entry_point": "f", "prompt": "def f(x):\n"},
    ),
    (
        "HumanEval",
        {"prompt": "def f(x):\n", "test": "def check(c):\n assert c(1)", "entry_point": "f"},
        {"test": "def check(c):\n assert c(1)", "entry_point": "f", "prompt": "def f(x):\n"},
    ),
    (
        "MBPP",
        {"text": "Double it.", "test_list": ["assert twice(1) == 2"], "code": "x"},
        {"test_list": ["assert twice(1) == 2"], "test_setup_code": ""},
    ),
    (
        "verl",
        {
            "prompt": CHAT,
            "ability": "code",
            "reward_model": {"ground_truth": '{"inputs": ["1"], "outputs": ["2"]}'},
        },
        {"inputs": ["1"], "outputs": ["2"]},
    ),
)


@pytest.mark.parametrize(("schema", "row", "tests"), CODE)
def test_rows_of_code(schema: str, row: dict[str, Any], tests: Any) -> None:
    assert read(row).schema == schema
    assert instance(row) == {"domain": "code", "tests": tests}


def test_the_name_of_the_function_reaches_the_policy() -> None:
    row = {"text": "Double it.", "test_list": ["assert twice(1) == 2"], "code": "def twice..."}
    problem = read(row).problem
    assert problem.prompt.endswith("assert twice(1) == 2")
    assert problem.demonstration == "```python\ndef twice...\n```"
    named = {"problem": "Write twice(x).", "tests": ["assert twice(1) == 2"]}
    assert read(named).problem.prompt == "Write twice(x)."


def test_a_puzzle_and_a_collected_puzzle() -> None:
    maze = {"family": "maze", "instance": {"grid": "S.#/..#/#.G"}}
    row = {"problem": "Walk.", "puzzle": maze}
    assert instance(row) == {"domain": "puzzle", "puzzle": maze}
    countdown = {"source_dataset": "countdown", "numbers": [3, 4], "target": 7}
    gym = {"question": "Make 7.", "answer": "3 + 4", "metadata": countdown}
    found = read(gym).problem
    assert found.instance["domain"] == "puzzle"
    assert found.instance["puzzle"]["family"] == "countdown"
    assert "3 4:7" in found.prompt


def test_demonstrations() -> None:
    gsm = {"question": "?!", "answer": "One.\n#### 1"}
    assert read(gsm).problem.demonstration == "One.\n#### 1"
    gym = {"question": "?!", "answer": "1", "metadata": {"answer_cot": "One. #### 1"}}
    assert read(gym).problem.demonstration == "One. #### 1"
    ours = {"problem": "?!", "reference": "1", "demonstration": "One."}
    assert read(ours).problem.demonstration == "One."


def test_columns_are_mapped_also_within_objects() -> None:
    row = {"text": "1 + 1?", "about": {"final": 2}, "kind": "x", "extra": 5}
    columns = {"problem": "text", "reference": "about.final", "domain": "=judge"}
    found = read(row, columns=columns).problem
    assert instance(row, columns=columns) == {"domain": "judge", "reference": "2"}
    assert found.instance["row"] == row


def test_a_mapped_column_goes_before_the_recognised_one() -> None:
    row = {"question": "1 + 1?", "answer": "One\n#### 2", "final": "3"}
    assert instance(row, columns={"reference": "final"})["reference"] == "3"


def test_the_row_is_kept_for_reward_functions() -> None:
    row = {"prompt": CHAT, "reward_model": {"ground_truth": "2"}, "extra_info": {"index": 3}}
    assert read(row).problem.instance["row"] == row


def test_a_reward_function_needs_nothing_to_compare_with() -> None:
    for row in ({"prompt": "Write a poem."}, {"prompt": CHAT, "style": "haiku"}):
        assert read(row, custom=True).problem.instance["domain"] == "custom"


def test_ids_are_the_rows_own_or_follow_from_what_is_read() -> None:
    assert read({"id": "a7", "problem": "?!", "reference": "1"}).problem.id == "file/a7"
    without = {"problem": "?!", "reference": "1"}
    assert read(without).problem.id == read(without | {"note": 1}).problem.id
    assert read(without).problem.id != read(without | {"problem": "?"}).problem.id


def test_the_split_of_a_row() -> None:
    for said, split in (("train", "train"), ("Validation", "test"), ("", ""), (None, "")):
        assert read({"problem": "?!", "reference": "1", "split": said}).split == split


def test_accuracy_is_reported_by_the_rows_data_set_or_the_files_name() -> None:
    row = {"prompt": "?!", "reward_model": {"ground_truth": "1"}}
    assert read(row).problem.family == "file"
    assert read(row | {"data_source": "openai/gsm8k"}).problem.family == "openai/gsm8k"


UNUSABLE: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "no schema has the columns (none)"),
    ({"a": 1}, "no schema has the columns a"),
    ({"problem": "", "reference": "1"}, "the problem is empty"),
    ({"problem": "?", "reference": " "}, "reference is empty"),
    ({"problem": "?", "reference": ["1"]}, "reference must be text or a number, not list"),
    ({"problem": "?", "reference": float("nan")}, "reference=nan must be a finite number"),
    ({"problem": 3, "reference": "1"}, "the problem must be text or a list of messages"),
    ({"problem": "?", "tests": []}, "tests: there are no tests"),
    ({"problem": "?", "reference": "1", "domain": "maths"}, "must be one of math, code, puzzle"),
    ({"problem": "?", "reference": "1", "domain": "code"}, "tests is missing, which domain code"),
    ({"problem": "?", "reference": "1", "split": "x"}, "split='x' must be one of train"),
    ({"problem": "?", "puzzle": {"family": "chess", "instance": {}}}, "puzzle.family='chess' must"),
    ({"problem": "?", "puzzle": {"family": "maze", "instance": {}}}, "is no maze instance"),
    ({"messages": [{"role": "user"}], "reference": "1"}, "the content of the message of user"),
    ({"messages": CHAT[:1], "reference": "1"}, "the last message must be the user's"),
    ({"messages": [{"role": "me"}], "reference": "1"}, "role='me' of a message must be one of"),
    ({"prompt": "?", "reward_model": {}}, "reward_model.ground_truth is missing"),
    ({"problem": "?", "solution": "We see.\nIt holds."}, "solution has no final answer"),
    ({"prompt": "Write a poem."}, "nothing to compare with, and no reward function"),
    ({"problem": "?", "tests": CASES, "needs_checker": True}, "there is no checker"),
    ({"problem": "\ud800", "reference": "1"}, "the problem is no Unicode text"),
)


@pytest.mark.parametrize(("row", "why"), UNUSABLE)
def test_unusable_rows_say_why(row: dict[str, Any], why: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(row)
    assert why in str(caught.value)


def test_a_missing_mapped_column_is_named() -> None:
    with pytest.raises(Unusable, match=r"column final \(data.columns.reference\) is missing"):
        read({"problem": "?"}, columns={"reference": "final"})


def test_a_mapping_of_no_field_is_refused() -> None:
    with pytest.raises(SeedError, match=r"data.columns.answer is no field; legal are id, problem"):
        RowRules({"answer": "final"})


def test_a_problem_is_the_same_in_another_spelling() -> None:
    assert fingerprint((), "What  is\n１+1?") == fingerprint((), " what is 1+1? ")
    assert fingerprint((), "What is 1+1?") != fingerprint((), "What is 1+2?")
    system = ({"role": "system", "content": "x"}, {"role": "user", "content": "1+1?"})
    assert fingerprint(system, "1+1?") == fingerprint((), "1+1?")
