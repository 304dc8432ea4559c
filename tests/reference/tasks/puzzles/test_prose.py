"""Properties of prose: verified form, hidden preference, and quoted lines that stay quoted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import prose
from seed.spec.datatypes import Outcome

INSTANCE: dict[str, Any] = {"theme": "bdgk", "length": 5, "draft": "bbkdb"}


@pytest.mark.parametrize("line", ["bdgkb", "bbbbb", "bbkdb"])
def test_any_line_of_the_required_form_is_correct_however_dull(line: str) -> None:
    assert prose.verify(INSTANCE, line).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    "line", ["", "bdgk", "bdgkbd", "bdgka", "BDGKB", "bd gk", "bdgk\n", "bdgkб"]
)
def test_a_line_of_another_form_is_wrong(line: str) -> None:
    assert prose.verify(INSTANCE, line).outcome is Outcome.WRONG


def test_the_hidden_preference_likes_variety_and_dislikes_repeats_foreign_letters_and_length() -> (
    None
):
    lines = ["bdgkb", "bdgbd", "bdbdb", "bbdbd", "bbbbb"]
    liked = [prose.utility(INSTANCE, line) for line in lines]
    assert liked == sorted(liked, reverse=True) and len(set(liked)) == len(lines)
    assert prose.utility(INSTANCE, "bdgk") == prose.utility(INSTANCE, "bdgkb")
    assert prose.utility(INSTANCE, "bdgka") < prose.utility(INSTANCE, "bdgkb")
    assert prose.utility(INSTANCE, "bdgkbd") < prose.utility(INSTANCE, "bdgkb")


def test_drafts_leave_room_for_improvement() -> None:
    random = np.random.default_rng(0)
    drawn = [prose.draw(random, 1) for _ in range(300)]
    best = np.array([len(instance["theme"]) for instance in drawn])
    assert (
        np.mean([prose.utility(instance, instance["draft"]) for instance in drawn])
        < best.mean() - 1
    )


def test_candidates_are_of_every_quality() -> None:
    random = np.random.default_rng(0)
    qualities = {prose.utility(INSTANCE, prose.candidate(random, INSTANCE)) for _ in range(300)}
    assert max(qualities) == len(INSTANCE["theme"]) and min(qualities) < 0


@given(text=st.text(alphabet="bdgkw?=#YN5 \n", max_size=12) | st.text(max_size=12))
@settings(max_examples=60)
def test_a_quoted_text_is_short_and_holds_nothing_but_letters_of_lines(text: str) -> None:
    quoted = prose.quoted(INSTANCE, text)
    assert len(quoted) <= INSTANCE["length"] + prose.SPARE
    assert set(quoted) <= set(prose.LETTERS + prose.FOREIGN)
    assert prose.quoted(INSTANCE, quoted) == quoted
