"""Which problems are known: texts compared by their words, spelling of formulas aside.

    normalised   NFKC, lower case, without dollars, braces, spacing and sizes of LaTeX
    overlap      8-grams of words that two texts have in common, as a share of the one with fewer
    alike        the same as a share of all 8-grams of both (Jaccard)
    renumbered   the same words once every number is a blank

Source of n-gram overlap: arXiv 2005.14165 (13-grams), arXiv 2307.09288 (8-grams of tokens).
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

GRAM = 8
KNOWN_SHARE = 0.5
"""From this overlap on, a problem counts as known."""
NEAR_SHARE = 0.7
"""From this Jaccard similarity on, two problems of one set are near-duplicates."""

SAME_SPELLING = (
    (
        re.compile(
            r"\\(?:left|right|displaystyle|limits|big|bigg|quad|qquad|mathrm|text|textbf)\b"
        ),
        " ",
    ),
    (re.compile(r"\\[dt]frac"), r"\\frac"),
    (re.compile(r"\\(?:ldots|cdots|dots)\b"), r"\\dots"),
    (re.compile(r"\\leq(?:slant)?\b"), r"\\le"),
    (re.compile(r"\\geq(?:slant)?\b"), r"\\ge"),
    (re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL), " "),
    (re.compile(r"\\[,;:! ]|~"), " "),
    (re.compile(r"\\[()\[\]]|[${}&]"), " "),
)
WORD = re.compile(r"\\?[^\W\d_]+|\d+|[-+*/=<>^!|%]")
"""Words, numbers, operators. Commas and parentheses would make runs of 8 words out of few."""
DIGITS = re.compile(r"\d+")


def words_of(text: str) -> tuple[str, ...]:
    """The words, numbers and signs of a statement, whatever its spelling."""
    text = unicodedata.normalize("NFKC", text).casefold()
    for pattern, plain in SAME_SPELLING:
        text = pattern.sub(plain, text)
    return tuple(WORD.findall(text))


def without_numbers(words: Iterable[str]) -> tuple[str, ...]:
    """The same words with a blank for each number."""
    return tuple("#" if DIGITS.fullmatch(word) else word for word in words)


def grams(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    """All runs of ``GRAM`` words; a shorter text is one run."""
    starts = range(max(1, len(words) - GRAM + 1))
    return {words[start : start + GRAM] for start in starts}


@dataclass
class KnownTexts:
    """An index of statements.

    Attributes:
        names: Of the statements, in the order in which they were added.
    """

    names: list[str] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _places: defaultdict[tuple[str, ...], list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, name: str, text: str) -> None:
        """Put a statement into the index."""
        found = grams(words_of(text))
        for gram in found:
            self._places[gram].append(len(self.names))
        self.names.append(name)
        self._sizes.append(len(found))

    def closest(self, text: str) -> tuple[str, float]:
        """The statement with the largest overlap, and the overlap; no name if nothing is shared."""
        return self._best(text, min)

    def most_alike(self, text: str) -> tuple[str, float]:
        """The statement with the largest Jaccard similarity of 8-grams, and the similarity."""
        return self._best(text, None)

    def _best(self, text: str, whole: Callable[[int, int], int] | None) -> tuple[str, float]:
        own = grams(words_of(text))
        shared = Counter(place for gram in own for place in self._places.get(gram, ()))
        best, share = "", 0.0
        for place, count in sorted(shared.items()):
            size = self._sizes[place]
            of = whole(len(own), size) if whole else len(own) + size - count
            if count / of > share:
                best, share = self.names[place], count / of
        return best, share
