"""Whether our verifier reads reference answers, and what is said when it does not."""

import pytest

from seed.reference.exams import reading
from seed.reference.exams.reading import ACCEPTED, REJECTED, UNREADABLE, reading_faults
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item


@pytest.mark.parametrize("answer", ["5", "-12", "13685760", "\\frac{3}{4}", "2\\sqrt{3}", "(1, 2)"])
def test_usual_answers_are_read_in_every_form(answer: str) -> None:
    assert [*reading_faults("Find it.", answer)] == []


def test_a_verifier_that_cannot_read_the_reference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, lambda item: Outcome.ERROR)
    assert [rule for rule, _ in reading_faults("Find it.", "5")] == [UNREADABLE]


def test_a_verifier_that_rejects_a_form_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(item: Item) -> Outcome:
        return Outcome.WRONG if "####" in item.response else Outcome.CORRECT

    told(monkeypatch, verdict)
    assert [rule for rule, _ in reading_faults("Find it.", "5")] == [REJECTED]


def test_a_verifier_that_accepts_another_integer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, lambda item: Outcome.CORRECT)
    assert [rule for rule, _ in reading_faults("Find it.", "5")] == [ACCEPTED]


def told(monkeypatch: pytest.MonkeyPatch, outcome: object) -> None:
    """Put another verifier in the place of ours."""
    assert callable(outcome)
    monkeypatch.setattr(reading, "verify", lambda item: Verdict(outcome(item), "", "because"))
