"""Word n-grams of statements as 64-bit numbers, and their MinHash.

    J(A, B) = |A ∩ B| / |A ∪ B|, estimated by the share of equal values of two MinHashes

Source: Broder, "On the resemblance and containment of documents" (1997); computed by datasketch.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from seed.reference.cleaning.settings import SketchSettings
from seed.spec.extras import require

Hashes = NDArray[np.uint64]
Signature = NDArray[np.uint32]

FOUND = 0.9
"""Least share of pairs at the threshold that are compared; more similar ones are missed less."""
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: an odd number without pattern in its bits."""


def digest64(text: str) -> int:
    """64 bits of a text, the same on every machine."""
    content = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


@lru_cache(1 << 16)
def _word(word: str) -> int:
    return digest64(word)


def ngrams(words: Sequence[str], size: int) -> Hashes:
    """Hashes of all runs of ``size`` words, in order; of a shorter text it is one run.

    h(w_1 … w_n) = mix(sum_i h(w_i) m^(n-i) mod 2^64), m = ``MULTIPLIER``
    """
    if not words:
        return np.empty(0, np.uint64)
    hashed = np.fromiter(map(_word, words), np.uint64, len(words))
    width = min(size, len(words))
    total: Hashes = np.zeros(len(words) - width + 1, np.uint64)
    for shift in range(width):
        total = total * MULTIPLIER + hashed[shift : len(words) - width + 1 + shift]
    mixed = (total ^ (total >> np.uint64(31))) * MULTIPLIER
    return mixed ^ (mixed >> np.uint64(29))


def bands_of(permutations: int, threshold: float) -> tuple[int, int]:
    """Bands and rows of a band: the most rows that still find most pairs at the threshold.

    P(one of b bands of r rows is equal) = 1 - (1 - J^r)^b >= ``FOUND`` at J = threshold
    """
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= FOUND:
            return bands, rows
    return permutations, 1


class Sketcher:
    """MinHashes of statements, and how they are cut into bands.

    Attributes:
        bands: Number of bands; two statements are compared if one band is equal.
        rows: Values of a band.
    """

    def __init__(self, settings: SketchSettings) -> None:
        """Choose bands for the threshold.

        Raises:
            SeedError: BACKEND_MISSING: datasketch is not installed.
        """
        require("datasketch", "MinHash", "cleaning")
        from datasketch import MinHash

        self._words = settings.words
        self._hash = MinHash(settings.permutations, seed=settings.seed, hashfunc=int)
        self.bands, self.rows = bands_of(settings.permutations, settings.threshold)

    def signature(self, words: Sequence[str]) -> Signature:
        """MinHash of the n-grams of normalised words."""
        # datasketch takes 32-bit values; the upper half of each hash is as good as the lower one.
        shingles = np.unique(ngrams(words, self._words) >> np.uint64(32))
        self._hash.clear()
        self._hash.update_batch(shingles.tolist())
        return np.asarray(self._hash.hashvalues, np.uint32)


def similarity(one: Signature, other: Signature) -> float:
    """Estimated Jaccard similarity of two MinHashes."""
    return float(np.mean(one == other))
