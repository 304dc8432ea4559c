"""Puzzles in English are judged as a language model answers them."""

import pytest

from seed.reference.rewards.verdicts import item_of
from seed.reference.tasks.english import in_english
from seed.reference.tasks.problems import draw_problem
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.puzzle import verify
from seed.spec.datatypes import Outcome
from seed.spec.philox import generator


@pytest.mark.parametrize("family", FAMILIES)
def test_rules_and_prompt_are_one_message_and_answers_are_found_in_prose(family: str) -> None:
    drawn = draw_problem(family, 1, generator(1, family), held_out=False)
    problem = in_english(drawn)
    (message,) = problem.messages
    assert message["content"] == problem.prompt == f"{FAMILIES[family].RULES}\n\n{drawn.prompt}"
    assert (problem.id, problem.demonstration) == (drawn.id, drawn.demonstration)
    for response in (drawn.answer, drawn.demonstration, f"Let us see.\n\\boxed{{{drawn.answer}}}"):
        assert verify(item_of(problem, response)).outcome is Outcome.CORRECT
