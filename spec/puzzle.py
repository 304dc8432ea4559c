"""What a puzzle family must offer, and the two helpers with which every family words its verdicts.

A family is a module of ``reference.tasks.puzzles``; the module itself fulfils the protocol, so
there are no classes to instantiate. An *instance* is a dict of plain JSON values that holds
everything the verifier needs.

A response is text written by a model. It is compared, counted and parsed, and never executed;
whatever it holds, the verifier answers ``correct`` or ``wrong`` with a reason and in a time bounded
by ``MAX_RESPONSE_CHARACTERS``.
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

    Attributes:
        LEVELS: Legal difficulties; 1 is the easiest.
        CHARACTERS: Every character that a prompt, a demonstration or a bare answer may hold.
        RULES: What is asked, how the prompt is to be read and how an answer is written, in English:
            for a language model that has not been trained on the compact prompts. Ends without a
            newline.
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
        """Name the problem behind an instance, so that training and held-out problems can be told
        apart.

        Args:
            instance: What ``draw`` returned.

        Returns:
            A canonical text that instances share exactly if they are the same problem up to
            presentation.
        """

    def prompt(self, instance: Mapping[str, Any]) -> str:
        """Write the text that the policy reads.

        Args:
            instance: What ``draw`` returned.

        Returns:
            The prompt; it begins with the family's letter and ends with ``=``.
        """

    def solve(self, instance: Mapping[str, Any]) -> str:
        """Work the problem out.

        Args:
            instance: What ``draw`` returned.

        Returns:
            A complete correct response, the same one every time: the demonstration.
        """

    def answer(self, instance: Mapping[str, Any]) -> str:
        """Answer without reasoning.

        Args:
            instance: What ``draw`` returned.

        Returns:
            The shortest correct response: what ``solve`` ends with, or all of it where nothing can
            be left out.
        """

    def work(self, instance: Mapping[str, Any]) -> int:
        """Measure how much an instance asks for; the mean over instances rises from level to level.

        Args:
            instance: What ``draw`` returned.

        Returns:
            A count that the family names: moves of a shortest solution, blanks to fill, numbers to
            use.
        """

    def verify(self, instance: Mapping[str, Any], response: str) -> Verdict:
        """Judge a response by the rules of the family, not by comparison with the demonstration.

        Args:
            instance: What ``draw`` returned.
            response: Any text at all.

        Returns:
            ``correct`` or ``wrong``, the answer found in the response, and why.
        """


def unreadable(response: str) -> str:
    """Find what forbids even looking at a response.

    Args:
        response: Any text at all.

    Returns:
        Why the response is refused before parsing, or the empty text if it may be parsed.
    """
    if len(response) > MAX_RESPONSE_CHARACTERS:
        return f"the response has {len(response)} characters, more than {MAX_RESPONSE_CHARACTERS}"
    # Other scripts have digits, minus signs and spaces that Python reads as numbers; no prompt ever
    # uses them.
    return "" if response.isascii() else "the response holds a character outside ASCII"


def judge(fault: str, extracted: str, praise: str) -> Verdict:
    """Turn the first broken rule, if any, into a verdict.

    Args:
        fault: The rule that the answer breaks, or the empty text.
        extracted: The answer; its beginning is kept.
        praise: Why the answer is correct if it has no fault.

    Returns:
        ``wrong`` because of the fault, or ``correct``.
    """
    outcome = Outcome.WRONG if fault else Outcome.CORRECT
    return Verdict(outcome, extracted[:MAX_EXTRACTED_CHARACTERS], fault or praise)
