"""What the tests of the puzzle families share."""

from typing import Any

import numpy as np
import pytest

from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.datatypes import Outcome
from seed.spec.puzzle import MAX_EXTRACTED_CHARACTERS, PuzzleFamily


def accepted(family: PuzzleFamily, instance: dict[str, Any], response: str) -> bool:
    """Judge a response, and check the form of the verdict."""
    verdict = family.verify(instance, response)
    assert verdict.outcome in (Outcome.CORRECT, Outcome.WRONG)
    assert verdict.why
    assert len(verdict.extracted) <= MAX_EXTRACTED_CHARACTERS
    return verdict.outcome is Outcome.CORRECT


def wrong_because(family: PuzzleFamily, instance: dict[str, Any], response: str, why: str) -> bool:
    """True if a response is wrong for a reason that contains ``why``."""
    return not accepted(family, instance, response) and why in family.verify(instance, response).why


def instances(name: str, level: int, count: int = 40) -> list[dict[str, Any]]:
    """Instances of a level, the same ones every time."""
    random = np.random.default_rng(level)
    return [FAMILIES[name].draw(random, level) for _ in range(count)]


def wrong_responses(*rows: tuple[str, ...]) -> pytest.MarkDecorator:
    """Parametrise a test by ``response`` and ``why``: a row has a reason, then wrong responses."""
    cases = [(response, why) for why, *responses in rows for response in responses]
    return pytest.mark.parametrize(("response", "why"), cases)
