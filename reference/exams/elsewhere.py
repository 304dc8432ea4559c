r"""Well-known questions in other people's words, as the family and the numbers that they mean.

Each pattern holds every condition of its question, so that a text with another condition does not
fit. Numbers are bounded here, since these texts ask for what the families never draw.
"""

import re
from collections.abc import Callable

from seed.reference.exams.catalogue import FAMILIES
from seed.reference.exams.structures import PLAIN, REMAINDER, VALUE, Part, Problem

NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
BY_A_THOUSAND = re.compile(r"remainder when .* is divided by \$?1000|modulo 1000|mod 1000", re.I)

Read = Callable[[re.Match[str]], tuple[str, dict[str, int]] | None]


def _runs(match: re.Match[str]) -> tuple[str, dict[str, int]] | None:
    size, run = int(match["size"]), NUMBERS[match["run"].lower()]
    return ("no-long-runs", {"n": size, "k": run}) if run <= size <= 200 else None


def _order(match: re.Match[str]) -> tuple[str, dict[str, int]] | None:
    numbers = {"n": int(match["size"]), "m": int(match["times"])}
    return ("permutation-power", numbers) if max(numbers.values()) <= 60 else None


def _unity(match: re.Match[str]) -> tuple[str, dict[str, int]] | None:
    order, last = int(match["order"]), int(match["last"])
    numbers = {"n": order, "a": -int(match["a"]), "b": int(match["b"])}
    return ("unity-product", numbers) if order == last + 1 <= 60 else None


def _box(match: re.Match[str]) -> tuple[str, dict[str, int]] | None:
    edges = {name: int(match[name]) for name in "abc"}
    return (
        ("box-diagonal", edges) if min(edges.values()) >= 1 and max(edges.values()) < 5000 else None
    )


QUESTIONS: tuple[tuple[re.Pattern[str], Read], ...] = (
    (
        re.compile(
            r"\A(?:choose a )?subset of integers from 1 to (?P<size>\d+) such that no"
            r" (?P<run>two|three|four|five|six) consecutive integers are in the chosen set"
            r" \(you can choose an empty set\)\. how many different sets are there\?\Z",
            re.I,
        ),
        _runs,
    ),
    (
        re.compile(
            r"\ALet A = \\\{1,2,\\dots,(?P<size>\d+)\\\}, and f be a one-to-one mapping from A onto"
            r" A\. Denote f_1\(x\)=f\(x\) and f_n \+ 1\(x\)=f\(f_n\(x\)\)\. The mapping f satisfies"
            r" the following conditions: \(1\) For all x\\in A, f\(x\)\\neq x; \(2\) For all x\\in"
            r" A, f_(?P<times>\d+)\(x\)=x\. Question: How many mappings f that satisfy the above"
            r" conditions are there\?\Z"
        ),
        _order,
    ),
    (
        re.compile(
            r"\ALet \\omega\\neq 1 be a (?P<order>\d+)(?:st|nd|rd|th) root of unity\. Find the"
            r" remainder when \\prod_k=0\^(?P<last>\d+)"
            r"\((?P<b>\d+)-(?P<a>\d+)\\omega\^k\+\\omega\^2k\)"
            r" is divided by 1000\.\Z"
        ),
        _unity,
    ),
    (
        re.compile(
            r"\AA (?P<a>\d+)\\times (?P<b>\d+)\\times (?P<c>\d+) rectangular solid is made by"
            r" gluing together 1\\times 1\\times 1 cubes\. An internal diagonal of this solid"
            r" passes through the interiors of how many of the 1\\times 1\\times 1 cubes\?\Z"
        ),
        _box,
    ),
)
"""A question as it stands without dollars, braces and doubled blanks, and how it is read."""


def elsewhere(text: str) -> Problem | None:
    """The problem that a text of other people asks; None if no question fits."""
    plain = _plain(text)
    for pattern, read in QUESTIONS:
        if (match := pattern.match(plain)) and (found := read(match)):
            name, numbers = found
            form = REMAINDER if BY_A_THOUSAND.search(plain) else VALUE
            return Problem(PLAIN, Part(FAMILIES[name], numbers, 0, form))
    return None


def _plain(text: str) -> str:
    text = re.sub(r"\\[()\[\]]|\$", " ", text)
    text = re.sub(r"\\[cl]?dots", r"\\dots", re.sub(r"(?<!\\)[{}]", "", text))
    text = re.sub(r" +([,.?;:)])", r"\1", " ".join(text.split()))
    return re.sub(r"([_^(]) +", r"\1", text)
