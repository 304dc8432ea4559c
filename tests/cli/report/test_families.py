"""Properties of the rules and examples on a page."""

from html import escape

import pytest

from seed.cli.report.families import example, family_section
from seed.reference.tasks.problems import verify
from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.config_files import load_config
from seed.spec.datatypes import Outcome
from tests.support.reports import outline


def test_a_page_has_the_rules_and_an_example_of_every_family_of_the_run() -> None:
    data = load_config("mixed", "vapo").data
    html = family_section(data)
    outline(f"<main>{html}</main>")
    assert html.count("<details>") == len(data.families)
    for name in data.families:
        problem = example(name, min(data.difficulties[name]))
        assert problem is not None
        for text in (FAMILIES[name].RULES, problem.prompt, problem.demonstration, problem.answer):
            assert escape(text) in html


@pytest.mark.parametrize("name", ["arithmetic", "maze", "sudoku"])
def test_the_example_is_solved(name: str) -> None:
    problem = example(name, FAMILIES[name].LEVELS[0])
    assert problem is not None
    for response in (problem.demonstration, problem.answer):
        assert verify(problem, response).outcome is Outcome.CORRECT
