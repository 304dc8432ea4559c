"""Built-in text tasks, and files and tasks together."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data.open_source import TEXT_TASKS, open_source
from seed.reference.data.task_settings import format_fault
from seed.reference.data.word_problems import is_held_out, value
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Outcome, Problem
from seed.spec.errors import SeedError
from seed.spec.problem_source import ProblemSource
from seed.spec.verify import Item

OWN = ("addition", "word-problems")
"""Tasks that need no package."""


def opened(*train: str, seed: int = 1, held_out: int = 40, **data: Any) -> ProblemSource:
    settings = {"train": train, "demonstrations": 6, "max_prompt_tokens": 200} | data
    return open_source(DataConfig.model_validate(settings), held_out, seed)


def judged(problem: Problem, response: str) -> Outcome:
    reference = problem.instance["reference"]
    return verify(Item(problem.id, "math", problem.prompt, response, reference)).outcome


@pytest.mark.parametrize("name", OWN)
def test_demonstrations_are_correct_and_have_the_form(name: str) -> None:
    shown = opened(name).demonstrations()
    assert len(shown) == 6
    for problem, text in shown:
        for response in (text, problem.answer):
            assert judged(problem, response) is Outcome.CORRECT
            assert format_fault(problem.instance, response) == ""
        assert judged(problem, text + "1") is Outcome.WRONG
        assert format_fault(problem.instance, text + " or so") != ""


@pytest.mark.parametrize("name", OWN)
def test_splits_have_nothing_in_common(name: str) -> None:
    source = opened(name)
    held_out = source.held_out()
    assert len({problem.id for problem in held_out}) == 40
    training = {source.training(index).prompt for index in range(400)}
    assert not training & {problem.prompt for problem in held_out}


@pytest.mark.parametrize("name", OWN)
def test_the_seed_keys_training_and_not_what_is_held_out(name: str) -> None:
    first, second = opened(name), opened(name, seed=2)
    assert first.held_out() == second.held_out()
    assert first.training(7) == opened(name).training(7)
    assert [first.training(i) for i in range(9)] != [second.training(i) for i in range(9)]


def test_no_pair_of_numbers_is_on_both_sides_of_addition() -> None:
    def pairs(problems: list[Problem]) -> set[frozenset[int]]:
        return {frozenset(problem.instance["row"].values()) for problem in problems}

    source = opened("addition", held_out=0)
    training = [source.training(index) for index in range(400)]
    held_out = source.held_out()
    assert not pairs(training) & pairs(held_out)
    assert 0.15 < len(held_out) / 361 < 0.35
    assert training[0].prompt.count("Question:") == 5


def test_no_step_is_on_both_sides_of_word_problems() -> None:
    source = opened("word-problems")
    for problem, side in [
        *((problem, True) for problem in source.held_out()),
        *((source.training(index), False) for index in range(100)),
    ]:
        for line in problem.demonstration.splitlines()[:-1]:
            first, sign, second, _, result = line.split()
            step = int(first), sign, int(second)
            assert value(step) == int(result) > 0
            assert is_held_out(step) == side


def test_the_difference_that_undoes_a_sum_is_on_its_side() -> None:
    for a, b in [(3, 4), (8, 2), (9, 9)]:
        sides = [(a, "+", b), (b, "+", a), (a + b, "-", b), (a + b, "-", a)]
        assert len(set(map(is_held_out, sides))) == 1


def test_shots_stand_in_front_of_word_problems_and_are_not_trained_on() -> None:
    source = opened("word-problems", shots=3)
    problems = [source.training(0), source.held_out()[0], source.demonstrations()[0][0]]
    fronts = {tuple(message["content"] for message in p.messages[1:-1]) for p in problems}
    (front,) = fronts
    assert [m["role"] for m in problems[0].messages[1:]] == ["user", "assistant"] * 3 + ["user"]
    assert problems[1].prompt == problems[1].messages[-1]["content"]
    assert not set(front) & {source.training(index).prompt for index in range(300)}
    assert opened("word-problems", shots=3, seed=9).held_out() == source.held_out()


def test_larger_numbers_are_asked_for_by_name() -> None:
    largest = max(
        max(problem.instance["row"].values()) for problem in opened("addition:60").held_out()
    )
    assert 50 < largest <= 60
    for entry in ("addition:2", "word-problems:x", "addition:9999"):
        with pytest.raises(SeedError, match="must be an integer from 3 to 1000"):
            opened(entry)


def test_a_missing_package_is_named() -> None:
    try:
        import reasoning_gym  # noqa: F401
    except ImportError:
        with pytest.raises(SeedError, match="pip install reasoning-gym"):
            opened("gsm_symbolic")


def test_files_and_tasks_together(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [{"problem": f"What is {n}?", "reference": str(n)} for n in range(100)]
    path.write_text("\n".join(map(json.dumps, lines)))
    source = opened("addition", str(path), "word-problems", weights={"addition": 2})
    counts = Counter(source.training(index).family for index in range(400))
    assert counts == {"addition": 200, "a": 100, "word-problems": 100}
    families = [problem.family for problem in source.held_out()]
    assert families == sorted(families, key=source.groups.index)
    assert set(families) == {"addition", "a", "word-problems"}
    assert len(families) <= 42


def test_a_task_is_evaluated_on_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"problem": "What is 1?", "reference": "1"}\n')
    source = opened("addition", evaluation=[str(path)])
    assert [problem.family for problem in source.held_out()] == ["a"]
    assert source.training(0).family == "addition"
    both = opened("addition", evaluation=[str(path), "word-problems"])
    assert {problem.family for problem in both.held_out()} == {"a", "word-problems"}


def test_a_weight_of_no_entry_is_refused() -> None:
    with pytest.raises(SeedError, match=r"data.weights.x must be an entry of data.train: addition"):
        opened("addition", weights={"x": 1})


def test_every_task_says_what_it_is() -> None:
    assert all(task.about for task in TEXT_TASKS.values())
