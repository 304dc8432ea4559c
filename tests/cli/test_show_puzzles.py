"""Properties of ``seed puzzles show``: every family explains itself with a correct example."""

import pytest

from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.datatypes import Outcome
from tests.support.command_line import assert_user_error, run, succeeded


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_shows_its_rules_and_a_worked_example(name: str) -> None:
    family = FAMILIES[name]
    output = succeeded("puzzles", "show", name).stdout
    assert " ".join(family.RULES.split()) in " ".join(output.split())
    assert output.startswith(f"{name}, level {family.LEVELS[0]} of")
    assert [line.split()[0] for line in output.splitlines()[-3:]] == [
        "prompt",
        "demonstration",
        "answer",
    ]


def test_examples_are_distinct_and_their_solutions_correct() -> None:
    output = succeeded("puzzles", "show", "maze", "--level", 2, "--seed", 3, "-n", 3).stdout
    rows = [line.split() for line in output.splitlines() if line.startswith("  ")]
    prompts = [row[1] for row in rows if row[0] == "prompt"]
    assert len(set(prompts)) == 3
    for (_, prompt), (_, demonstration), (_, answer) in zip(
        rows[::3], rows[1::3], rows[2::3], strict=True
    ):
        instance = {"grid": prompt[1:-1]}
        for response in (demonstration, answer):
            assert FAMILIES["maze"].verify(instance, response).outcome is Outcome.CORRECT


def test_without_a_name_all_are_listed() -> None:
    assert succeeded("puzzles", "show").stdout == succeeded("puzzles").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chess",), ("family 'chess' does not exist",)),
        (("maze", "--level", "9"), ("maze has no level 9; legal are 1 to",)),
        (("maze", "--level", "0"), ("maze has no level 0",)),
    ],
)
def test_a_user_error_is_one_line(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_user_error(run("puzzles", "show", *arguments), *words)
