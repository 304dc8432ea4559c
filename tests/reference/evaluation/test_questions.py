"""Properties of how lines of benchmarks become problems."""

from pathlib import Path
from typing import Any

import pytest

from seed.reference.evaluation.questions import Question, question_of, read_questions
from seed.spec.errors import SeedError
from tests.support.evaluations import sums, write_lines

HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": "def double(x):\n    '''Twice x.'''\n",
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
MBPP = {"task_id": 2, "text": "Double x.", "test_list": ["assert double(2) == 4"]}
MAZE = {"family": "maze", "instance": {"grid": "S.#/..#/#.G"}}


def one(
    folder: Path, row: dict[str, Any], name: str = "mine.jsonl", protocol: str = ""
) -> Question:
    """The only problem of a file."""
    (found,) = read_questions([write_lines(folder / name, [row])], protocol)
    (question,) = found.questions
    return question


def test_a_problem_of_mathematics_asks_for_a_box_and_keeps_its_reference(tmp_path: Path) -> None:
    question = one(tmp_path, {"id": "a", "problem": "1 + {1}?", "answer": 2})
    assert question.messages[0]["content"].startswith("1 + {1}?\n\n")
    assert "\\boxed{}" in question.messages[0]["content"]
    assert (question.problem, question.reference, question.id) == ("1 + {1}?", "2", "a")


@pytest.mark.parametrize(
    ("row", "reference"),
    [
        ({"question": "p", "answer": "5 - 2 = <<5-2=3>>3\n#### 3"}, "3"),
        ({"prompt": [{"role": "user", "content": "p"}], "reward_model": {"ground_truth": "3"},
          "answer": "x"}, "3"),
        ({"problem": "p", "solution": "so 3", "answer": "3"}, "3"),
    ],
)  # fmt: skip
def test_references_are_read_from_the_columns_of_published_files(
    tmp_path: Path, row: dict[str, Any], reference: str
) -> None:
    assert one(tmp_path, row, protocol="math").reference == reference


def test_messages_are_asked_as_they_are(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1 + 1?"}]
    question = one(tmp_path, {"prompt": messages, "answer": "2"})
    assert question.messages == tuple(messages) and question.problem == "1 + 1?"


@pytest.mark.parametrize("answer", ["B", "b", 1, "four"])
def test_the_right_option_is_named_by_letter_by_number_or_by_text(
    tmp_path: Path, answer: Any
) -> None:
    row = {"question": "2 + 2?", "options": ["three", "four"], "answer": answer}
    question = one(tmp_path, row)
    assert question.reference == "B"
    assert "A. three\nB. four" in question.problem
    assert "letter" in question.messages[0]["content"]


def test_the_options_of_gpqa_have_an_order_of_their_own_that_is_always_equal(
    tmp_path: Path,
) -> None:
    wrong = {f"Incorrect Answer {n}": f"wrong {n}" for n in (1, 2, 3)}
    rows = [{"Question": f"q{n}", "Correct Answer": "right"} | wrong for n in range(20)]
    path = write_lines(tmp_path / "gpqa.jsonl", rows)
    (found,) = read_questions([path])
    assert {question.reference for question in found.questions} == set("ABCD")
    for question in found.questions:
        assert f"{question.reference}. right" in question.problem
    assert read_questions([path]) == [found]


def test_a_function_to_complete_is_checked_with_its_prompt(tmp_path: Path) -> None:
    question = one(tmp_path, HUMANEVAL, "humaneval.jsonl")
    assert question.id == "HumanEval/0"
    assert question.tests == {name: HUMANEVAL[name] for name in ("test", "entry_point", "prompt")}
    assert "```python\ndef double(x):" in question.messages[0]["content"]


def test_assertions_are_part_of_what_is_asked(tmp_path: Path) -> None:
    question = one(tmp_path, MBPP, "mbpp.jsonl")
    assert "assert double(2) == 4" in question.messages[0]["content"]
    assert question.tests == {"test_list": MBPP["test_list"], "test_setup_code": ""}


def test_a_program_with_inputs_is_told_where_they_come_from(tmp_path: Path) -> None:
    row = {"problem": "Echo.", "tests": [{"stdin": "1\n", "stdout": "1\n"}]}
    assert "standard input" in one(tmp_path, row).messages[0]["content"]
    called = {"problem": "Echo.", "tests": {"inputs": ["1"], "outputs": ["1"], "fn_name": "f"}}
    assert "standard input" not in one(tmp_path, called).messages[0]["content"]


def test_a_puzzle_has_a_compact_prompt_for_policies_of_characters(tmp_path: Path) -> None:
    row = {"id": "m", "domain": "puzzle", "problem": "Walk.", "puzzle": MAZE}
    question = one(tmp_path, row, "puzzles.jsonl")
    assert (question.compact, question.puzzle, question.group) == ("MS.#/..#/#.G=", MAZE, "maze")
    assert question.messages[0]["content"].startswith("Walk.\n\n")


def test_tasks_without_a_family_are_left_out_and_counted(tmp_path: Path) -> None:
    rooms = {"question": [["S", "B"], [".", "E"]]}
    row = {"id": "1", "task": "maze", "problem": "p", "source": "Enigmata", "meta": rooms,
           "answer": "(1,1)->(2,1)->(2,2)"}  # fmt: skip
    path = write_lines(tmp_path / "enigmata.jsonl", [row, row | {"id": "2", "task": "slant"}])
    (found,) = read_questions([path])
    assert [question.group for question in found.questions] == ["maze"]
    assert found.left_out == {"task slant: no puzzle family and no number as answer": 1}


def test_a_program_with_several_right_outputs_and_no_checker_is_left_out(tmp_path: Path) -> None:
    tests = [{"stdin": "1\n", "stdout": "1\n"}]
    rows = [
        {"id": str(free), "problem": f"Print {free}.", "tests": tests, "needs_checker": free}
        for free in (False, True)
    ]
    (found,) = read_questions([write_lines(tmp_path / "codeforces.jsonl", rows)])
    assert [question.id for question in found.questions] == ["False"]
    (why,) = found.left_out
    assert "needs_checker" in why


def test_other_formats_than_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "gsm8k.json").write_text('[{"question": "p", "answer": "#### 2"}]')
    (found,) = read_questions([tmp_path / "gsm8k.json"])
    assert [question.reference for question in found.questions] == ["2"]


