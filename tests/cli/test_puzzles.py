"""Properties of ``seed puzzles``: problems that a model can read and ``seed verify`` can judge."""

from pathlib import Path

import pytest

from seed.reference.tasks.problems import is_held_out, qualified_identity
from seed.reference.tasks.puzzles import FAMILIES
from tests.support.command_line import assert_user_error, json_lines, run, succeeded


def test_problems_from_the_command_line_with_the_familys_solutions_are_all_judged_correct(
    tmp_path: Path,
) -> None:
    lines = ""
    for name in FAMILIES:
        options = "--level", FAMILIES[name].LEVELS[0], "--count", 3, "--solved"
        lines += succeeded("puzzles", "generate", name, *options).stdout
    (tmp_path / "in").write_text(lines)
    done = succeeded("verify", tmp_path / "in", "--out", tmp_path / "out", "--jobs", 1)
    count = 3 * len(FAMILIES)
    assert done.stdout.splitlines()[1].split()[:5] == ["puzzle", f"{count}", f"{count}", "0", "0"]
    assert {one["verdict"] for one in json_lines((tmp_path / "out").read_bytes())} == {"correct"}


def test_a_generated_problem_has_what_a_model_and_a_verifier_need(tmp_path: Path) -> None:
    options = "--level", 2, "--count", 4, "--seed", 7, "--held-out"
    succeeded("puzzles", "generate", "maze", *options, "--out", tmp_path / "out")
    for line in json_lines((tmp_path / "out").read_bytes()):
        assert list(line) == ["id", "domain", "problem", "puzzle", "prompt", "answer", "difficulty"]
        assert line["problem"] == f"{FAMILIES['maze'].RULES}\n\n{line['prompt']}"
        assert is_held_out(qualified_identity("maze", line["puzzle"]["instance"]))
        assert (line["domain"], line["difficulty"]) == ("puzzle", 2)


def test_the_listing_names_every_family_with_its_levels() -> None:
    done = succeeded("puzzles")
    for (name, family), line in zip(FAMILIES.items(), done.stdout.splitlines()[1:], strict=True):
        assert line.split()[:2] == [name, f"{family.LEVELS[0]}-{family.LEVELS[-1]}"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chess",), ("family 'chess' does not exist", "maze")),
        (("maze", "--level", "99"), ("maze has no level 99; legal are 1 to",)),
        (("maze", "--out", "/nowhere/file"), ("there is no folder /nowhere",)),
    ],
)
def test_a_user_error_is_one_line(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_user_error(run("puzzles", "generate", *arguments), *words)


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    result = run("puzzles", "generate", "maze", "--out", tmp_path / "out")
    assert_user_error(result, "file-exists")
    assert (tmp_path / "out").read_text() == "mine"
