"""Properties of the exercises: solutions pass, blanks and typical mistakes do not."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed.cli.exercise import exercise_table
from seed.conformance.exercises.blank import blank_file
from seed.conformance.exercises.catalogue import EXERCISES, Exercise
from seed.conformance.exercises.check import Failure, first_failure, statement_of
from seed.conformance.exercises.feedback import failed_text
from seed.spec.errors import SeedError
from tests.conformance.exercises.mistakes import MISTAKES

ROOT = Path(__file__).parents[3]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
every_mistake = pytest.mark.parametrize(
    ("exercise", "mistake"),
    [(one, mistake) for one in EXERCISES for mistake in MISTAKES[one.name]],
    ids=lambda value: getattr(value, "name", None) or value.__name__,
)


def failure_of(exercise: Exercise, function: Callable[..., Any]) -> Failure | None:
    """The first failure of the first property that does not hold."""
    found = (first_failure(made, function, exercise.solution) for made in exercise.properties)
    return next(filter(None, found), None)


@every_exercise
def test_the_solution_has_every_property(exercise: Exercise) -> None:
    assert failure_of(exercise, exercise.solution) is None


@every_mistake
def test_a_typical_mistake_is_caught(exercise: Exercise, mistake: Callable[..., Any]) -> None:
    failure = failure_of(exercise, mistake)
    assert failure is not None
    text = failed_text(exercise, 1, failure, "mine.py")
    assert exercise.function in text and (") returned " in text or "raised" in text)
    assert max(map(len, text.splitlines())) < 120


@every_exercise
def test_every_property_catches_something(exercise: Exercise) -> None:
    """No property is idle: each is broken by a mistake, or by a constant."""

    def nonsense(*arguments: Any) -> Any:
        result = exercise.solution(*arguments)
        parts = result if isinstance(result, tuple) else (result,)
        constants = tuple(np.full(np.shape(part), 0.123) for part in parts)
        return constants if isinstance(result, tuple) else constants[0]

    for made in exercise.properties:
        wrong = (*MISTAKES[exercise.name], nonsense)
        caught = [first_failure(made, function, exercise.solution) for function in wrong]
        assert any(caught), made.__name__


@every_exercise
def test_a_blank_is_python_that_fails_and_says_what_to_write(exercise: Exercise) -> None:
    text = blank_file(exercise, "mine.py")
    content: dict[str, Any] = {}
    exec(compile(text, "mine.py", "exec"), content)
    failure = failure_of(exercise, content[exercise.function])
    assert failure is not None and isinstance(failure.why, NotImplementedError)
    assert "still blank" in failed_text(exercise, 1, failure, "mine.py")
    assert "Formula: " in text and "Args:" in text and exercise.source
    assert max(map(len, text.splitlines())) <= 100


@every_exercise
def test_every_property_says_what_holds(exercise: Exercise) -> None:
    statements = [statement_of(made) for made in exercise.properties]
    assert all(statements) and len(set(statements)) == len(statements)


@every_exercise
def test_what_to_compare_with_exists(exercise: Exercise) -> None:
    file, _, functions = exercise.compare.partition(": ")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert all(f"def {name}(" in text for name in functions.split(" and "))


def test_the_page_lists_every_exercise_as_the_command_does() -> None:
    page = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    assert exercise_table() in page
    listed = re.findall(r"^\| `([\w-]+)` \|", page, re.M)
    assert listed == [exercise.name for exercise in EXERCISES] == list(MISTAKES)


def test_the_page_shows_what_a_check_really_says() -> None:
    page = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    shown = page.split("```text\n")[1].split("```")[0]
    content: dict[str, Any] = {}
    exec(compile(code, "gae.py", "exec"), content)
    (exercise,) = (one for one in EXERCISES if one.name == "gae")
    failure = failure_of(exercise, content["gae"])
    assert failure is not None
    assert failed_text(exercise, 1, failure, "gae.py") == shown.rstrip()


def test_the_smallest_counter_example_is_shown() -> None:
    """One token is enough to see that the sign is wrong."""
    (exercise,) = (one for one in EXERCISES if one.name == "gae")
    failure = failure_of(exercise, lambda *arguments: -exercise.solution(*arguments))
    assert failure is not None
    assert failure.calls[0].arguments["rewards_BS"].size <= 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda *_: None, "is a return missing"),
        (lambda *_: "text", "not a number"),
        (lambda *_: np.zeros(3), "has shape (3,)"),
        (lambda *_: (1.0, 2.0), "should be of shape"),
    ],
)
def test_a_result_of_the_wrong_form_is_named(wrong: Callable[..., Any], words: str) -> None:
    (exercise,) = (one for one in EXERCISES if one.name == "gae")
    failure = failure_of(exercise, wrong)
    assert failure is not None and words in str(failure.why)


def test_a_function_that_writes_into_its_arguments_is_named() -> None:
    (exercise,) = (one for one in EXERCISES if one.name == "gae")

    def greedy(rewards: Any, *others: Any) -> Any:
        rewards += 1.0
        return exercise.solution(rewards, *others)

    failure = failure_of(exercise, greedy)
    assert failure is not None and "changes its argument rewards_BS" in str(failure.why)


def test_an_unknown_name_is_refused_with_the_legal_ones() -> None:
    from seed.conformance.exercises.catalogue import exercise_named

    with pytest.raises(SeedError, match="overlong-penalty, length-adaptive-lambda, gae"):
        exercise_named("gea")