def test_a_key_depends_on_the_problem_and_not_on_its_place(tmp_path: Path) -> None:
    (found,) = read_questions([sums(tmp_path / "a.jsonl", 4)])
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.jsonl").write_text("\n".join(reversed(lines)))
    (turned,) = read_questions([tmp_path / "b" / "a.jsonl"])
    assert [q.key for q in turned.questions] == [q.key for q in reversed(found.questions)]
    assert len({question.key for question in found.questions}) == 4


def test_a_smaller_limit_is_part_of_a_larger_one_whatever_the_order(tmp_path: Path) -> None:
    path = sums(tmp_path / "a.jsonl", 9)
    few, more = (
        {question.key for question in read_questions([path], limit=limit)[0].questions}
        for limit in (3, 6)
    )
    assert len(few) == 3 and len(more) == 6 and few < more


def test_a_question_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    question = one(tmp_path, HUMANEVAL, "humaneval.jsonl")
    assert question_of(question.as_json()) == question


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"problem": "p"}, "reference is missing"),
        ({"answer": "2"}, "no schema has the columns answer"),
        ({"problem": " ", "answer": "2"}, "the problem is empty"),
        ({"problem": "p", "answer": None}, "reference is missing"),
        ({"problem": "p", "options": ["a", "b"], "answer": "C"}, "names none of the 2 options"),
        ({"problem": "p", "options": "ab", "answer": "A"}, "options must be"),
        ({"prompt": ["p"], "answer": "A"}, "a message must be an object"),
    ],
)
def test_an_unusable_line_is_named(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"problem": "p", "answer": "2"}, row])
    with pytest.raises(SeedError, match=f"a.jsonl line 2: .*{words}"):
        read_questions([path], "math")


def test_lines_of_their_own_domain_need_what_it_needs(tmp_path: Path) -> None:
    row = {"domain": "code", "problem": "p", "tests": []}
    with pytest.raises(SeedError, match="tests"):
        one(tmp_path, row)
    with pytest.raises(SeedError, match="domain='chess' must be one of math"):
        one(tmp_path, {"domain": "chess", "problem": "p", "reference": "1"})


def test_the_same_problem_twice_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    row = {"problem": "p", "answer": "2"}
    with pytest.raises(SeedError, match="is there twice"):
        read_questions([write_lines(tmp_path / "a.jsonl", [row, row])])
    (tmp_path / "gsm8k.jsonl").write_text("\n")
    with pytest.raises(SeedError, match="holds no problem"):
        read_questions([tmp_path / "gsm8k.jsonl"])
    with pytest.raises(SeedError, match="does not exist"):
        read_questions([tmp_path / "none.jsonl"])
