"""Overlap of a training file with evaluation sets, and the certificate of what was compared.

    ngram_overlap    a share of at least ``min_share`` of the word n-grams of one evaluation problem
                     is in the row; a problem with fewer words is one n-gram
    minhash_overlap  estimated Jaccard similarity of the word shingles >= ``threshold``

A single n-gram in common proves little: "where m and n are relatively prime positive integers. Find
m+n" is in half of AIME. Such rows are kept.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.settings import OverlapSettings
from seed.reference.cleaning.sketches import Sketcher, ngrams, similarity
from seed.reference.cleaning.stage import Decision, Drop, Record
from seed.reference.cleaning.words import normalisation, normalised_words
from seed.spec.errors import Reason, SeedError

CERTIFICATE = "certificate.json"
FORMAT = "seed overlap certificate 1"


class Overlap:
    """Drops rows that overlap with an evaluation problem.

    Attributes:
        problems: Of the evaluation sets: file, line, id.
        unread: Rows of them that no schema reads.
    """

    rules = ("ngram_overlap", "minhash_overlap")

    def __init__(self, evaluation: Rows, settings: OverlapSettings) -> None:
        """Index evaluation sets, all of them in memory: 16 bytes a word and 1 KiB a problem.

        Raises:
            SeedError: UNREADABLE_FILE if a file holds no problem, BACKEND_MISSING.
        """
        self._settings = settings
        self._sketcher = Sketcher(settings)
        self.problems: list[dict[str, Any]] = []
        self.unread = 0
        grams, owners, signatures = [], [], []
        for record in evaluation.records():
            if record.read is None:
                self.unread += 1
                continue
            words = normalised_words(record.statement)
            own = np.unique(ngrams(words, settings.ngram))
            grams.append(own)
            owners.append(np.full(len(own), len(self.problems), np.int64))
            signatures.append(self._sketcher.signature(words))
            self.problems.append({"file": record.file, "line": record.line, "id": record.id})
        if not grams:
            names = ", ".join(str(one.path) for one in evaluation.inputs)
            raise SeedError(Reason.UNREADABLE_FILE, f"--against {names} holds no problem")
        every, owner = np.concatenate(grams), np.concatenate(owners)
        order = np.argsort(every, kind="stable")
        self._grams, self._owners = every[order], owner[order]
        self._sizes = np.bincount(owner, minlength=len(self.problems))
        # A problem shorter than an n-gram is looked for as a whole, at its own length.
        self._lengths = sorted({settings.ngram, *self._short(evaluation)})
        self._signatures = np.array(signatures)
        self._bands = self._index()

    def _short(self, evaluation: Rows) -> set[int]:
        lengths = (len(normalised_words(one.statement)) for one in evaluation.records() if one.read)
        return {length for length in lengths if 0 < length < self._settings.ngram}

    def _index(self) -> dict[tuple[int, bytes], list[int]]:
        """Band and its values -> problems."""
        bands: dict[tuple[int, bytes], list[int]] = {}
        for problem, signature in enumerate(self._signatures):
            for key in self._keys(signature):
                bands.setdefault(key, []).append(problem)
        return bands

    def _keys(self, signature: Any) -> list[tuple[int, bytes]]:
        size = self._sketcher.rows
        return [
            (band, signature[band * size : (band + 1) * size].tobytes())
            for band in range(self._sketcher.bands)
        ]

    def __call__(self, record: Record) -> Decision:
        """Drop a row that overlaps, with the problem that it overlaps with most."""
        words = normalised_words(record.statement)
        problem, shared = self._most_shared(words)
        about: dict[str, Any] = {}
        if problem is not None and shared >= self._settings.min_share * self._sizes[problem]:
            about = {"shared_ngrams": int(shared), "of": int(self._sizes[problem])}
            return self._drop("ngram_overlap", problem, f"{shared} of {about['of']} n-grams", about)
        signature = self._sketcher.signature(words)
        near = {one for key in self._keys(signature) for one in self._bands.get(key, ())}
        scored = [(similarity(signature, self._signatures[one]), -one) for one in near]
        best, negative = max(scored, default=(0.0, 0))
        if best >= self._settings.threshold:
            about = {"jaccard": round(best, 4)}
            return self._drop("minhash_overlap", -negative, f"similarity {best:.2f}", about)
        return None

    def _drop(self, rule: str, problem: int, found: str, about: Mapping[str, Any]) -> Drop:
        of = self.problems[problem]
        reason = f"{found} with {of['file']} line {of['line']} ({of['id']})"
        return Drop(rule, reason, {**about, "against": of})

    def _most_shared(self, words: Sequence[str]) -> tuple[int | None, int]:
        """The problem with the largest share of its n-grams in the words, and their number."""
        found = []
        for length in self._lengths:
            if len(words) < length:
                continue
            own = np.unique(ngrams(words, length))
            low = np.searchsorted(self._grams, own, "left")
            high = np.searchsorted(self._grams, own, "right")
            for start, stop in zip(low.tolist(), high.tolist(), strict=True):
                found += self._owners[start:stop].tolist()
        if not found:
            return None, 0
        counts = np.bincount(found, minlength=len(self.problems))
        best = int(np.argmax(counts / self._sizes))
        return best, int(counts[best])


def certificate(
    training: Rows,
    evaluation: Rows,
    overlap: Overlap,
    settings: OverlapSettings,
    report: Mapping[str, Any],
    hits: Iterator[Mapping[str, Any]],
) -> dict[str, Any]:
    """What was compared with what, how, and every hit.

    Args:
        training: The file that was searched.
        evaluation: The sets that it was searched for.
        overlap: Their index.
        settings: Thresholds.
        report: Counts of the pass.
        hits: Lines of the file of dropped rows.
    """
    kinds = ("ngram_overlap", "minhash_overlap")
    found = [
        {name: hit[name] for name in ("file", "line", "id", "rule", "reason")} | hit["details"]
        for hit in hits
        if hit["rule"] in kinds
    ]
    return {
        "format": FORMAT,
        "version": report["version"],
        "searched": [one.as_json() for one in training.inputs],
        "against": [one.as_json() for one in evaluation.inputs],
        "parameters": settings.model_dump() | {"normalisation": normalisation()},
        "counts": {
            "rows": report["counts"]["rows"],
            "evaluation_problems": len(overlap.problems),
            "evaluation_rows_unread": overlap.unread,
            **{kind: report["rules"][kind]["dropped"] for kind in kinds},
        },
        "hits": found,
    }


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of dropped rows."""
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)
