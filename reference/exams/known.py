"""Problems that are known already, and how a problem is compared with them.

A problem of one of our families is known if its structure, families and numbers are: two texts of
one template share most of their words, whatever their numbers. All others are compared by n-grams.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seed.reference.exams.overlap import KNOWN_SHARE, KnownTexts
from seed.reference.exams.problem_sets import ProblemSet
from seed.reference.exams.recognition import recognised


@dataclass
class KnownProblems:
    """An index of some sets.

    Attributes:
        texts: Statements of others.
        keys: ``Problem.key`` of those of our families -> name.
    """

    texts: KnownTexts = field(default_factory=KnownTexts)
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, sets: Sequence[ProblemSet]) -> "KnownProblems":
        """All problems of some sets."""
        known = cls()
        for one in sets:
            for row in one.rows:
                name = f"{one.name}/{row.id}"
                found = recognised(row.text, row.provenance) if row.text else None
                if found is not None:
                    known.keys.setdefault(found.key, name)
                elif row.text:
                    known.texts.add(name, row.text)
        return known

    def closest(self, text: str, key: str) -> tuple[str, float]:
        """The most similar known problem and its overlap; 1 for the same numbers of a family.

        Args:
            text: A statement.
            key: ``Problem.key`` if it is of a family, else empty.
        """
        if key in self.keys:
            return self.keys[key], 1.0
        return self.texts.closest(text)


def is_known(overlap: float) -> bool:
    """Whether a problem with such an overlap counts as known."""
    return overlap >= KNOWN_SHARE
