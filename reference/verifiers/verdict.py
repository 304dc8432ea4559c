"""A verdict with its reward, and how both are read from whatever a verifier returns.

===================  ======================================  ===========
returned             verdict                                 reward
===================  ======================================  ===========
``True``, ``False``  ``correct``, ``wrong``, as 1 and 0      1, 0
a number             ``correct`` exactly if at least 1       the number
``Verdict``          its outcome                             1, 0, none
mapping              ``["verdict"]``                         ``["reward"]``, else 1, 0, none
anything else        ``error``                               none
===================  ======================================  ===========

A mapping may also hold ``extracted``, ``why`` and ``isolation``. An ``error`` never has a reward: a
failure of the verifier says nothing about the response.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from seed.spec.datatypes import Outcome, Verdict

REWARDS: Mapping[Outcome, float | None] = {
    Outcome.CORRECT: 1.0,
    Outcome.WRONG: 0.0,
    Outcome.ERROR: None,
}
"""Rewards of a verifier that returns none; a verifier may return these outcomes and no other."""

FULL_REWARD = 1.0
"""The smallest number that means ``correct``.

Graders with partial credit give wrong answers 0.01 to 0.9 (reasoning-gym), so it is not any
positive number.
"""

MAX_TEXT_CHARACTERS = 2000
"""Longest text of a judgement that is kept.

The verifiers here keep 160 characters; this leaves room for a judge's reasons and keeps a line of
output readable.
"""

ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Judgement:
    """The verdict on one response and, unless it is ``error``, a finite reward."""

    verdict: Verdict
    reward: float | None

    def __post_init__(self) -> None:
        """Refuse a reward for ``error``, and any other verdict without one."""
        if (self.verdict.outcome is Outcome.ERROR) != (self.reward is None):
            raise ValueError(f"verdict {self.verdict.outcome} cannot have reward {self.reward}")

    def as_json(self) -> dict[str, Any]:
        """The judgement as it crosses a pipe and is written to a file.

        ``isolation`` is there only where a program was executed.
        """
        verdict = self.verdict
        fields: dict[str, Any] = {"verdict": str(verdict.outcome), "reward": self.reward}
        fields |= {"extracted": verdict.extracted, "why": verdict.why}
        return fields | ({"isolation": verdict.isolation} if verdict.isolation else {})


def error(why: str) -> Judgement:
    """The verifier failed, and why."""
    return Judgement(_bounded(Verdict(Outcome.ERROR, "", why)), None)


def judgement_of(returned: Any) -> Judgement:
    """Read a judgement from whatever a verifier returned; see the table of this module.

    It is ``error`` with the reason if it cannot be read. Scalars of NumPy and torch count as
    Python's.
    """
    if getattr(returned, "shape", None) == ():
        returned = returned.item()
    if isinstance(returned, Verdict):
        return _of_mapping({**vars(returned), "verdict": returned.outcome})
    if isinstance(returned, Mapping):
        return _of_mapping(returned)
    if isinstance(returned, Real):
        return _of_number(returned, f"the verifier returned {returned}")
    legal = "it must return a bool, a number, a Verdict or a mapping"
    return error(f"the verifier returned {type(returned).__name__}; {legal}")


def _of_number(number: Real | float, why: str) -> Judgement:
    reward = _finite(number)
    if reward is None:
        return error(f"reward is {number}, must be a finite number")
    outcome = Outcome.CORRECT if reward >= FULL_REWARD else Outcome.WRONG
    return Judgement(_bounded(Verdict(outcome, "", why)), reward)


def _of_mapping(returned: Mapping[str, Any]) -> Judgement:
    name = returned.get("verdict")
    if name not in list(REWARDS):  # a list, because the name may be of a type without a hash
        return error(f"verdict is {str(name)!r}, must be one of {', '.join(REWARDS)}")
    outcome = Outcome(name)
    texts = {name: returned.get(name) or "" for name in ("extracted", "why", "isolation")}
    for name, text in texts.items():
        if not isinstance(text, str):
            return error(f"{name} is {type(text).__name__}, must be text")
    verdict = _bounded(Verdict(outcome, texts["extracted"], texts["why"], texts["isolation"]))
    if outcome is Outcome.ERROR or returned.get("reward") is None:
        return Judgement(verdict, REWARDS[outcome])
    reward = _finite(returned["reward"])
    if reward is None:
        return error(f"reward is {returned['reward']!r}, must be a finite number")
    return Judgement(verdict, reward)


def _finite(number: Any) -> float | None:
    """The number as a float; None if it is none or has no finite one."""
    try:
        reward = float(number) if isinstance(number, Real) else math.nan
    except OverflowError:
        return None
    return reward if math.isfinite(reward) else None


def _bounded(verdict: Verdict) -> Verdict:
    # An address in a message ("<object at 0x7f…>") would be another one in every process.
    why = ADDRESS.sub("at 0x…", verdict.why[:MAX_TEXT_CHARACTERS])
    return replace(verdict, extracted=verdict.extracted[:MAX_TEXT_CHARACTERS], why=why)
