r"""Words around an answer that say what it is or for which values it holds, and change no value.

=====================================================  ==================================
``The probability is 1/2``                             ``1/2``
``2^n for all n \ge 1``, ``k\pi, k \in \mathbb{Z}``    ``2^n``, ``k\pi``
``5 (five)``                                           ``5``
``II and III only``                                    ``II and III``
``x^2 where x is the width``                           ``x^2``
=====================================================  ==================================

Conditions that choose a value, ``2 if x > 0``, are no qualifiers and stay.
"""

import re

SUBJECT = re.compile(
    r"^(?:the|there|we|it|so|thus|hence|therefore|its|their)\b(?P<words>[A-Za-z,' -]{0,80}?)"
    r"\b(?:is|are|equals|get|have|obtain)(?![A-Za-z])(?: equal to)? ?:? ?"
    r"(?=[-+\d\\$({\[|]|[A-Za-z](?![A-Za-z]))",
    re.IGNORECASE,
)
SUBJECT_IS_NO_NAME = re.compile(r"\b(?:not|never|no|than|or|if|think|guess|about)\b", re.IGNORECASE)
VARIABLE = r"[A-Za-z](?:_\w)?(?: ?, ?[A-Za-z])?"
SIGNED = r"(?: ?[\^_] ?\{?[+*\d>= \\a-z]{1,6}\}?)?"
MEMBER = rf"(?:\\forall ?)?{VARIABLE} ?\\in ?\\mathbb\{{[NZQRC]\}}{SIGNED}"
COUNTING = (
    rf"{VARIABLE} ?(?:(?:\\ge|\\le|\\neq|>|<) ?-?\d+"
    r"|= ?-?\d+ ?, ?-?\d+ ?, ?(?:\d+ ?, ?)?\\(?:ldots|dots|cdots))"
)
KIND = (
    r"(?: (?:all|any|every|each|some))?(?: (?:real|positive|natural|whole))?"
    r"(?: (?:integers?|numbers?))?"
)
BEHIND = re.compile(
    rf"(?: ?, ?| ?\( ?){MEMBER} ?\)?$"
    r"|(?: ?, ?| ?\( ?)[nkmij] ?(?:\\ge|>) ?\d+ ?\)?$"
    rf"|[ ,(]+(?:for|with|where){KIND} ?\(? ?(?:{MEMBER}|{COUNTING}) ?\)?$"
    r"|[ ,(]+(?:for (?:all|any|every|each|some) [A-Za-z ]{1,60}"
    r"|where [A-Za-z][A-Za-z0-9 ]{1,80}|(?:for|where|with) [a-z] (?:is )?(?:an? )?[a-z ]{3,40})\)?$"
    r"|(?<=[\d})]) \([a-z][a-z -]{2,40}\)$"
    r"|(?<=[A-Z\d}]) only$"
)


def without_qualifiers(text: str) -> str:
    """Drop what says no value from both ends of a text in normal form."""
    subject = SUBJECT.match(text)
    if subject and not SUBJECT_IS_NO_NAME.search(subject["words"]):
        text = text[subject.end() :]
    behind = BEHIND.search(text)
    if behind is None or not text[: behind.start()].strip() or _open(text[: behind.start()]):
        return text
    return text[: behind.start()].strip()


def _open(text: str) -> bool:
    """Whether a bracket is still open: what stands inside of it is no qualifier of the whole."""
    return sum(text.count(sign) for sign in "([{") > sum(text.count(sign) for sign in ")]}")
