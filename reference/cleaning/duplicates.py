"""Duplicates within files: exact after normalisation, and near by MinHash.

    exact   equal normalised words
    near    estimated Jaccard similarity of the word n-grams >= ``threshold``; with
            ``same_numbers`` also the same numbers, since a problem with other numbers is another
            problem

Duplicates of duplicates are one cluster: clusters are the components of the graph of pairs. Which
rows form a cluster depends on the texts and not on the order of lines; which row of a cluster stays
does: the first one, or with ``keep = longest`` the longest, of equally long ones the first.

The first pass writes a sketch per row into a file, 536 bytes with 128 values. Candidates are found
band by band on sorted columns of that file, so the memory is some ten numbers a row. An index that
holds every band of every row in dictionaries, such as MinHashLSH of datasketch, takes kilobytes a
row; only its MinHash is used.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seed.reference.cleaning.settings import DedupSettings
from seed.reference.cleaning.sketches import Sketcher, digest64
from seed.reference.cleaning.stage import Decision, Drop, Record
from seed.reference.cleaning.words import normalised_words, numbers

Numbers = NDArray[np.int64]
CHUNK = 65536
NEIGHBOURS = 32
"""Rows of an equal band that each one is compared with, in the order of their texts' digests.

It bounds the work on a band that very many rows share; the order does not depend on lines.
"""


def sketch_type(permutations: int) -> np.dtype[Any]:
    """One row of the file of sketches.

    ``text``, ``numbers`` and ``reference`` are digests, ``length`` is characters, ``used`` tells
    whether the row is a problem.
    """
    return np.dtype(
        [
            ("text", np.uint64),
            ("numbers", np.uint64),
            ("reference", np.uint64),
            ("length", np.uint32),
            ("used", np.uint8),
            ("minhash", np.uint32, (permutations,)),
        ]
    )


class Sketches:
    """Makes the sketch of a row."""

    def __init__(self, settings: DedupSettings) -> None:
        self.type = sketch_type(settings.permutations if settings.near else 0)
        self._sketcher = Sketcher(settings) if settings.near else None

    def of(self, record: Record) -> bytes:
        """The bytes of one row."""
        row = np.zeros((), self.type)
        if record.read is not None:
            words = normalised_words(record.statement) or [record.statement]
            row["text"] = digest64(" ".join(words))
            row["numbers"] = digest64(" ".join(numbers(words)))
            row["reference"] = digest64(" ".join(record.reference.split()))
            row["length"], row["used"] = len(record.statement), 1
            if self._sketcher:
                row["minhash"] = self._sketcher.signature(words)
        return row.tobytes()


@dataclass
class Clusters:
    """What is duplicate.

    Attributes:
        kept: Row -> the row that stays in its place; itself if it stays.
        exact: Whether a row's text is exactly that of its cluster's kept row.
        conflicts: Rows whose cluster has different references.
        figures: Counts for the report.
    """

    kept: Numbers
    exact: NDArray[np.bool_]
    conflicts: NDArray[np.bool_]
    figures: dict[str, int] = field(default_factory=dict)


def clusters_of(path: Path, settings: DedupSettings) -> Clusters:
    """Find clusters in a file of sketches.

    Args:
        path: Of ``Sketches.of`` rows.
        settings: Thresholds.
    """
    sketches = SketchFile(path, settings)
    text, used = sketches.column("text"), sketches.column("used").astype(bool)
    links = Links(len(text))
    for row, first in _equal(text, used):
        links.join(row, first)
    pairs = 0
    if settings.near:
        firsts = np.unique(np.where(used, links.roots(), -1))
        pairs = _join_near(sketches, settings, links, firsts[firsts >= 0])
    roots = links.roots()
    kept = _kept(roots, sketches.column("length"), settings.keep)
    reference = sketches.column("reference")
    conflicts = used & _conflicting(roots, reference)
    sizes = np.bincount(roots[used], minlength=len(roots)) if len(roots) else roots
    figures = {
        "clusters": int((sizes > 1).sum()),
        "largest_cluster": int(sizes.max(initial=0)),
        "near_pairs": pairs,
        "clusters_with_different_references": len(np.unique(roots[conflicts])),
    }
    return Clusters(kept, text == text[kept], conflicts, figures)


class SketchFile:
    """Columns of a file of sketches, read in chunks so that little of it is in memory."""

    def __init__(self, path: Path, settings: DedupSettings) -> None:
        self._path = path
        self._type = sketch_type(settings.permutations if settings.near else 0)

    def chunks(self) -> Iterator[NDArray[np.void]]:
        """The rows, some at a time."""
        with self._path.open("rb") as file:
            while content := file.read(CHUNK * self._type.itemsize):
                yield np.frombuffer(content, self._type)

    def column(self, name: str) -> NDArray[Any]:
        """One column of all rows."""
        parts = [chunk[name].copy() for chunk in self.chunks()]
        return np.concatenate([np.empty(0, self._type[name]), *parts])

    def band(self, start: int, stop: int) -> NDArray[np.uint64]:
        """A digest of some MinHash values of all rows."""
        parts = []
        for chunk in self.chunks():
            digest = np.zeros(len(chunk), np.uint64)
            for place in range(start, stop):
                digest = (digest ^ chunk["minhash"][:, place]) * np.uint64(0x9E3779B97F4A7C15)
                digest ^= digest >> np.uint64(32)
            parts.append(digest)
        return np.concatenate([np.empty(0, np.uint64), *parts])

    def signatures(self, rows: Numbers) -> NDArray[np.uint32]:
        """MinHashes of some rows, read where they stand."""
        found = np.empty((len(rows), self._type["minhash"].shape[0]), np.uint32)
        size = self._type.itemsize
        with self._path.open("rb") as file:
            for place, row in enumerate(rows.tolist()):
                file.seek(row * size)
                found[place] = np.frombuffer(file.read(size), self._type)[0]["minhash"]
        return found


class Links:
    """Components of a graph, by their smallest rows."""

    def __init__(self, rows: int) -> None:
        self._above = np.arange(rows, dtype=np.int64)

    def root(self, row: int) -> int:
        """The smallest row of a component."""
        above = self._above
        while above[row] != row:
            above[row] = above[above[row]]
            row = int(above[row])
        return row

    def join(self, one: int, other: int) -> None:
        """Make two components one."""
        low, high = sorted((self.root(one), self.root(other)))
        self._above[high] = low

    def roots(self) -> Numbers:
        """The root of every row."""
        above = self._above
        while not np.array_equal(above, above[above]):
            above = above[above]
        return above.copy()


def _equal(text: NDArray[np.uint64], used: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Rows of equal text, each with the first of them."""
    rows = np.flatnonzero(used)
    order = rows[np.argsort(text[rows], kind="stable")]
    same = np.flatnonzero(text[order][1:] == text[order][:-1]) + 1
    for place in same.tolist():
        yield int(order[place]), int(order[place - 1])


