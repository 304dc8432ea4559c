"""Multiple choice: the letter decides, however it is written, if the reference is a letter.

reference   B    (B)    B. 3.6 eV
accepted    B    B.    (B)    B) 3.6 eV    \\text{B}    B: text    option B
            (b)    b, if the problem lists options
rejected    A or B    B and C    A = 5    not B
"""

import re
from dataclasses import dataclass

from seed.reference.verifiers.mathematics.normal_forms import normal_form

LETTERS = "A-J"
"""Ten options, as SuperGPQA has; a later letter alone is an unknown, not a choice."""

REFERENCE = re.compile(rf"^\(?([{LETTERS}])\)?[.):]?(?:\s+(\S.*))?$", re.DOTALL)
BARE = re.compile(rf"^\(?[{LETTERS}]\)?[.):]?$")
WITH_TEXT = re.compile(rf"^\(?[{LETTERS}]\)?[.):]\s+\S", re.DOTALL)
RESPONSE = re.compile(
    rf"^(?:(?:option|choice)\s*)?(?P<open>[(\[]?)(?P<letter>[{LETTERS}])[)\]]?\s*(?:[.:)].*)?$",
    re.IGNORECASE,
)
OPTIONS = re.compile(r"(?:^|\s)\(?A[.):]\s.*\sB[.):]\s", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    """A letter and the text of its option, where the reference repeats it."""

    letter: str
    text: str


def reference_choice(reference: str) -> Choice | None:
    """Read a reference as a choice; None if it is none."""
    reference = reference.strip()
    if not (BARE.match(reference) or WITH_TEXT.match(reference)):
        reference = normal_form(reference)
        if not BARE.match(reference):
            return None
    match = REFERENCE.match(reference)
    return Choice(match[1], match[2] or "") if match else None


def chosen_letter(answer: str, problem: str) -> str | None:
    """The letter that an answer chooses, as a capital; None if it is no choice.

    Where the problem lists options, a small letter is a choice too.
    """
    match = RESPONSE.match(normal_form(answer))
    if not match:
        return None
    small = match["letter"].islower()
    # A bare small letter may also be an unknown.
    if small and not match["open"] and not OPTIONS.search(problem):
        return None
    return match["letter"].upper()
