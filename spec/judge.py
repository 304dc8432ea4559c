"""The contract of a judge, and what a task offers to a reward model.

    Seed-Verifier            question, reference, answer  ->  YES or NO
    Seed-Thinking-Verifier   question, reference, answer  ->  <think>...</think><answer>YES</answer>

Both follow principles written by people: ``spec/principles/NAME.toml``. Every verdict names their
version, since two verdicts can be compared only if they were given under the same principles.
Source: report 3.1 and its appendix A.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

import numpy as np

from seed.spec.datatypes import Verdict

PRINCIPLES = "equivalence-1"
"""The principles in force. A changed principle is a new file with a new version."""
ATTEMPTED = "attempted-1"
"""Principles of three grades, for short answers to questions about facts (arXiv 2411.04368)."""
GRADES = CORRECT, INCORRECT, NOT_ATTEMPTED = "CORRECT", "INCORRECT", "NOT_ATTEMPTED"
"""Verdicts under ``ATTEMPTED``; the last two are both ``wrong``."""


@dataclass(frozen=True)
class Triplet:
    """What a judge compares: question, correct final answer, and the answer to be judged.

    The answer to be judged is never trusted.
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
        thinking: How a judge that reasons writes reasoning and verdict.
        verdicts: What it may say. The first one is ``correct``, all others are ``wrong``.
    """

    version: str
    rules: tuple[str, ...]
    direct: str
    thinking: str
    verdicts: tuple[str, ...] = ("YES", "NO")


class Judge(Protocol):
    """Compares an answer with the reference.

    ``correct`` is YES, ``wrong`` is NO, ``error`` is no readable verdict.
    """

    def __call__(self, triplet: Triplet) -> Verdict:
        """Judge.

        Returns:
            ``extracted`` is the verdict of the principles, empty for ``error``; ``why`` names judge
            and principles.
        """
        ...


class PreferenceTask(Protocol):
    """A task for a reward model: no verifier decides its quality, or not alone.

    The preference stands for people. It labels pairs for the reward model. The policy never sees
    it.
    """

    def candidate(self, random: np.random.Generator, instance: Mapping[str, Any]) -> str:
        """Draw a response of any quality."""
        ...

    def utility(self, instance: Mapping[str, Any], response: str) -> float:
        """The hidden preference: of two responses the one of larger utility is preferred."""
        ...

    def quoted(self, instance: Mapping[str, Any], response: str) -> str:
        """Any text at all as a reward model may read it.

        Returns:
            A text of bounded length, in the characters of responses only.
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
    verdicts = tuple(values.get("verdicts", Principles.verdicts))
    texts = values["direct"], values["thinking"]
    return Principles(values["version"], tuple(values["rules"]), *texts, verdicts)