def _join_near(sketches: SketchFile, settings: DedupSettings, links: Links, rows: Numbers) -> int:
    """Join rows with different texts that are near; the number of pairs that were found."""
    sketcher = Sketcher(settings)
    text, number = sketches.column("text"), sketches.column("numbers")
    pairs = 0
    for band in range(sketcher.bands):
        digest = sketches.band(band * sketcher.rows, (band + 1) * sketcher.rows)
        if settings.same_numbers:
            digest = digest ^ (number * np.uint64(0xD6E8FEB86659FD93))
        # Rows of a band in the order of their texts, which does not depend on lines.
        order = rows[np.lexsort((text[rows], digest[rows]))]
        for group in _groups(digest[order], order):
            pairs += _compare(sketches, settings.threshold, links, group)
    return pairs


def _groups(keys: NDArray[np.uint64], order: Numbers) -> Iterator[Numbers]:
    """Rows of equal keys, for keys that are there more than once."""
    bounds = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    starts = np.concatenate([[0], bounds])
    stops = np.concatenate([bounds, [len(keys)]])
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        if stop - start > 1:
            yield order[start:stop]


def _compare(sketches: SketchFile, threshold: float, links: Links, group: Numbers) -> int:
    """Join the near ones among rows that share a band; those joined already are not compared."""
    found = 0
    for start in range(0, len(group), CHUNK // 16):
        part = group[start : start + CHUNK // 16 + NEIGHBOURS]
        if len({links.root(row) for row in part.tolist()}) == 1:
            continue
        signatures = sketches.signatures(part)
        for step in range(1, min(NEIGHBOURS, len(part) - 1) + 1):
            same = np.mean(signatures[step:] == signatures[:-step], axis=1)
            for place in np.flatnonzero(same >= threshold).tolist():
                one, other = int(part[place]), int(part[place + step])
                if links.root(one) != links.root(other):
                    links.join(one, other)
                    found += 1
    return found


def _kept(roots: Numbers, length: NDArray[np.uint32], keep: str) -> Numbers:
    """The row that stays, for every row."""
    if keep == "first" or not len(roots):
        return roots
    # The last one written to a place stays there: the longest, of equal ones the first.
    order = np.lexsort((-np.arange(len(roots)), length))
    longest = roots.copy()
    longest[roots[order]] = order
    return longest[roots]


def _conflicting(roots: Numbers, reference: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Rows of clusters in which not all references are those of the first row."""
    differs = reference != reference[roots]
    has = np.zeros(len(roots), bool)
    has[roots[differs]] = True
    return has[roots]


class Dedup:
    """Drops what the clusters say; the second pass."""

    rules = ("exact_duplicate", "near_duplicate", "different_references")

    def __init__(self, clusters: Clusters, settings: DedupSettings) -> None:
        self._clusters = clusters
        self._drop_all = settings.conflict == "drop"

    def __call__(self, record: Record) -> Decision:
        """Drop all rows of a cluster but one."""
        row = record.ordinal
        kept = int(self._clusters.kept[row])
        about = {"row": row + 1, "kept_row": kept + 1}
        if self._drop_all and self._clusters.conflicts[row]:
            return Drop("different_references", "duplicates of it have other references", about)
        if kept == row:
            return None
        is_exact = bool(self._clusters.exact[row])
        rule = "exact_duplicate" if is_exact else "near_duplicate"
        differs = "; the cluster has different references" if self._clusters.conflicts[row] else ""
        return Drop(rule, f"row {kept + 1} stays{differs}", about)
