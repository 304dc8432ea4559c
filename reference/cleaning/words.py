r"""Words of statements: sentences for the rules, normalised words for duplicates and overlap."""

import re
import unicodedata
from functools import lru_cache

MATHEMATICS = re.compile(
    r"\$\$[^$]{0,2000}\$\$|\$[^$]{0,2000}\$|\\\[.{0,2000}?\\\]|\\\(.{0,2000}?\\\)"
    r"|\[asy\].{0,9000}?\[/asy\]|```.{0,9000}?```",
    re.DOTALL,
)
"""Formulas and code; their lengths are bounded, and so is the time of a text that closes none."""
COMMAND = re.compile(r"\\[A-Za-z]+\*?")
WORD = re.compile(r"[^\W\d_]{2,}")
SHORT_FORMS = "".join(
    rf"(?<!\b{word}\.)"
    for word in ("[A-Z]", "Mr", "Ms", "Mrs", "Dr", "St", "vs", "i\\.e", "e\\.g", "No", "Jr")
)
"""Points that end no sentence."""
ENDS = re.compile(
    rf"(?<=[.?!。？！]){SHORT_FORMS}[\"'”)]*\s+|"
    r"\n\s*\n|\n(?=\s*[(*•-])"
)
TOKEN = re.compile(r"\d+|[^\W\d_]+|[-+*/=<>^%!|]")
LAYOUT = re.compile(r"\\(?:left|right|displaystyle|quad|qquad|,|;|!|:|\s)|[$~{}]|\\(?:[()\[\]])")
NAMES = re.compile(r"\\(?:d|t)frac\b")
PLAIN_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|emph)\b")
SIGNS = "+ - * / = < > ^ % ! |"


def prose(text: str) -> list[str]:
    """Words of at least two letters in lower case, formulas and commands left out."""
    bare = COMMAND.sub(" ", MATHEMATICS.sub(" ", text))
    return [word.lower() for word in WORD.findall(bare)]


@lru_cache(2)
def sentences(text: str) -> tuple[str, ...]:
    """Sentences; a formula within one is replaced by ``x``, so that its signs end none."""
    bare = MATHEMATICS.sub(lambda found: f" x{_end(found[0])} ", text)
    return tuple(" ".join(one.split()) for one in ENDS.split(bare) if one.strip())


def normalised_words(text: str) -> list[str]:
    r"""What two spellings of one statement have in common: words, numbers and signs in lower case.

    Compatible characters (NFKC) become one; layout commands of LaTeX, dollars, braces and
    punctuation are left out.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = folded.replace("\N{MINUS SIGN}", "-").replace("\\cdot", "*").replace("\\times", "*")
    bare = LAYOUT.sub(" ", PLAIN_TEXT.sub(" ", NAMES.sub(r"\\frac", folded)))
    return TOKEN.findall(bare)


def numbers(words: list[str]) -> list[str]:
    """The numbers among normalised words, sorted; leading zeros do not count."""
    return sorted(word.lstrip("0") or "0" for word in words if word[0].isdigit())


def normalisation() -> str:
    """What ``normalised_words`` does, for a certificate."""
    return (
        "NFKC, casefold; LaTeX layout, dollars, braces and punctuation left out; tokens are runs of"
        f" letters, runs of digits, and the signs {SIGNS}"
    )


def _end(formula: str) -> str:
    """The sign that ends a sentence at the end of a formula, as in ``$x = 2.$``."""
    inside = formula.strip("$\\[]() \n")
    return inside[-1] if inside and inside[-1] in ".?!" else ""
