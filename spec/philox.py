"""Counter-based randomness: Philox4x32-10, vectorised over counters.

A random number here is a pure function of what it is for: (run seed, purpose) is the key, (problem,
sample, draw, position) the counter. So a sample's tokens depend neither on its neighbours in the
batch nor on the number of processes, and a resumed run draws the numbers it would have drawn.
Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section
3.3.
"""

import hashlib

import numpy as np
from numpy.typing import ArrayLike

from seed.spec.datatypes import Array, IntArray

ROUNDS = 10
"""Rounds of the published generator; fewer fail statistical tests."""
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
"""Constants of Philox4x32 (SC 2011, table 2)."""
WEYL_STEPS = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
"""Key increments per round: golden ratio and sqrt(3) - 1 in 32 bits."""
LOW_WORD = np.uint64(0xFFFFFFFF)
WORD_BITS = np.uint64(32)


def philox(key: tuple[int, int], counter: ArrayLike) -> IntArray:
    """Encrypt counters with Philox4x32-10.

    Formula: ten rounds of Philox4x32.
    Source: SC 2011, section 3.3.

    Args:
        key: Two 32-bit words.
        counter: 32-bit words [..., 4].

    Returns:
        Random 32-bit words [..., 4], as uint64.
    """
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counter, dtype=np.uint64), -1, 0)
    k0, k1 = np.uint64(key[0]), np.uint64(key[1])
    for _ in range(ROUNDS):
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product1 >> WORD_BITS) ^ c1 ^ k0,
            product1 & LOW_WORD,
            (product0 >> WORD_BITS) ^ c3 ^ k1,
            product0 & LOW_WORD,
        )
        # Scalar uint64 sums below 2**33 cannot overflow.
        k0, k1 = (k0 + WEYL_STEPS[0]) & LOW_WORD, (k1 + WEYL_STEPS[1]) & LOW_WORD
    return np.stack([c0, c1, c2, c3], axis=-1)


def uniforms(seed: int, purpose: str, counter: ArrayLike) -> Array:
    """Uniform float64 numbers in [0, 1) with 53 random bits, one per counter.

    Formula: 53 random bits / 2^53.
    Source: definition.

    Args:
        seed: Run seed, 0 <= seed < 2**32.
        purpose: What the numbers are for; different purposes give independent streams.
        counter: 32-bit words [..., 4].

    Returns:
        Numbers [...] in [0, 1).
    """
    words = philox((seed, word_of(purpose)), counter)
    bits = (words[..., 0] << np.uint64(21)) ^ (words[..., 1] >> np.uint64(11))
    return np.asarray(bits, dtype=np.float64) * 2.0**-53


def word_of(text: str) -> int:
    """A stable 32-bit number for a name (the first four bytes of its SHA-256)."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A NumPy generator for bulk draws (weights, shuffles, puzzles), keyed by seed and purpose."""
    name = "/".join(str(part) for part in purpose)
    return np.random.Generator(np.random.Philox(key=(seed << 32) | word_of(name)))
