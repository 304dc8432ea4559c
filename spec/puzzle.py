"""What a puzzle family must offer, and the two helpers with which every family words its verdicts.

A family is a module of ``reference.tasks.puzzles``; the module itself fulfils the protocol, so
there are no classes to instantiate. ``PuzzleFamily`` explains the arguments, the results and the
errors of every function once; the docstrings of a family add only what is special to it.

A response is text written by a model. It is compared, counted and parsed, and never executed;
whatever it holds, the verdict is ``correct`` or ``wrong`` with a reason, in a time bounded by
``MAX_RESPONSE_CHARACTERS``.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from seed.spec.datatypes import Outcome, Verdict

# The longest demonstrations (knights and knaves with six inhabitants) have some 500 characters.
# Eight times that leaves room for a detour and still bounds the work a hostile response can cause,
# since it is checked before anything is parsed.
MAX_RESPONSE_CHARACTERS = 4096

# A verdict is written to logs once per response, so it quotes the beginning of a long answer only.
MAX_EXTRACTED_CHARACTERS = 160


class PuzzleFamily(Protocol):
    """The functions and constants that a module needs to be a puzzle family.

    An *instance* is a dict of plain JSON values that holds everything the verifier needs; the
    module's docstring names its fields. Functions take the instances that ``draw`` returns, and
    instances of the same form from public collections or written by hand.

    Attributes:
        LEVELS: Legal difficulties; 1 is the easiest.
        CHARACTERS: Every character that a prompt, a demonstration or a bare answer may hold.
        RULES: The task, the format of the prompt and the format of an answer, in English: for a
            language model that has not been trained on the compact prompts. Ends without a newline.
    """

    LEVELS: range
    CHARACTERS: str
    RULES: str

    def draw(self, random: np.random.Generator, difficulty: int) -> dict[str, Any]:
        """Draw a solvable instance.

        Args:
            random: The only source of randomness; equal states give equal instances.
            difficulty: A member of ``LEVELS``.

        Returns:
            The instance, as plain JSON values.
        """

    def identity(self, instance: Mapping[str, Any]) -> str:
        """Name the problem behind an instance, so that a held-out problem is recognised.

        Args:
            instance: An instance.

        Returns:
            A canonical text. Two instances have the same one exactly if they are the same problem
            up to presentation.
        """

    def prompt(self, instance: Mapping[str, Any]) -> str:
        """Write the text that the policy reads.

        Args:
            instance: An instance.

        Returns:
            The prompt; it begins with the family's letter and ends with ``=``.
        """

    def solve(self, instance: Mapping[str, Any]) -> str:
        """Write the demonstration: a complete correct response, with its reasoning if it has any.

        Args:
            instance: An instance.

        Returns:
            The demonstration, the same one every time.

        Raises:
            ValueError: The instance has no answer, or the search for one was given up. Neither
                happens to an instance that ``draw`` returned.
        """

    def answer(self, instance: Mapping[str, Any]) -> str:
        """Write the bare answer: the shortest correct response, without reasoning.

        A family where nothing can be left out of a demonstration defines ``answer = solve``.

        Args:
            instance: An instance.

        Returns:
            The part of the demonstration that is judged, or a shorter form of it.

        Raises:
            ValueError: As in ``solve``.
        """

    def work(self, instance: Mapping[str, Any]) -> int:
        """Measure how much an instance demands.

        Args:
            instance: An instance.

        Returns:
            A count that the family names: moves of a shortest solution, blanks to fill, numbers to
            use. Its mean over drawn instances rises from level to level.

        Raises:
            ValueError: As in ``solve``, where the measure needs a solution.
        """

    def verify(self, instance: Mapping[str, Any], response: str) -> Verdict:
        """Judge a response by the rules of the family, not by comparison with the demonstration.

        Args:
            instance: An instance.
            response: Any text at all.

        Returns:
            ``correct`` or ``wrong``, the answer found in the response, and why.
        """


def unreadable(response: str) -> str:
    """Return why a response is rejected before it is parsed, or the empty text if it is parsed."""
    if len(response) > MAX_RESPONSE_CHARACTERS:
        return f"the response has {len(response)} characters, more than {MAX_RESPONSE_CHARACTERS}"
    # Other scripts have digits, minus signs and spaces that Python reads as numbers; no prompt ever
    # uses them.
    return "" if response.isascii() else "the response holds a character outside ASCII"


def judge(fault: str, extracted: str, success: str) -> Verdict:
    """Turn the first broken rule, if any, into a verdict.

    Args:
        fault: The rule that the answer breaks, or the empty text.
        extracted: The answer; its beginning is kept.
        success: Why the answer is correct if it has no fault.

    Returns:
        ``wrong`` because of the fault, or ``correct``.
    """
    outcome = Outcome.WRONG if fault else Outcome.CORRECT
    return Verdict(outcome, extracted[:MAX_EXTRACTED_CHARACTERS], fault or success)
