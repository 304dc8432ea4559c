"""The contract of a verifier, for mathematics, code, puzzles and judges.

    {"id": …, "domain": "math" | "code" | "puzzle" | "judge", "problem": …,
     "reference" | "tests" | "puzzle": …, "response": …}

The verdict is ``correct`` or ``wrong`` about the response, or ``error`` about the verifier: the
tests are empty, the reference cannot be read, the judge wrote neither YES nor NO. ``error`` never
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
        problem: The problem.
        response: Any text at all, never trusted.
        reference: The correct final answer (``math``, ``judge``); empty elsewhere.
        tests: Test cases of a program (``code``), see ``reference.verifiers.programs.verifier``;
            None elsewhere.
        puzzle: ``{"family": …, "instance": …}`` (``puzzle``); None elsewhere.
        principles: Those that a judge follows (``judge``); empty for those in force.
    """

    id: str
    domain: str
    problem: str
    response: str
    reference: str = ""
    tests: Any = None
    puzzle: Mapping[str, Any] | None = None
    principles: str = ""


class Verifier(Protocol):
    """Judges one response.

    It may take long, hang or crash: the caller gives it a process and a time limit.
    """

    def __call__(self, item: Item) -> Verdict:
        """Judge the response; a failure of the verifier is ``error`` or an exception."""
        ...
