r"""Answers in words, of any language: folded, with one wording for what has several.

=========================  =============================================================
nothing                    no solution, no real roots, empty set, 无解, 方程无解, keine Lösung
all real numbers           ``\mathbb{R}``, all reals, 全体实数
does not exist             DNE, the limit does not exist, 不存在
undefined, draw            not defined, tie
=========================  =============================================================

A text with a letter outside of ASCII that is no formula is words, too: 是, Zoé.
"""

import re

from seed.reference.verifiers.mathematics.answers import EVERYTHING, NOTHING, Answer, Text

WORDS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\s'\",.()/:?!·-])*")
REAL_WORD = re.compile(r"[A-Za-z]{3,}|(?![a-zA-Z])[^\W\d_]")
NO_SOLUTION = re.compile(
    r"(?:(?:there|it|we|the \w+|they) (?:is|are|has|have|exists?) )?"
    r"no (?:\w+ ){0,2}?(?:solutions?|roots?)(?: exists?)?"
    r"|(?:the )?empty set|\w{0,8}(?:无|無|没有|沒有)(?:实数?|實數?)?(?:解|根)|空集"
    r"|解なし|keine (?:reelle )?lösung|aucune solution|sin solución|нет решений|해가 없다"
)
ALL_REALS = re.compile(
    r"(?:all|any|every|set of all)? ?(?:real numbers?|reals)|全体实数|全體實數|任意实数|一切实数"
)
SYNONYMS = {"not defined": "undefined", "tie": "draw"}
NO_VALUE = re.compile(r"dne|(?:[a-z]+ ){0,3}does not exist|\w{0,6}不存在")
SHORT_WORDS = ("no", "on", "up")
"""Words of two letters that are answers; any other two letters are a product."""

NAMED_SETS = {"Z": "integers", "Q": "rational numbers", "N": "natural numbers", "C": "complex"}


def read_words(text: str) -> Answer | None:
    """Read a text in normal form that holds words only; None if it is something else."""
    if re.fullmatch(r"\\emptyset|\\\{ ?\\\}", text):
        return NOTHING
    folded = fold(text)
    if text == r"\mathbb{R}" or ALL_REALS.fullmatch(folded):
        return EVERYTHING
    if named := re.fullmatch(r"\\mathbb\{([ZQNC])\}", text):
        return Text(NAMED_SETS[named[1]])
    if NO_SOLUTION.fullmatch(folded):
        return NOTHING
    are_words = WORDS.fullmatch(text) and REAL_WORD.search(text)
    if are_words or folded in SHORT_WORDS:
        return Text(
            "does not exist" if NO_VALUE.fullmatch(folded) else SYNONYMS.get(folded, folded)
        )
    return None


def foreign_words(text: str) -> Answer | None:
    """A text as words if it has a letter outside of ASCII, whatever else it holds."""
    foreign = any(character.isalpha() and not character.isascii() for character in text)
    return Text(fold(text)) if foreign else None


def fold(text: str) -> str:
    """Fold words: lower case, no punctuation, single blanks, no article in front."""
    kept = re.sub(r"[^\w\s]", " ", text.casefold())
    return re.sub(r"^(?:the|an?) (?=\w)", "", " ".join(kept.split()))
