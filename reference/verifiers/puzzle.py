"""Verdicts on puzzles: ``{"family": "maze", "instance": {"grid": "S.#/..#/#.G"}}`` and a response.

The family's rules decide. Before that the instance has to be one: a maze without a goal would make
every answer ``wrong``, although nobody could have done better. It is one exactly if the family can
write its prompt in its own characters and accepts its own answer to it.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item

REMEMBERED_INSTANCES = 1024
"""Instances whose check is not repeated: several responses to one problem usually stand close
together.
"""


def verify(item: Item) -> Verdict:
    """Judge a response by the rules of its puzzle's family.

    Args:
        item: Its ``puzzle`` names the family and holds the instance.

    Returns:
        The family's verdict; ``error`` if there is no such family or the instance is none of that
        family.
    """
    puzzle = item.puzzle or {}
    family, instance = puzzle.get("family"), puzzle.get("instance")
    if not isinstance(family, str) or family not in FAMILIES:
        return _error(f"puzzle.family={family!r} must be one of {', '.join(FAMILIES)}")
    if not isinstance(instance, Mapping):
        return _error(f"puzzle.instance must be an object, not {type(instance).__name__}")
    fault = instance_fault(family, json.dumps(instance, sort_keys=True))
    return _error(fault) if fault else FAMILIES[family].verify(instance, item.response)


@lru_cache(REMEMBERED_INSTANCES)
def instance_fault(family: str, instance_text: str) -> str:
    """Find out why an instance is none.

    Args:
        family: A key of ``FAMILIES``.
        instance_text: The instance as JSON with sorted keys.

    Returns:
        What is wrong with it, or the empty text.
    """
    instance: dict[str, Any] = json.loads(instance_text)
    rules = FAMILIES[family]
    try:
        foreign = set(rules.prompt(instance)) - set(rules.CHARACTERS)
        solved = (
            not foreign
            and rules.verify(instance, rules.answer(instance)).outcome is Outcome.CORRECT
        )
    except MemoryError:
        raise
    except Exception as failure:
        return f"puzzle.instance is no {family} instance: {type(failure).__name__}: {failure}"
    if foreign:
        return f"puzzle.instance is no {family} instance: it holds {min(foreign)!r}"
    return (
        ""
        if solved
        else f"puzzle.instance is no {family} instance: the family's own answer to it is wrong"
    )


def _error(why: str) -> Verdict:
    return Verdict(Outcome.ERROR, "", why)
