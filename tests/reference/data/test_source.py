"""Splits, shuffles and what is refused before training."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.data.index import ADVANCED, ROWS_PER_NEWS
from seed.reference.data.messages import fingerprint
from seed.reference.data.schemas import RowRules
from seed.reference.data.source import FileSettings, FileSource, read_problems
from seed.spec.characters import Characters
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError


def rows(numbers: Iterable[int], **more: Any) -> list[dict[str, Any]]:
    return [{"problem": f"What is {n}?", "reference": str(n)} | more for n in numbers]


def written(path: Path, content: list[Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return str(path)


def user_error(chosen: FileSettings, tokenizer: Characters | None = None) -> tuple[Reason, str]:
    with pytest.raises(SeedError) as caught:
        FileSource(chosen, tokenizer)
    assert "\n" not in caught.value.line
    return caught.value.reason, caught.value.line


def texts(problems: Iterable[Problem]) -> set[int]:
    return {fingerprint((), problem.prompt) for problem in problems}


def epoch_of(source: FileSource, count: int, epoch: int = 0) -> list[str]:
    return [source.training(epoch * count + place).prompt for place in range(count)]


def test_splits_by_hash_are_disjoint_whole_and_the_same_in_every_run(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(range(200)))
    chosen = FileSettings((path,), held_out_share=0.25, seed=1)
    source, other = FileSource(chosen), FileSource(replace(chosen, seed=2))
    held_out = source.held_out()
    training = [source.training(index) for index in range(200 - len(held_out))]
    assert 30 < len(held_out) < 70
    assert not texts(training) & texts(held_out)
    assert len(texts(training) | texts(held_out)) == 200
    assert other.held_out() == held_out
    assert [other.training(index) for index in range(20)] != training[:20]


def test_reading_and_measuring_tell_how_far_they_are(tmp_path: Path) -> None:
    lines = [{"problem": f"{n}+1=", "reference": str(n)} for n in range(3 * ROWS_PER_NEWS)]
    told: list[int] = []
    token = ADVANCED.set(told.append)
    try:
        path = written(tmp_path / "a.jsonl", lines)
        FileSource(FileSettings((path,), max_prompt_tokens=9), Characters())
    finally:
        ADVANCED.reset(token)
    assert told == [ROWS_PER_NEWS] * 5  # three of reading; of training rows, fewer by the held out


@given(count=st.integers(2, 30), seed=st.integers(0, 2**32 - 1), start=st.integers(0, 90))
@settings(max_examples=20)
def test_every_epoch_is_a_new_order_and_resumes_anywhere(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int, start: int
) -> None:
    path = written(tmp_path_factory.mktemp("x") / "a.jsonl", rows(range(count)))
    test = written(Path(path).with_name("b.jsonl"), rows([1000]))
    chosen = FileSettings((path,), (test,), seed=seed)
    source = FileSource(chosen)
    for epoch in range(2):
        assert len(set(epoch_of(source, count, epoch))) == count
    ahead = [source.training(index) for index in range(start, start + 5)]
    resumed = FileSource(chosen)
    assert [resumed.training(index) for index in range(start, start + 5)] == ahead


def test_evaluation_files_are_held_out_alone(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", rows(range(20)))
    tests = [written(tmp_path / f"{n}.jsonl", rows([100 + n, 200 + n])) for n in range(2)]
    source = FileSource(FileSettings((train,), tuple(tests)))
    assert source.groups == ("0", "1")
    assert [problem.family for problem in source.held_out()] == ["0", "0", "1", "1"]
    assert len(set(epoch_of(source, 20))) == 20


def test_the_split_column_decides_if_any_row_is_held_out(tmp_path: Path) -> None:
    both = rows(range(10), split="train") + rows(range(10, 14), split="test")
    path = written(tmp_path / "a.jsonl", both)
    source = FileSource(FileSettings((path,)))
    assert [problem.prompt for problem in source.held_out()] == [
        f"What is {n}?" for n in range(10, 14)
    ]
    only = written(tmp_path / "b.jsonl", rows(range(100), split="train"))
    assert 0 < len(FileSource(FileSettings((only,))).held_out()) < 40
    # As its own evaluation file, the other part counts on each side.
    twice = FileSource(FileSettings((path,), (path,)))
    assert (len(set(epoch_of(twice, 10))), len(twice.held_out())) == (10, 4)


def test_the_same_problem_on_both_sides_is_refused(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", rows(range(5)))
    test = written(tmp_path / "test.jsonl", [*rows([9]), {"question": "what is  3?", "answer": 3}])
    reason, line = user_error(FileSettings((train,), (test,)))
    assert reason is Reason.ILLEGAL_COMBINATION
    assert "1 problems are in data.train and held out, such as 'What is 3?'" in line
    assert "train.jsonl line 4 and test.jsonl line 2" in line


def test_a_repeated_problem_stays_on_one_side_and_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(range(100)) + rows(range(100)))
    source = FileSource(FileSettings((path,), held_out_share=0.2))
    held_out = source.held_out()
    assert len(texts(held_out)) == len(held_out)
    assert any("training rows repeat the problem of another" in note for note in source.notes)


def test_the_number_of_held_out_problems_is_limited(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", rows(range(5)))
    test = written(tmp_path / "test.jsonl", rows(range(10, 60)))
    chosen = FileSettings((train,), (test,), held_out_problems=8)
    some = FileSource(chosen).held_out()
    more = FileSource(replace(chosen, held_out_problems=20, seed=3)).held_out()
    assert (len(some), len(more)) == (8, 20)
    assert texts(some) < texts(more)


def test_files_are_mixed_by_weight(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{n}.jsonl", rows(range(100 * n, 100 * n + 7))) for n in range(3)]
    test = written(tmp_path / "test.jsonl", rows([1000]))
    weights = {paths[0]: 2.0, paths[2]: 0.5}
    source = FileSource(FileSettings(tuple(paths), (test,), weights=weights))
    counts = Counter(source.training(index).family for index in range(7 * 50))
    assert counts == {"0": 200, "1": 100, "2": 50}


def test_ids_of_held_out_problems_are_distinct(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", rows(range(5)))
    test = written(tmp_path / "test.jsonl", rows(range(10, 13), id="same"))
    ids = [problem.id for problem in FileSource(FileSettings((train,), (test,))).held_out()]
    assert ids == ["test/same", "test/same#2", "test/same#3"]


def test_demonstrations_come_from_the_training_side(tmp_path: Path) -> None:
    worked = [row | {"demonstration": f"It is {row['reference']}."} for row in rows(range(80))]
    path = written(tmp_path / "a.jsonl", worked)
    source = FileSource(FileSettings((path,), demonstrations=12))
    shown = source.demonstrations()
    assert len(shown) == 12
    assert not texts(problem for problem, _ in shown) & texts(source.held_out())
    assert all(text == f"It is {problem.answer[6:-1]}." for problem, text in shown)


def test_shots_stand_in_front_and_are_not_trained_on(tmp_path: Path) -> None:
    worked = [row | {"demonstration": f"It is {row['reference']}."} for row in rows(range(20))]
    train = written(tmp_path / "train.jsonl", worked)
    test = written(tmp_path / "test.jsonl", rows([99]))
    chosen = FileSettings((train,), (test,), shots=3)
    source = FileSource(chosen)
    (held_out,) = source.held_out()
    assert [message["role"] for message in held_out.messages] == ["user", "assistant"] * 3 + [
        "user"
    ]
    assert held_out.prompt == held_out.messages[-1]["content"] == "What is 99?"
    shown = {message["content"] for message in held_out.messages[:-1]}
    assert len(set(epoch_of(source, 17))) == 17
    assert not shown & set(epoch_of(source, 17))
    assert FileSource(replace(chosen, seed=5)).held_out() == [held_out]
    assert "data.shots=20 needs more" in user_error(replace(chosen, shots=20))[1]


def test_long_prompts_are_refused_or_dropped_with_their_count(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", [*rows(range(5)), *rows([12345678, 123456789])])
    test = written(tmp_path / "test.jsonl", rows([99]))
    chosen = FileSettings((train,), (test,), max_prompt_tokens=14)
    reason, line = user_error(chosen, Characters())
    assert reason is Reason.ILLEGAL_VALUE
    assert "2 of 7 training prompts are longer than data.max_prompt_tokens=14" in line
    assert "line 6, the longest has 18 tokens (train.jsonl line 7)" in line
    source = FileSource(replace(chosen, overlong="drop"), Characters())
    assert len(set(epoch_of(source, 5))) == 5
    assert any(note.endswith("; dropped") for note in source.notes)


def test_a_prompt_that_the_tokenizer_cannot_write_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [*rows(range(9)), {"problem": "Café?", "reference": "1"}])
    assert "a.jsonl line 10: character 'é'" in user_error(FileSettings((path,)), Characters())[1]


def test_unusable_rows_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    written(path, rows(range(40)))
    with path.open("a") as file:
        file.write('{"problem": \n[1]\n\n{"problem": "?"}\nx\n')
    notes = FileSource(FileSettings((str(path),))).notes
    fault = next(note for note in notes if "cannot be used" in note)
    assert "4 rows cannot be used: line 41: the line is not JSON" in fault
    assert "line 44: there is nothing to compare with" in fault
    assert fault.endswith("; and 1 more")


def test_what_leaves_nothing_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(range(5)))
    empty, useless = written(tmp_path / "b.jsonl", []), written(tmp_path / "c.jsonl", [{"a": 1}])
    assert "the file holds no row" in user_error(FileSettings((empty,)))[1]
    assert "no schema has the columns a" in user_error(FileSettings((useless,)))[1]
    assert "no problem is held out" in user_error(FileSettings((path,), held_out_share=0.0))[1]
    assert "twice" in user_error(FileSettings((path, path)))[1]


def test_a_file_that_changes_during_a_run_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(range(30)))
    source = FileSource(FileSettings((path,)))
    Path(path).write_text(Path(path).read_text().replace("What", "Whut"))
    with pytest.raises(SeedError, match="is another than when the run began"):
        source.training(0)


def test_many_names_of_data_sets_count_under_the_file(tmp_path: Path) -> None:
    many = [row | {"dataset": f"d{n}"} for n, row in enumerate(rows(range(100)))]
    source = FileSource(FileSettings((written(tmp_path / "a.jsonl", many),)))
    assert {problem.family for problem in source.held_out()} == set(source.groups)
    families = {source.training(index).family for index in range(80)}
    assert "a" in families
    assert len(families) <= 33


def test_a_domain_for_a_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(range(40)))
    (problem, *_) = FileSource(FileSettings((f"judge={path}",))).held_out()
    assert problem.instance["domain"] == "judge"


def test_a_benchmark_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(range(3)))
    assert [problem.prompt for problem in read_problems([path])] == [
        f"What is {n}?" for n in range(3)
    ]
    broken = written(tmp_path / "b.jsonl", [*rows(range(3)), {"problem": "?"}])
    with pytest.raises(SeedError, match="1 row cannot be used: line 4"):
        read_problems([broken], RowRules())
