"""Properties of rewriting: a text that fails a check is never used."""

from typing import Any

import pytest

from seed.reference.exams.recognition import recognised
from seed.reference.exams.rewriting import Rewriter, failed_checks, last_sentence
from seed.reference.rewards.chat_client import ChatClient
from tests.reference.exams.test_candidates import first
from tests.support.evaluations import chat_server, completion

TEXT = (
    "On a shelf, $5$ red, $6$ blue and $5$ green books are put in a row. Books of one color look"
    " alike, and books of one color never stand side by side. Find the number of different rows."
)
GOOD = (
    "In a garden, $5$ red, $6$ blue and $5$ green tulips are set in a row. Tulips of one color look"
    " alike, and tulips of one color never stand side by side. Find the number of different rows."
)


def test_another_scenario_passes() -> None:
    assert [*failed_checks(TEXT, GOOD, 11492)] == []


@pytest.mark.parametrize(
    ("before", "after", "check"),
    [
        ("$6$", "$7$", "formula"),
        ("$6$", "6", "formula"),
        ("in a row.", "in a row for 3 years.", "number"),
        ("Find the number", "What is the number", "question"),
        ("never stand", "stand", "limiting word"),
        ("look alike", "look exactly alike", "limiting word"),
        ("tulips are set", "tulips (four rare) are set", "number word"),
        ("In a garden", "In a garden as shown in the figure", "missing-figure"),
        ("In a garden", "In a garden" + " full of flowers and bees" * 30, "length"),
    ],
)
def test_each_check_finds_its_change(before: str, after: str, check: str) -> None:
    failed = [*failed_checks(TEXT, GOOD.replace(before, after, 1), 11492)]
    assert any(check in one for one in failed), failed


def test_a_text_with_the_answer_is_not_used() -> None:
    assert "answer-in-statement" in [*failed_checks(TEXT, GOOD, 6)]


def test_the_last_sentence_is_the_question() -> None:
    assert last_sentence("Let $x = 1.5$. It is known. Find $p + q$.") == "Find $p + q$."


def test_a_server_rewrites_and_a_bad_text_is_thrown_away() -> None:
    with chat_server() as server:
        rewriter = Rewriter(ChatClient(server.url), "tiny")
        server.answer = lambda body: completion(f"<think>hm</think>\n{GOOD}")
        text, record = rewriter.rewrite(TEXT, 11492, lambda text: False)
        assert text == GOOD and record["used"] and record["template_text"] == TEXT
        assert rewriter.rewrite(TEXT, 11492, lambda text: True)[0] == TEXT
        server.answer = lambda body: completion("Sure! What is 2 + 2?")
        text, record = rewriter.rewrite(TEXT, 11492, lambda text: False)
        assert text == TEXT and not record["used"] and record["failed_check"]
        assert TEXT in server.requests[0]["messages"][0]["content"]


def test_a_rewritten_text_is_recognised_by_its_record_only_if_the_checks_hold() -> None:
    one = first("no-equal-neighbours")
    other = one.text.replace("Words are formed", "Secret words are formed")
    provenance: dict[str, Any] = one.problem.record() | {"rewriting": {"used": True}}
    found = recognised(other, provenance)
    assert found is not None and found.exact == one.answer
    assert recognised(other.replace("exactly", "about"), provenance) is None
    assert recognised(other, one.problem.record() | {"rewriting": None}) is None
    assert recognised(other, {"rewriting": {"used": True}, "parts": 3}) is None
