r"""Multiple choice: the letter decides, however it is written, if the reference is a letter.

reference   B    (B)    B. 3.6 eV
accepted    B    B.    (B)    B) 3.6 eV    \text{B}    B: text    option B    B (not A)
            (b)    b, if the problem lists options
rejected    A or B    (A) or (B)    B and C    A = 5    not B

Several labels are a set, in any order: options ``ACD`` are ``A, C, D``, statements ``II and III
only`` are ``II, III``, circled ones ①③ are ③、①; the circled 1 is not the number 1.
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
    r"^(?:(?:the )?(?:option|choice|answer|选项|選項)\s*)?"
    rf"(?P<open>[(\[]?)(?P<letter>[{LETTERS}])[)\]]?\s*(?:选项|選項|项|項)?"
    r"(?P<rest>[.:)].*|\(not .*)?$",
    re.IGNORECASE,
)
ANOTHER = re.compile(rf"(?:\bor\b|\band\b|[,;/&]) *\(?([{LETTERS}])(?![A-Za-z])")
OPTIONS = re.compile(r"(?:^|\s)\(?A[.):]\s.*\sB[.):]\s", re.DOTALL)
JOINT = r"(?:[ ,;&]|and\b)"
LABELS = {
    "options": (re.compile(rf"(?:\(?[{LETTERS}]\)?{JOINT}*)+"), re.compile(rf"[{LETTERS}]")),
    "statements": (re.compile(rf"(?:\(?[IVX]+\)?(?:{JOINT}+|$))+"), re.compile(r"[IVX]+")),
    "circled": (re.compile(rf"(?:\\circled\{{\d+\}}{JOINT}*)+"), re.compile(r"\d+")),
}
"""Kind of label -> a text of such labels, and one of them."""


@dataclass(frozen=True)
class Choice:
    """A letter and the text of its option, where the reference repeats it."""

    letter: str
    text: str


@dataclass(frozen=True)
class Labels:
    """Several labels of one kind."""

    kind: str
    members: frozenset[str]


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
    """The letter that an answer chooses, as a capital; None if it is no choice, or two.

    Where the problem lists options, a small letter is a choice too.
    """
    match = RESPONSE.match(normal_form(answer))
    if not match:
        return None
    small = match["letter"].islower()
    # A bare small letter may also be an unknown.
    if small and not match["open"] and not OPTIONS.search(problem):
        return None
    letter = match["letter"].upper()
    others = {other.upper() for other in ANOTHER.findall(match["rest"] or "")}
    return None if others - {letter} else letter


def _distinct(members: list[str]) -> bool:
    return len(set(members)) == len(members)


def labels(text: str) -> Labels | None:
    """Read a text in normal form as several labels; None if it is something else.

    Letters that stand side by side are labels only in their order: ``AC``, not ``CA``.
    """
    for kind, (pattern, one) in LABELS.items():
        if not pattern.fullmatch(text):
            continue
        members = one.findall(text)
        apart = "".join(members) != text
        in_order = apart or sorted(members) == members
        if kind == "circled" or (len(members) > 1 and in_order and _distinct(members)):
            return Labels(kind, frozenset(members))
    return None
