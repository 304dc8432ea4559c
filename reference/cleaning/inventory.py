"""What is in files of problems: counts by domain, dataset, source, licence, level, kind of answer.

Memory is bounded: of each column at most ``MOST_VALUES`` values are counted apart, the rest
together; lengths take four bytes a row, digests of texts and ids eight each.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.sketches import digest64
from seed.reference.cleaning.stage import Record
from seed.reference.cleaning.statements import options_of
from seed.reference.cleaning.words import normalised_words

MOST_VALUES = 1000
OTHERS = "(others)"
NONE = "(none)"
COLUMNS = {
    "source": ("source", "data_source", "original_data_source"),
    "licence": ("licence", "license"),
    "level": ("level", "difficulty", "original_difficulty"),
    "subject": ("subject", "topic", "type", "category", "discipline"),
}
"""What is counted -> the first of these columns that a row has."""
QUANTILES = (0.0, 0.5, 0.9, 0.99, 1.0)

INTEGER = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+|[-+]?\d+")
FRACTION = re.compile(r"[-+]?(?:\d+ ?/ ?\d+|\\[dt]?frac ?(?:\{[-+]?\d+\} ?\{\d+\}|\d\d))")
DECIMAL = re.compile(r"[-+]?\d*\.\d+")
LETTER = re.compile(r"\(?([A-J])\)?(?:[.:)]\s.*)?", re.DOTALL)
FORMULA = re.compile(r"[\\^_=<>+*/()\[\]{}\d-]")


def answer_kind(record: Record) -> str:
    """What a verifier compares with, in one word or two."""
    for name in ("tests", "puzzle"):
        if record.read and name in record.read.problem.instance:
            return name
    answer = record.reference.strip().strip("$").strip()
    if not answer:
        return "nothing"
    for kind, pattern in (("integer", INTEGER), ("fraction", FRACTION), ("decimal", DECIMAL)):
        if pattern.fullmatch(answer):
            return kind
    if LETTER.fullmatch(answer) and options_of(record.statement):
        return "option"
    return "expression" if FORMULA.search(answer) else "words"


class Inventory:
    """Counts of a stream of rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.unreadable: Counter[str] = Counter()
        self.counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("schema", "domain", "dataset", *COLUMNS, "answer")
        }
        self._lengths = {name: array("I") for name in ("statement", "demonstration")}
        self._texts, self._ids = array("Q"), array("Q")

    def add(self, record: Record) -> None:
        """Count a row."""
        self.rows += 1
        if record.read is None:
            _count(self.unreadable, record.fault)
            return
        problem = record.read.problem
        values = {"schema": record.read.schema, "domain": record.domain, "dataset": problem.family}
        values["answer"] = answer_kind(record)
        for name, columns in COLUMNS.items():
            values[name] = next(
                (str(record.fields[one]) for one in columns if record.fields.get(one) is not None),
                NONE,
            )
        for name, value in values.items():
            _count(self.counts[name], value)
        self._lengths["statement"].append(min(len(problem.prompt), 2**32 - 1))
        if problem.demonstration:
            self._lengths["demonstration"].append(len(problem.demonstration))
        words = normalised_words(problem.prompt) or [problem.prompt]
        self._texts.append(digest64(" ".join(words)))
        self._ids.append(digest64(problem.id))

    def as_json(self) -> dict[str, Any]:
        """All counts; values in the order of their numbers."""
        usable = len(self._texts)
        return {
            "rows": self.rows,
            "usable": usable,
            "exact_duplicates": usable - len(np.unique(np.frombuffer(self._texts, np.uint64))),
            "repeated_ids": usable - len(np.unique(np.frombuffer(self._ids, np.uint64))),
            "unreadable": _sorted(self.unreadable),
            "counts": {name: _sorted(of) for name, of in self.counts.items()},
            "characters": {name: _quantiles(of) for name, of in self._lengths.items() if of},
        }


def inventory_of(rows: Rows, advanced: Any = lambda count: None) -> dict[str, Any]:
    """Count all rows.

    Args:
        rows: What is read.
        advanced: Is told how many rows are done.
    """
    found = Inventory()
    for record in rows.records():
        found.add(record)
        advanced(1)
    return {"inputs": [one.as_json() for one in rows.inputs], **found.as_json()}


def _count(counter: Counter[str], value: str) -> None:
    is_new = value not in counter
    counter[OTHERS if is_new and len(counter) >= MOST_VALUES else value] += 1


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _quantiles(lengths: Iterable[int]) -> dict[str, float]:
    values = np.quantile(np.array(lengths), QUANTILES)
    return {f"{100 * at:g} %": float(value) for at, value in zip(QUANTILES, values, strict=True)}
