"""What a judge is given and what it must give back, and what a task must offer to a reward model.

    Seed-Verifier            question, reference, answer  ->  YES or NO
    Seed-Thinking-Verifier   question, reference, answer  ->  <think>...</think><answer>YES</answer>

Both follow principles written by people: ``spec/principles/NAME.toml`` with a version that every
verdict names, because two verdicts can only be compared if they were given under the same
principles. Source: report 3.1 and its appendix A.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

import numpy as np

from seed.spec.datatypes import Verdict

PRINCIPLES = "equivalence-1"
"""The principles in force. A changed principle is a new file with a new version; the old file
stays.
"""


@dataclass(frozen=True)
class Triplet:
    """What a judge compares: the question, the correct final answer, and the answer to be judged,
    which is never trusted.
    """

    question: str
    reference: str
    answer: str


@dataclass(frozen=True)
class Principles:
    """How to judge, in words.

    Attributes:
        version: Name that verdicts carry.
        rules: What counts as the same answer.
        direct: How a judge that does not reason writes its verdict.
        thinking: How one that does writes reasoning and verdict.
    """

    version: str
    rules: tuple[str, ...]
    direct: str
    thinking: str


class Judge(Protocol):
    """Compares an answer with the reference: ``correct`` = YES, ``wrong`` = NO, ``error`` = no
    readable verdict.
    """

    def __call__(self, triplet: Triplet) -> Verdict:
        """Judge; ``extracted`` is ``YES`` or ``NO`` (empty for ``error``), ``why`` names judge and
        principles.
        """
        ...


class PreferenceTask(Protocol):
    """What a task offers whose quality no verifier decides, or not alone, so that a reward model
    can be trained and examined.

    The preference stands for people. It labels pairs for the reward model; the policy never sees
    it.
    """

    def candidate(self, random: np.random.Generator, instance: Mapping[str, Any]) -> str:
        """Draw a response of any quality."""
        ...

    def utility(self, instance: Mapping[str, Any], response: str) -> float:
        """The hidden preference: of two responses to an instance, the one of larger utility is
        preferred.
        """
        ...

    def quoted(self, instance: Mapping[str, Any], response: str) -> str:
        """Any text at all as a reward model may read it: characters of responses only, and of
        bounded length.
        """
        ...


def principles(name: str = PRINCIPLES) -> Principles:
    """Read ``spec/principles/NAME.toml``.

    Args:
        name: Version of the principles.

    Returns:
        The principles; their version is the name of their file.
    """
    values = tomllib.loads(
        (files("seed.spec") / "principles" / f"{name}.toml").read_text(encoding="utf-8")
    )
    return Principles(
        values["version"], tuple(values["rules"]), values["direct"], values["thinking"]
    )
