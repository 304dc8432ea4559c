"""What a verifier is given and what it must give back: one contract for mathematics, code, puzzles
and judges.

    {"id": …, "domain": "math" | "code" | "puzzle" | "judge", "problem": …, "reference" | "tests" |
    "puzzle": …, "response": …}

A verifier answers ``correct`` or ``wrong`` about the response, and ``error`` about itself: the
tests are empty, the reference cannot be read, the judge said neither YES nor NO. ``error`` never
counts as either of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from seed.spec.datatypes import Verdict

DOMAINS = ("math", "code", "puzzle", "judge")


@dataclass(frozen=True)
class Item:
    """One response to be judged.

    Attributes:
        id: Name of the line, unique within its file.
        domain: One of ``DOMAINS``.
        problem: What was asked.
        response: What was answered: any text at all, never trusted.
        reference: The correct final answer (``math``, ``judge``); empty elsewhere.
        tests: Test cases of a program (``code``), see ``reference.verifiers.programs.verifier``;
            None elsewhere.
        puzzle: ``{"family": …, "instance": …}`` (``puzzle``); None elsewhere.
    """

    id: str
    domain: str
    problem: str
    response: str
    reference: str = ""
    tests: Any = None
    puzzle: Mapping[str, Any] | None = None


class Verifier(Protocol):
    """Judges one response. It may take long, hang or crash: whoever calls it gives it a process and
    a time limit.
    """

    def __call__(self, item: Item) -> Verdict:
        """Judge the response; a failure of the verifier itself is ``error`` with the reason, or an
        exception.
        """
        ...
