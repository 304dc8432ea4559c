"""Properties of the tables of sampled responses."""

from seed.cli.report.samples import (
    GRID_FAMILIES,
    SHOWN_CHARACTERS,
    grid,
    response_html,
    sample_cells,
)
from seed.reference.tasks.problems import distinct_problems


def test_every_grid_family_has_a_prompt_or_an_answer_that_is_shown_as_a_grid() -> None:
    for name in GRID_FAMILIES:
        (problem,) = distinct_problems(name, 1, 1, seed=1, held_out=False)
        line = {
            "problem": problem.id,
            "prompt": problem.prompt,
            "response": problem.demonstration,
            "finish": "stop",
            "outcome": "correct",
            "reward": 1.0,
            "why": "",
        }
        assert "class=grid" in "".join(sample_cells(line)), name


def test_only_rows_of_one_length_are_a_grid() -> None:
    assert grid("S.#/..#/#.G").count("<tr>") == 3
    assert grid("2 9 ./7 5 ./6 . 8").count("<td class=mark>") == 6
    assert grid("DRDR") == grid("12/3") == grid("1 2/3") == grid("") == ""


def test_a_long_response_is_cut_and_says_by_how_much() -> None:
    assert "and 7 characters more" in response_html("x" * (SHOWN_CHARACTERS + 7))
    assert "more" not in response_html("x" * SHOWN_CHARACTERS)
    assert "empty" in response_html("")
