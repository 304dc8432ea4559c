"""Verdicts on puzzles: ``{"family": "maze", "instance": {"grid": "S.#/..#/#.G"}}`` and a response.

The family's rules decide. First the instance is checked: a maze without a goal would make every
answer ``wrong``, although no response could do better. An instance is valid exactly if the family
can write its prompt in its own characters and accepts its own answer to it.

The responses of language models are read here for all families, by ``puzzle_answers``. A family's
own ``verify`` reads the bare text that it asks for and nothing else: the policies of ``seed run``
write in its characters, and their rewards do not depend on this module.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.puzzle_answers import answer_text, readings
from seed.reference.verifiers.response import after_thinking
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.puzzle import PuzzleFamily
from seed.spec.verify import Item

REMEMBERED_INSTANCES = 1024
"""Instances whose check is not repeated: responses to one problem usually follow each other."""


def verify(item: Item) -> Verdict:
    """Judge a response by the rules of its puzzle's family.

    It is ``error`` if there is no such family or the instance is none of that family.
    """
    puzzle = item.puzzle or {}
    family, instance = puzzle.get("family"), puzzle.get("instance")
    if not isinstance(family, str) or family not in FAMILIES:
        return _error(f"puzzle.family={family!r} must be one of {', '.join(FAMILIES)}")
    if not isinstance(instance, Mapping):
        return _error(f"puzzle.instance must be an object, not {type(instance).__name__}")
    fault = instance_fault(family, json.dumps(instance, sort_keys=True))
    return _error(fault) if fault else _judged(family, instance, item.response)


def _judged(family: str, instance: Mapping[str, Any], response: str) -> Verdict:
    """The verdict on a reading that is right, or on the answer as it stands."""
    answer_part = after_thinking(response)
    if answer_part is None:
        return Verdict(Outcome.WRONG, "", "the thinking part is never closed")
    text, place = answer_text(answer_part)
    if text is None:
        return Verdict(Outcome.WRONG, "", place)
    literal, *others = readings(family, text)
    first = FAMILIES[family].verify(instance, literal)
    if first.outcome is Outcome.CORRECT:
        return first
    verdicts = (FAMILIES[family].verify(instance, reading) for reading in others)
    return next((verdict for verdict in verdicts if verdict.outcome is Outcome.CORRECT), first)


@lru_cache(REMEMBERED_INSTANCES)
def instance_fault(family: str, instance_text: str) -> str:
    """What is wrong with an instance (JSON with sorted keys), or the empty text."""
    instance: dict[str, Any] = json.loads(instance_text)
    rules = FAMILIES[family]
    try:
        fault = _fault(rules, instance)
    except MemoryError:
        raise
    except Exception as failure:
        fault = f"{type(failure).__name__}: {failure}"
    return f"puzzle.instance is no {family} instance: {fault}" if fault else ""


def _fault(rules: PuzzleFamily, instance: Mapping[str, Any]) -> str:
    foreign = set(rules.prompt(instance)) - set(rules.CHARACTERS)
    if foreign:
        return f"it holds {min(foreign)!r}"
    solved = rules.verify(instance, rules.answer(instance)).outcome is Outcome.CORRECT
    return "" if solved else "the family's own answer to it is wrong"


def _error(why: str) -> Verdict:
    return Verdict(Outcome.ERROR, "", why)
