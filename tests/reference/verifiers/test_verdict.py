"""Properties of reading a judgement from whatever a verifier returned."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.verdict import MAX_TEXT_CHARACTERS, Judgement, error, judgement_of
from seed.spec.datatypes import Outcome, Verdict

MANY = settings(max_examples=50)
TEXTS = st.text(alphabet="a\u00e9\ud800\n", max_size=5) | st.sampled_from(list(Outcome))
NUMBERS = st.integers() | st.floats() | st.just(10**400)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("verdict", "reward", "extracted", "why", "isolation")
MAPPINGS = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, TEXTS | NUMBERS | st.none()))


@pytest.mark.parametrize(
    ("returned", "outcome", "reward"),
    [
        (True, "correct", 1.0),
        (False, "wrong", 0.0),
        (np.bool_(True), "correct", 1.0),
        (1, "correct", 1.0),
        (1.5, "correct", 1.5),
        (0.99, "wrong", 0.99),
        (np.float32(0.25), "wrong", 0.25),
        (-1, "wrong", -1.0),
        (math.nan, "error", None),
        (math.inf, "error", None),
        (10**400, "error", None),
        (None, "error", None),
        ("correct", "error", None),
        ([True], "error", None),
        (np.array([1.0, 0.0]), "error", None),
        (Verdict(Outcome.WRONG, "3", "not 2"), "wrong", 0.0),
        (Verdict(Outcome.ERROR, "", "no tests"), "error", None),
        ({"verdict": "correct"}, "correct", 1.0),
        ({"verdict": "wrong", "reward": 0.5}, "wrong", 0.5),
        ({"verdict": "error", "reward": 1.0}, "error", None),
        ({"verdict": "right"}, "error", None),
        ({"verdict": "correct", "reward": "1"}, "error", None),
        ({"verdict": "correct", "reward": math.nan}, "error", None),
        ({"verdict": "correct", "reward": 10**400}, "error", None),
        ({"verdict": "correct", "why": 3}, "error", None),
        ({"reward": 1.0}, "error", None),
        ({}, "error", None),
    ],
)
def test_what_a_verifier_returns_has_one_meaning(
    returned: Any, outcome: str, reward: float | None
) -> None:
    judgement = judgement_of(returned)
    assert (judgement.verdict.outcome, judgement.reward) == (outcome, reward)
    assert judgement.verdict.why or isinstance(returned, dict)


@given(returned=JSON_VALUES | MAPPINGS)
@MANY
def test_an_error_never_has_a_reward_and_a_verdict_always_has_a_finite_one(returned: Any) -> None:
    judgement = judgement_of(returned)
    if judgement.verdict.outcome is Outcome.ERROR:
        assert judgement.reward is None
    else:
        assert judgement.reward is not None and math.isfinite(judgement.reward)


@given(returned=JSON_VALUES | MAPPINGS)
@MANY
def test_a_judgement_survives_being_written_and_read(returned: Any) -> None:
    judgement = judgement_of(returned)
    assert judgement_of(json.loads(json.dumps(judgement.as_json()))) == judgement


@pytest.mark.parametrize(
    ("outcome", "reward"), [(Outcome.ERROR, 0.0), (Outcome.WRONG, None), (Outcome.CORRECT, None)]
)
def test_a_judgement_with_the_wrong_kind_of_reward_cannot_be_made(
    outcome: Outcome, reward: float | None
) -> None:
    with pytest.raises(ValueError, match="cannot have reward"):
        Judgement(Verdict(outcome, "", ""), reward)


def test_texts_are_bounded_and_hold_no_address() -> None:
    judgement = judgement_of(
        {"verdict": "wrong", "why": f"{object()} " * 1000, "extracted": "x" * 10_000}
    )
    assert len(judgement.verdict.why) <= MAX_TEXT_CHARACTERS == len(judgement.verdict.extracted)
    assert "<object object at 0x…>" in judgement.verdict.why and "0x7" not in judgement.verdict.why
    assert len(error("y" * 10_000).verdict.why) == MAX_TEXT_CHARACTERS
