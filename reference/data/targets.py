"""What a verifier compares a response with, checked before training.

instance = {"domain": ..., "reference" | "tests" | "puzzle": ..., "row": {other columns}}
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from seed.reference.data.messages import Unusable
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.domains import NEEDS
from seed.reference.verifiers.programs.suite import SuiteError, suite_of
from seed.reference.verifiers.puzzle import instance_fault
from seed.spec.verify import DOMAINS as VERIFIED

DOMAINS = (*VERIFIED, "custom")
"""``custom`` has no verifier: a reward function judges."""


def checked(domain: str, targets: Mapping[str, Any], custom: bool) -> dict[str, Any]:
    """The instance of a problem without its row.

    Args:
        domain: A member of ``DOMAINS``.
        targets: ``reference``, ``tests``, ``puzzle``; None where the row has none.
        custom: A reward function judges, so what is missing is not missed.

    Raises:
        Unusable: The domain's verifier could judge no response.
    """
    given = {name: value for name, value in targets.items() if value is not None}
    if domain == "custom":
        return {"domain": domain} | given
    needed = NEEDS[domain]
    if needed not in given:
        if custom:
            return {"domain": "custom"} | given
        raise Unusable(f"{needed} is missing, which domain {domain} needs")
    check = {"reference": reference_text, "tests": _tests, "puzzle": _puzzle}[needed]
    return {"domain": domain, needed: check(given[needed])}


def reference_text(reference: Any) -> str:
    """A reference answer as text; numbers are written out.

    Raises:
        Unusable: It is empty, or neither text nor a number.
    """
    if isinstance(reference, bool) or not isinstance(reference, str | int | float):
        raise Unusable(f"reference must be text or a number, not {type(reference).__name__}")
    if isinstance(reference, float) and not isfinite(reference):
        raise Unusable(f"reference={reference} must be a finite number")
    text = str(reference)
    if not text.strip():
        raise Unusable("reference is empty")
    return text


def _tests(tests: Any) -> Any:
    try:
        suite_of(tests)
    except SuiteError as fault:
        raise Unusable(f"tests: {fault}") from None
    return tests


def _puzzle(puzzle: Any) -> Any:
    if not isinstance(puzzle, Mapping) or not isinstance(puzzle.get("instance"), Mapping):
        raise Unusable('puzzle must be an object {"family": ..., "instance": {...}}')
    family = puzzle.get("family")
    if not isinstance(family, str) or family not in FAMILIES:
        raise Unusable(f"puzzle.family={family!r} must be one of {', '.join(FAMILIES)}")
    if fault := instance_fault(family, json.dumps(puzzle["instance"], sort_keys=True)):
        raise Unusable(fault)
    return puzzle
